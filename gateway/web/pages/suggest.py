"""What could be typed next in the search box, and the form for those who type no queries.

The form writes a query and shows it in the box, where it can be learned from.
"""

from http import HTTPStatus
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from gateway.tongue import _, marked
from gateway.web.narrowing import term_of
from gateway.web.render import number
from gateway.web.site import Site
from index.query import Everything
from index.waiting import STATES

_SHOWN = 8
_LONGEST = 100
_FIELDS = {
    "from": marked("who wrote it"),
    "to": marked("who it went to"),
    "subject": marked("words in the subject"),
    "order": marked("linked to this order"),
    "tag": marked("with this tag"),
    "marketplace": marked("of this marketplace"),
    "kind": marked("buyer message, claim, return …"),
    "mailbox": marked("one support address"),
    "agent": marked("an agent's own"),
    "in": marked("inbound, outbound or internal"),
    "has": marked("attachment, order or tag"),
    "auth": marked("is the sender proven"),
    "link": marked("how surely it is linked to an order"),
    "is": marked("overdue, answered or not"),
    "due": marked("time that is left: due:<4h"),
    "after": marked("that day or later"),
    "before": marked("earlier than that day"),
    "on": marked("that day"),
    "filename": marked("an attachment's name"),
    "tracking": marked("a parcel's number"),
    "asin": marked("a product"),
}
_FIXED = {
    "in": ("inbound", "outbound", "internal"),
    "has": ("attachment", "order", "tag"),
    "auth": ("pass", "fail", "none", "unchecked"),
    "link": ("certain", "likely", "possible", "none"),
    "is": STATES,
    "due": ("<4h", "<1d", ">1d"),
}
_COUNTED = ("tag", "marketplace", "kind", "mailbox", "agent")
_FORM = ("from", "to", "subject", "tag", "marketplace", "kind", "in", "has", "after", "before")


async def suggest(request: Request) -> Response:
    """Answer with what the word under the cursor may become: what to put in its place, and what that means."""
    word = request.query_params.get("word", "")[:_LONGEST]
    return JSONResponse(await run_in_threadpool(suggestions, request.app.state.site, word))


def suggestions(site: Site, word: str) -> list[dict[str, str]]:
    """Return at most eight endings of a word that is being typed."""
    minus, bare = ("-", word[1:]) if word.startswith("-") else ("", word)
    field, colon, begun = bare.partition(":")
    field, begun = field.lower(), begun.strip('"').casefold()
    if not colon:
        names = [name for name in _FIELDS if field and name.startswith(field)]
        return [{"put": f"{minus}{name}:", "said": _(_FIELDS[name])} for name in names[:_SHOWN]]
    values: list[tuple[str, str]] = []
    if field in _FIXED:
        values = [(value, "") for value in _FIXED[field]]
    elif field in _COUNTED:
        counts = site.index.facets(Everything(), (field,), limit=500).values[field]
        values = [(value, number(count)) for value, count in counts if value]
    fits = [
        (value, said) for value, said in values if begun in value.casefold() and value.casefold() != begun
    ]
    fits.sort(key=lambda pair: not pair[0].casefold().startswith(begun))
    return [{"put": f"{minus}{term_of(field, value)} ", "said": said} for value, said in fits[:_SHOWN]]


async def form(request: Request) -> Response:
    """Write the query that a filled-in form means, and go to it."""
    given = {name: value.strip()[:_LONGEST] for name, value in request.query_params.items()}
    terms = [given.get("words", "")]
    terms += [term_of(name, given[name].replace('"', "")) for name in _FORM if given.get(name)]
    if given.get("phrase"):
        terms.append('"' + given["phrase"].replace('"', "") + '"')
    terms += [f"-{word}" for word in given.get("without", "").split()]
    query = urlencode({"q": " ".join(term for term in terms if term)})
    return RedirectResponse(f"/?{query}", status_code=HTTPStatus.SEE_OTHER)


ROUTES = [Route("/suggest", suggest, methods=["GET"]), Route("/find", form, methods=["GET"])]
