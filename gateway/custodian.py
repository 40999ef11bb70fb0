"""What checks and erases over one installation, as its settings want it, for the pages that do so."""

from gateway.app import App
from gateway.erasure.desk import Desk
from gateway.stating import contradiction
from gateway.verification import Place, Verification
from gateway.workprocess import cleaning_request


def verification_of(app: App) -> Verification:
    """Return what checks the archive beside everything else."""
    config = app.config
    return Verification(
        place=Place(
            archive=config.url("archive"),
            keys=config.url("keys"),
            secrets=str(config.secrets),
            keks=config.keys.source,
        ),
        clock=app.clock,
        record=app.archive.append,
        contradiction=lambda: contradiction(app.archive),
    )


def desk_of(app: App) -> Desk:
    """Return what erasures are asked for, approved and ordered with; the worker that runs does the rest of each."""
    return Desk(
        eraser=app.eraser,
        policy=app.config.erasure.policy,
        periods=app.config.retention.periods,
        default=app.config.retention.default,
        is_ours=lambda address: app.mailbox_of(address) is not None,
        clean=cleaning_request(app.config).touch,
    )
