"""Dates as order reports write them, in several languages; one that could be two days is none."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_ZONES = {
    "z": 0, "utc": 0, "gmt": 0, "wet": 0, "bst": 60, "cet": 60, "met": 60, "mez": 60, "cest": 120, "mest": 120, "mesz": 120,
    "eet": 120, "eest": 180, "jst": 540, "aest": 600, "pst": -480, "pdt": -420, "mst": -420, "mdt": -360, "cst": -360,
    "cdt": -300, "est": -300, "edt": -240,
}  # fmt: skip
_MONTHS = {
    **{m: n for n, m in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)},
    "mär": 3, "mrz": 3, "mai": 5, "okt": 10, "dez": 12,
    "jän": 1, "janv": 1, "févr": 2, "fév": 2, "fev": 2, "mars": 3, "avr": 4, "juin": 6, "juil": 7, "août": 8, "aout": 8, "déc": 12,
    "ene": 1, "abr": 4, "ago": 8, "dic": 12, "gen": 1, "mag": 5, "giu": 6, "lug": 7, "set": 9, "ott": 10,
    "mrt": 3, "mei": 5, "sty": 1, "lut": 2, "kwi": 4, "maj": 5, "cze": 6, "lip": 7, "sie": 8, "wrz": 9, "paź": 10, "lis": 11, "gru": 12,
}  # fmt: skip
_TIME = r"(?:[ T,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*([AaPp]\.?[Mm]\.?)?)?"
_ZONE = r"\s*([+-]\d{2}:?\d{2}|[A-Za-z]{1,5})?"
_YEAR_FIRST = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?" + _TIME + _ZONE)
_NUMBERS = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})" + _TIME + _ZONE)
_DAY_MONTH = re.compile(
    r"(?:[^\W\d]{2,4},? )?(\d{1,2})\.?[- ]([^\W\d_]{3,})\.?[- ,]+(\d{4}|\d{2})" + _TIME + _ZONE
)
_MONTH_DAY = re.compile(r"([^\W\d_]{3,})\.?[- ](\d{1,2})[- ,]+(\d{4}|\d{2})" + _TIME + _ZONE)


def parse_date(text: str, zone: tzinfo = UTC, *, day_first: bool | None = None) -> datetime | None:
    """Return a date as a moment, None where it is none or, without ``day_first``, could be two days.

    >>> str(parse_date("2026-01-05T10:00:00+01:00")), str(parse_date("Jan-05-26"))
    ('2026-01-05 09:00:00+00:00', '2026-01-05 00:00:00+00:00')
    >>> parse_date("05/01/2026"), str(parse_date("31/01/2026 18:30 CET"))
    (None, '2026-01-31 17:30:00+00:00')
    """
    text = " ".join(text.replace("\u202f", " ").replace("\xa0", " ").split())
    if not 6 <= len(text) <= 60:
        return None
    if (found := _YEAR_FIRST.fullmatch(text)) is not None:
        year, month, day, *rest = found.groups()
        return _moment(year, int(month), int(day), rest, zone)
    if (found := _NUMBERS.fullmatch(text)) is not None:
        one, mark, two, year, *rest = found.groups()
        first, second = int(one), int(two)
        by_day = True if mark == "." or first > 12 else False if second > 12 else day_first
        if by_day is None and first != second:
            return None
        day, month = (first, second) if by_day else (second, first)
        return _moment(year, month, day, rest, zone)
    if (found := _DAY_MONTH.fullmatch(text)) is not None:
        day, name, year, *rest = found.groups()
        return _moment(year, _month(name), int(day), rest, zone)
    if (found := _MONTH_DAY.fullmatch(text)) is not None:
        name, day, year, *rest = found.groups()
        return _moment(year, _month(name), int(day), rest, zone)
    return None


def _month(name: str) -> int:
    low = name.casefold()
    return _MONTHS.get(low) or _MONTHS.get(low[:4]) or _MONTHS.get(low[:3]) or 0


def _moment(year: str, month: int, day: int, rest: list[str | None], zone: tzinfo) -> datetime | None:
    hour, minute, second, half, offset = rest
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + (12 if half[0] in "pP" else 0)
    where = _zone(offset, zone)
    whole = int(year) + (2000 if len(year) == 2 else 0)
    if where is None or not 1995 <= whole <= 2100:
        return None
    try:
        at = datetime(whole, month, day, hours, int(minute or 0), int(second or 0), tzinfo=where)
    except ValueError:
        return None
    return at.astimezone(UTC)


def _zone(offset: str | None, zone: tzinfo) -> tzinfo | None:
    if not offset:
        return zone
    if offset[0] in "+-":
        digits = offset[1:].replace(":", "")
        minutes = int(digits[:2]) * 60 + int(digits[2:])
        return (
            timezone(timedelta(minutes=minutes if offset[0] == "+" else -minutes)) if minutes < 1440 else None
        )
    minutes_east = _ZONES.get(offset.lower())
    return None if minutes_east is None else timezone(timedelta(minutes=minutes_east))
