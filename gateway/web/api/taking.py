"""Operations that hand out: evidence packs, reports and claim answers. Each is an entry that says who took it."""

from typing import Annotated, Literal

from msgspec import Meta, Struct
from starlette.responses import Response

from gateway.answer.compose import draft_of
from gateway.mail.entry import Draft
from gateway.web.api.call import Call, Done, Operation
from gateway.web.api.places import OfOrder, whole_order
from gateway.web.handing import answer_of, pack_of, report_of, wanted

Language = Literal["en", "de", "fr", "it", "es", "nl", "pl", "ja"]
Reason = Annotated[str, Meta(max_length=500, description="Why it is taken; it stands in the log.")]


class Pack(Struct, frozen=True, forbid_unknown_fields=True):
    reason: Reason = ""
    notes: Annotated[bool, Meta(description="With what is internal: notes, dossier, mail clients.")] = False


class Report(Struct, frozen=True, forbid_unknown_fields=True):
    reason: Reason = ""
    language: Language = "en"
    buyer: Annotated[bool, Meta(description="The copy for the buyer.")] = False
    notes: bool = False


class InLanguage(Struct, frozen=True, forbid_unknown_fields=True):
    language: Language = "en"


class AnswerText(Struct, frozen=True):
    """A claim answer to paste, and what it lacks."""

    text: str
    lacks: tuple[str, ...]


def pack(call: Call) -> Response:
    order = whole_order(call).order
    return pack_of(call.site, order, call.body.reason, call.who, notes=call.body.notes)


def report(call: Call) -> Response:
    asked = call.body
    what = wanted(whole_order(call).order, buyer=asked.buyer, language=asked.language, notes=asked.notes)
    return report_of(call.site, what, asked.reason, call.who)


def answer(call: Call) -> AnswerText:
    made = answer_of(call.site, whole_order(call).order, call.query.language)
    return AnswerText(text=str(made.text), lacks=made.lacks)


def keep_answer(call: Call) -> Draft:
    order = whole_order(call).order
    made = answer_of(call.site, order, call.body.language)
    return draft_of(order, made, agent=call.who.agent, source=call.who.source)


OPERATIONS = (
    Operation(name="pack", method="POST", path="/orders/{marketplace}/{value}/pack", summary="Take an order's evidence pack", scope="export", handle=pack, where=OfOrder, body=Pack, gives="application/zip", fails=(404, 503)),
    Operation(name="report", method="POST", path="/orders/{marketplace}/{value}/report", summary="Take an order's report as PDF/A-3", scope="export", handle=report, where=OfOrder, body=Report, gives="application/pdf", fails=(404, 503)),
    Operation(name="answer", method="GET", path="/orders/{marketplace}/{value}/answer", summary="The claim answer as it would be written now", scope="export", handle=answer, where=OfOrder, query=InLanguage, gives=AnswerText, fails=(404,)),
    Operation(name="keep_answer", method="POST", path="/orders/{marketplace}/{value}/answer", summary="Archive the claim answer as the one that was given", scope="export", handle=keep_answer, where=OfOrder, body=InLanguage, gives=Done, fails=(404,)),
)  # fmt: skip
