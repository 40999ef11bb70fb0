"""Characters that deceive the eye, made visible: bidirectional overrides turn "exe.pdf" round, controls hide text."""

# Lone surrogates cannot be sent at all.
_VISIBLE: dict[int, str] = {
    **{code: chr(0x2400 + code) for code in range(32) if chr(code) not in "\t\n\r"},
    0x7F: "\u2421",
    **{
        code: f"[U+{code:04X}]"
        for code in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    },
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}


def visible(text: str) -> str:
    r"""Return text with controls and direction overrides made visible.

    >>> visible("invoice\u202efdp.exe")
    'invoice[U+202E]fdp.exe'
    """
    return text.translate(_VISIBLE)
