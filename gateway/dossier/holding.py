"""A legal hold: what its act says, checked before it is written, whoever sets it and from where. Pure."""

from datetime import date
from typing import Any

from gateway.errors import WrongUse
from gateway.store.dossiers import DossierRow


def hold_act(*, reason: str, owner: str, review: str, agent: str) -> dict[str, Any]:
    """Return what a hold says: whose it is, which claim needs it, and the day to look at it again. Raises WrongUse."""
    if not reason.strip():
        raise WrongUse("say which claim needs it: the reason stays in the record")
    try:
        day = date.fromisoformat(review)
    except ValueError:
        raise WrongUse("say when to look at it again: a review day, as 2027-02-28") from None
    told = {"hold": True, "reason": reason, "hold_owner": owner or agent, "review": day.isoformat()}
    return {**told, "agent": agent}


def release_act(standing: DossierRow, *, reason: str, agent: str) -> dict[str, Any]:
    """Return what the end of a hold says; raises WrongUse where nothing is held."""
    if standing.held_by is None:
        raise WrongUse(f"order {standing.order.value} is not held")
    if not reason.strip():
        raise WrongUse("say why it is needed no more: the reason stays in the record")
    return {"hold": False, "reason": reason, "agent": agent}
