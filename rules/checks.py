"""Check digits that data files may name."""

from collections.abc import Callable

_S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)


def s10(number: str) -> bool:
    """Tell whether a postal item number is right: UPU S10, nine digits between two pairs of letters.

    >>> s10("RB123456785GB"), s10("RB123456786GB")
    (True, False)
    """
    digits = number[2:11]
    if len(number) != 13 or not _is_digits(digits):
        return False
    rest = 11 - sum(weight * int(digit) for weight, digit in zip(_S10_WEIGHTS, digits, strict=False)) % 11
    return int(digits[8]) == {10: 0, 11: 5}.get(rest, rest)


def ups(number: str) -> bool:
    """Tell whether a UPS 1Z number is right: a letter counts (code - 3) mod 10, every second place twice.

    >>> ups("1Z5R89390357567127"), ups("1Z5R89390357567126")
    (True, False)
    """
    if len(number) != 18 or not number.isascii() or not _is_digits(number[17]):
        return False
    total = 0
    for place, letter in enumerate(number[2:17]):
        value = int(letter) if _is_digits(letter) else (ord(letter.upper()) - 3) % 10
        total += value * 2 if place % 2 else value
    return (10 - total % 10) % 10 == int(number[17])


def isbn(number: str) -> bool:
    """Tell whether an ISBN-10 or ISBN-13 is right, without its dashes.

    >>> isbn("0306406152"), isbn("9780306406157"), isbn("0306406153")
    (True, True, False)
    """
    if len(number) == 10 and _is_digits(number[:9]) and (_is_digits(number[9]) or number[9] in "xX"):
        values = [int(digit) for digit in number[:9]] + [10 if number[9] in "xX" else int(number[9])]
        return sum((10 - place) * value for place, value in enumerate(values)) % 11 == 0
    if len(number) == 13 and _is_digits(number):
        return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(number)) % 10 == 0
    return False


def _is_digits(text: str) -> bool:
    return bool(text) and text.isascii() and text.isdigit()


CHECKS: dict[str, Callable[[str], bool]] = {"s10": s10, "ups": ups, "isbn": isbn}
