"""A reply as it goes on the wire: with an enhanced status code, in lines that fit (RFC 5321 section 4.2, RFC 2034)."""

import re
import textwrap

_TEXT_CHARS = 480  # a reply line holds 512 bytes with code and CRLF (RFC 5321 section 4.5.3.1.5)
_CODED = re.compile(r"[245]\d\d [245]\.\d{1,3}\.\d{1,3}(?: |$)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_ENHANCED = {
    "221": "2.0.0", "250": "2.0.0", "252": "2.5.0", "235": "2.7.0", "421": "4.3.2", "450": "4.2.0", "451": "4.3.0",
    "452": "4.3.1", "454": "4.7.0", "500": "5.5.2", "501": "5.5.4", "502": "5.5.1", "503": "5.5.1", "504": "5.5.4",
    "530": "5.7.0", "535": "5.7.8", "538": "5.7.11", "550": "5.7.1", "552": "5.3.4", "553": "5.1.3", "555": "5.5.4",
}  # fmt: skip


def wire_reply(status: str, *, utf8: bool = False) -> bytes:
    r"""Return a reply's bytes with CRLF. An enhanced code is added where there is none; long text becomes more lines.

    >>> wire_reply("250 OK")
    b'250 2.0.0 OK\r\n'
    """
    code, text = status[:3], status[4:]
    if code[0] == "3":  # 334 and 354 carry none
        return status.encode("ascii") + b"\r\n"
    if _CODED.match(status) is None:
        enhanced = _ENHANCED.get(code, f"{code[0]}.0.0")
    else:
        enhanced, _, text = text.partition(" ")
    charset = "utf-8" if utf8 else "ascii"
    line = f"{code} {enhanced} {text}".rstrip().encode(charset, "replace")
    if len(line) <= _TEXT_CHARS and line.isascii() and text.isprintable():
        return line + b"\r\n"
    words = _CONTROL.sub(" ", text)
    lines = textwrap.wrap(words, _TEXT_CHARS // (4 if utf8 else 1)) or [""]
    marks = ["-"] * (len(lines) - 1) + [" "]
    return b"".join(
        f"{code}{mark}{enhanced} {part}\r\n".encode(charset, "replace")
        for mark, part in zip(marks, lines, strict=True)
    )
