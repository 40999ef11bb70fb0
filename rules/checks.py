"""Check digits that data files may name, and one that they may describe: weights, and what the sum is divided by."""

from collections.abc import Callable

from rules.book import Weighted

_S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_DIGITS_MAX = 60  # no number is longer, and Python refuses to read some that are
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


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
    return len(number) == 18 and weighted(number[2:], Weighted(weights=(1, 2)))


def luhn(number: str) -> bool:
    """Tell whether the last digit is right by ISO/IEC 7812-1 annex B.

    >>> luhn("07209562763"), luhn("07209562773")
    (True, False)
    """
    if not _is_digits(number) or len(number) > _DIGITS_MAX:
        return False
    doubled = (int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(number)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def mod7(number: str) -> bool:
    """Tell whether the last digit is what the rest leaves when divided by seven.

    >>> mod7("3318810025"), mod7("3318810010")
    (True, False)
    """
    return 1 < len(number) <= _DIGITS_MAX and _is_digits(number) and int(number[:-1]) % 7 == int(number[-1])


def mod37_36(number: str) -> bool:
    """Tell whether the last letter or digit is right by ISO/IEC 7064, MOD 37,36.

    >>> mod37_36("09980000020033F"), mod37_36("09980000020033D")
    (True, False)
    """
    values = [_ALPHABET.find(letter) for letter in number.upper()]
    if len(values) < 2 or min(values) < 0:
        return False
    rest = 36
    for value in values[:-1]:
        rest = (rest + value) % 36 or 36
        rest = rest * 2 % 37
    return (rest + values[-1]) % 36 == 1


def ean(number: str) -> bool:
    """Tell whether a GTIN (EAN-8, UPC-A, EAN-13, GTIN-14) or an SSCC is right: weights 3 and 1 from the right.

    >>> ean("4006381333931"), ean("4006381333932"), ean("036000291452")
    (True, False, True)
    """
    if len(number) not in {8, 12, 13, 14, 18} or not _is_digits(number):
        return False
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(number))) % 10 == 0


def isbn(number: str) -> bool:
    """Tell whether an ISBN-10 or ISBN-13 is right, without its dashes.

    >>> isbn("0306406152"), isbn("9780306406157"), isbn("0306406153")
    (True, True, False)
    """
    if len(number) == 10 and _is_digits(number[:9]) and (_is_digits(number[9]) or number[9] in "xX"):
        values = [int(digit) for digit in number[:9]] + [10 if number[9] in "xX" else int(number[9])]
        return sum((10 - place) * value for place, value in enumerate(values)) % 11 == 0
    return len(number) == 13 and number.startswith(("978", "979")) and ean(number)


def weighted(number: str, rule: Weighted) -> bool:
    """Tell whether the last digit is right by a rule that a data file describes.

    The weights are used over and over, from the left; a letter counts (code - 3) mod 10, as UPS has it.

    >>> weighted("986578788855", Weighted(weights=(3, 1, 7), modulo=(11, 10), complement=False))
    True
    """
    if not number.isascii() or not number.isalnum() or not number[-1].isdigit():
        return False
    if rule.prefix and not number.startswith(rule.prefix):
        number = rule.prefix + number
    total = 0
    for place, letter in enumerate(number[:-1]):
        value = int(letter) if letter.isdigit() else (ord(letter.upper()) - 3) % 10
        total += value * rule.weights[place % len(rule.weights)]
    for modulo in rule.modulo:
        total %= modulo
    if rule.complement:
        total = (rule.modulo[-1] - total) % rule.modulo[-1]
    return total == int(number[-1])


def _is_digits(text: str) -> bool:
    return bool(text) and text.isascii() and text.isdigit()


CHECKS: dict[str, Callable[[str], bool]] = {
    "ean": ean,
    "isbn": isbn,
    "luhn": luhn,
    "mod37_36": mod37_36,
    "mod7": mod7,
    "s10": s10,
    "ups": ups,
}


def passes(number: str, check: str | Weighted) -> bool:
    """Tell whether a number passes the check that a data file asks for; ``""`` asks for none."""
    if isinstance(check, Weighted):
        return weighted(number, check)
    return not check or CHECKS[check](number)
