"""The settings for clocks: what the seller alone knows of deadlines, and who is warned before them."""

from datetime import date

from msgspec import Struct

from rules.deadlines import Timetable, is_zone

_HOURS_MAX = 9600.0


class Clocks(Struct, frozen=True, forbid_unknown_fields=True):
    """Zone, holidays, the term of marketplaces that give none, and how long before a deadline people are warned."""

    zone: str = ""  # in which days begin, where a marketplace's file names none; default: the settings' own
    holidays: tuple[date, ...] = ()
    reply_hours: float = 24.0  # 0: no clock
    claim_warning_hours: tuple[float, ...] = (24, 6, 1)
    reply_warning_hours: tuple[float, ...] = ()

    def timetable(self, zone: str, people: tuple[str, ...]) -> Timetable:
        return Timetable(
            zone=self.zone or zone,
            holidays=frozenset(self.holidays),
            reply_hours=self.reply_hours,
            claim_warnings=self.claim_warning_hours,
            reply_warnings=self.reply_warning_hours,
            people=people,
        )


def fault_in(clocks: Clocks) -> str:
    """Say what is wrong with the settings; empty where nothing is."""
    if clocks.zone and not is_zone(clocks.zone):
        return f"clocks.zone = {clocks.zone!r} is no time zone; write one such as Europe/Paris"
    hours = (*clocks.claim_warning_hours, *clocks.reply_warning_hours, clocks.reply_hours)
    if not all(0 <= one <= _HOURS_MAX for one in hours):
        return f"clocks: hours are numbers from 0 to {_HOURS_MAX:.0f}"
    return ""
