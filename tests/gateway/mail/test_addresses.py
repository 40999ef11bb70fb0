import pytest

from gateway.mail.addresses import addresses


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("jane@example.com", [("", "jane@example.com")]),
        ("Jane <jane@example.com>", [("Jane", "jane@example.com")]),
        ('"Doe, Jane" <jane@example.com>', [("Doe, Jane", "jane@example.com")]),
        ("Doe, Jane <jane@example.com>", [("Doe, Jane", "jane@example.com")]),
        (r'"A \"quoted\" \\ name" <a@b.example>', [('A "quoted" \\ name', "a@b.example")]),
        ("jane@example.com (Jane Doe)", [("Jane Doe", "jane@example.com")]),
        ("=?utf-8?q?Gr=C3=B6=C3=9Fe?= <a@b.example>", [("Größe", "a@b.example")]),
        ("=?utf-8?q?a=2C_b?= <a@b.example>, c@d.example", [("a, b", "a@b.example"), ("", "c@d.example")]),
        ("Müller <a@b.example>", [("Müller", "a@b.example")]),
        ("a@b.example,c@d.example;e@f.example", [("", "a@b.example"), ("", "c@d.example"), ("", "e@f.example")]),
        ("Team: a@b.example, C <c@d.example>; e@f.example", [("", "a@b.example"), ("C", "c@d.example"), ("", "e@f.example")]),
        ("undisclosed-recipients:;", []),
        ("<@x.example,@y.example:a@b.example>", [("", "a@b.example")]),
        ("broken <a@b.example, c@d.example", [("broken", "a@b.example"), ("", "c@d.example")]),
        ("a@b.example via List <list@x.example>", [("a@b.example via List", "list@x.example")]),
        ("postmaster", [("", "postmaster")]),
        ("no, address, here", [("", "no"), ("", "address"), ("", "here")]),
        ('"jane doe"@example.com', [("", '"jane doe"@example.com')]),
        ("jane@[192.0.2.7]", [("", "jane@[192.0.2.7]")]),
        ("((((deep) a@b.example", [("deep", "a@b.example")]),
        ("mailto:jane@example.com", [("", "jane@example.com")]),
        (" ,, ; ", []),
        ("", []),
    ],
)  # fmt: skip
def test_addresses_are_read_as_strangers_write_them(field, found):
    assert [(one.name, one.address) for one in addresses([field])] == found


def test_a_folded_list_of_ten_thousand_is_read_whole_and_no_more_is():
    value = ",\r\n ".join(f"N {n} <n{n}@example.com>" for n in range(10_001))
    found = addresses([value])
    assert len(found) == 10_000
    assert found[-1].address == "n9999@example.com"
