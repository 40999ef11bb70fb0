"""Rich Text Format to text: one pass over its control words (RTF 1.9.1). Pure."""

import re

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?[0-9]{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z'])|([{}])|[\r\n]+|([^\\{}\r\n]+|\\)"
)
_SILENT = frozenset(
    b"fonttbl colortbl stylesheet info pict object header footer footnote generator themedata datastore listtable "
    b"listoverridetable rsidtbl xmlnstbl latentstyles colorschememapping fldinst filetbl revtbl".split()
)
_SAID = {b"par": "\n", b"line": "\n", b"row": "\n", b"cell": "\t", b"tab": "\t", b"page": "\n",
         b"emdash": "-", b"endash": "-", b"bullet": "-", b"lquote": "'", b"rquote": "'"}  # fmt: skip
_DEPTH_MAX = 1000


def text_of_rtf(content: bytes) -> str:
    r"""Return what an RTF file says. Never raises.

    >>> text_of_rtf(rb"{\rtf1\ansi{\fonttbl{\f0 Arial;}}Best\'e4tigt\par {\b 112-1234567-1234567}}")
    'Bestätigt\n112-1234567-1234567'
    """
    said: list[str] = []
    groups: list[tuple[bool, int]] = []
    silent, skip, fallback = False, 0, 1
    for match in _TOKEN.finditer(content):
        word, number, code, symbol, brace, plain = match.groups()
        if brace == b"{":
            if len(groups) < _DEPTH_MAX:
                groups.append((silent, fallback))
        elif brace == b"}":
            silent, fallback = groups.pop() if groups else (False, 1)
        elif word is not None:
            if word in _SILENT:
                silent = True
            elif word == b"uc":
                fallback = max(0, min(int(number or 1), 10))
            elif silent:
                continue
            elif word == b"u" and number is not None:
                said.append(_character(int(number)))
                skip = fallback
            elif word in _SAID:
                said.append(_SAID[word])
        elif symbol == b"*":
            silent = True
        elif silent:
            continue
        elif code is not None:
            if skip:
                skip -= 1
            else:
                said.append(bytes([int(code, 16)]).decode("cp1252", "replace"))
        elif symbol is not None:
            said.append(
                {b"~": " ", b"_": "-", b"\n": "\n", b"\r": "\n"}.get(symbol, symbol.decode("latin-1"))
            )
        elif plain:
            said.append(plain[skip:].decode("cp1252", "replace"))
            skip = max(0, skip - len(plain))
    return "".join(said).strip()


def _character(number: int) -> str:
    number %= 0x10000
    return "" if 0xD800 <= number < 0xE000 else chr(number)
