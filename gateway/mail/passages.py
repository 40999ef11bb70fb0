"""A text in passages: what someone wrote, and the older mail quoted below it, which is folded away."""

import re
from dataclasses import dataclass

_LINES = 3  # fewer quoted lines than this are shown where they stand
_RULE = re.compile(
    r"-{2,}\s*(original message|ursprüngliche nachricht|message d'origine|messaggio originale|mensaje original)\s*-{2,}"
    r"|_{10,}",
    re.IGNORECASE,
)
_SAID = re.compile(
    r"(on|am|le|il|el)\b.{4,200}\b(wrote|schrieb|a écrit|ha scritto|escribió)\b.{0,120}:",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Some lines of a text; ``lines`` counts them."""

    text: str
    quoted: bool
    lines: int


def passages(text: str) -> list[Passage]:
    r"""Return a text's passages in order; together they are the text, line for line.

    >>> [(p.quoted, p.text) for p in passages("Thanks!\nOn Monday, Ann wrote:\n> one\n> two\n> three")]
    [(False, 'Thanks!'), (True, 'On Monday, Ann wrote:\n> one\n> two\n> three')]
    """
    lines = text.rstrip().splitlines()
    marks = [line.lstrip().startswith(">") for line in lines]
    for at, line in enumerate(lines):
        if marks[at] or len(line) > 300:
            continue
        if _RULE.fullmatch(line.strip()):  # an unmarked copy follows: all of it is older
            marks[at:] = [True] * (len(lines) - at)
            break
        if any(marks[at + 1 : at + 4]) and _SAID.fullmatch(line.strip()):
            marks[at] = True
    runs: list[tuple[bool, list[str]]] = []
    for line, mark in zip(lines, marks, strict=True):
        blank_inside = bool(runs) and not line.strip() and runs[-1][0]
        if runs and (runs[-1][0] == mark or blank_inside):
            runs[-1][1].append(line)
        else:
            runs.append((mark, [line]))
    folded = [(mark and len(block) >= _LINES, block) for mark, block in runs]
    return [Passage(text="\n".join(block), quoted=mark, lines=len(block)) for mark, block in folded]
