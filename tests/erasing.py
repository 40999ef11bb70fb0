"""An erasure in a small house, from somebody's asking to its certificate."""

from datetime import timedelta

from tests.small_house import House


def erase(house: House, whom, keep=()) -> int:
    """Erase what is held on a person or an order, by two people and after the cooling-off; return the ``erasure`` entry."""
    desk = house.site.desk
    seq = desk.ask(
        desk.preview(whom, frozenset(keep)), reason="asked by letter", ground="GDPR Art. 17(1)", agent="anna"
    )
    house.settle()
    desk.approve(seq, "ben")
    house.clock.at += timedelta(hours=25)
    house.settle()
    by = desk.order(seq)
    house.settle()
    return by
