"""Archives to test with, on every database that can hold one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.archive.archive import Archive, create_archive
from gateway.archive.database import connect
from gateway.archive.verify import Report, verify_archive
from gateway.clock import FixedClock
from gateway.mail.entry import Draft


@dataclass
class Place:
    """Where one archive lies, and everything a test does with it."""

    archive_url: str
    keys_url: str
    secrets: Path
    clock: FixedClock = field(
        default_factory=lambda: FixedClock(datetime(2026, 11, 23, 12, 0, 7, tzinfo=UTC))
    )
    opened: list[Archive] = field(default_factory=list)

    def create(self, origin: str = "docket/test") -> "Place":
        create_archive(self.archive_url, self.keys_url, self.secrets, origin, self.clock)
        return self

    def open(self) -> Archive:
        archive = Archive(self.archive_url, self.keys_url, self.secrets, clock=self.clock)
        self.opened.append(archive)
        return archive

    def verify(self, **more: object) -> Report:
        return verify_archive(self.archive_url, self.keys_url, self.secrets, **more)

    def sql(self, statement: str, *values: object, keys: bool = False) -> list[tuple]:
        """Run one statement behind the archive's back, with ? for values."""
        engine = connect(self.keys_url if keys else self.archive_url)
        if engine.dialect.name == "postgresql":
            statement = statement.replace("?", "%s")
        try:
            with engine.begin() as conn:
                result = conn.exec_driver_sql(statement, values)
                return [tuple(row) for row in result] if result.returns_rows else []
        finally:
            engine.dispose()


def mail(number: int = 0, *, once: bool = False, type_: str = "mail.in", size: int = 200) -> Draft:
    payload = f"Subject: {number}\r\n\r\n".encode() + bytes(number % 251 for _ in range(size))
    return Draft(type=type_, payload=payload, meta={"source": "smtp", "n": number}, once=once)


@pytest.fixture
def sqlite_place(tmp_path: Path) -> Place:
    return Place(
        f"sqlite:///{tmp_path}/archive.db", f"sqlite:///{tmp_path}/keys.db", tmp_path / "secrets"
    ).create()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))])
def place(request: pytest.FixtureRequest, tmp_path: Path):
    if request.param == "sqlite":
        made = Place(
            f"sqlite:///{tmp_path}/archive.db", f"sqlite:///{tmp_path}/keys.db", tmp_path / "secrets"
        )
    else:
        fresh: Callable[[], str] = request.getfixturevalue("postgres")
        url = fresh()
        made = Place(url, url, tmp_path / "secrets")  # one database may hold both on PostgreSQL
    yield made.create()
    for archive in made.opened:
        archive.close()


@pytest.fixture
def draft() -> Callable[..., Draft]:
    return mail
