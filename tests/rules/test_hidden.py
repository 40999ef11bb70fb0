"""What HTML hides is read, and is weaker than what it shows."""

import pytest

from rules.facts import Facts
from rules.hidden import hidden_in
from rules.read import read

ID = "112-1234567-7654321"
HIDDEN = {
    "display none": f'<div style="display:none">order {ID}</div>',
    "with blanks and capitals": f"<SPAN STYLE='color:red; DISPLAY : None'>order {ID}</SPAN>",
    "visibility": f'<p style="visibility:hidden">order {ID}</p>',
    "opacity": f'<div style="color:red;opacity:0">order {ID}</div>',
    "opacity with a point": f'<div style="opacity: 0.00;">order {ID}</div>',
    "inside": f'<div style="display:none"><div>a</div><b>order {ID}</b></div>',
    "its end alone": f'order {ID[:11]}<span style="display:none">{ID[11:]}</span>',
    "something in its midst": f'order {ID[:11]}<b style="display:none"></b>{ID[11:]}',
    "never closed": f'<td style="display:none">order {ID}',
}
SHOWN = {
    "beside it": f'<div style="display:none">a</div>order {ID}',
    "beside a nested one": f'<div style="display:none"><div>a</div></div><div>order {ID}</div>',
    "an image": f'<img style="display:none">order {ID}',
    "half seen": f'<div style="opacity:0.5">order {ID}</div>',
    "another property": f'<div style="fill-opacity:0">order {ID}</div>',
    "the frame of a template": f'<td style="font-size:0"><div style="font-size:13px">order {ID}</div></td>',
    "another display": f'<div style="display:block">order {ID}</div>',
    "a style sheet": f"<style>.x {{display:none}}</style>order {ID}",
    "both": f'<div style="display:none">order {ID}</div><p>order {ID}</p>',
}


def finds(marketplaces, html):
    return read(Facts(direction="inbound", html=html), marketplaces).orders


@pytest.mark.parametrize("html", HIDDEN.values(), ids=HIDDEN.keys())
def test_what_is_hidden_is_found_but_weaker(marketplaces, html):
    (found,) = finds(marketplaces, html)
    (shown,) = finds(marketplaces, f"order {ID}")
    assert (shown.confidence, found.confidence) == ("certain", "likely")
    assert "hidden from the reader" in found.reason


@pytest.mark.parametrize("html", SHOWN.values(), ids=SHOWN.keys())
def test_what_is_shown_is_as_sure_as_ever(marketplaces, html):
    (found,) = finds(marketplaces, html)
    assert found.confidence == "certain"


def test_many_hidden_elements_are_bounded():
    assert len(hidden_in('<b style="display:none">x</b>' * 10_000)) == 200
    assert hidden_in("<" * 400_000) == []
