"""Whether the DNS leads mail clients to the servers that are theirs (RFC 6186)."""

from collections.abc import Iterator

from gateway.checkup.finding import Finding
from gateway.clients.records import records
from gateway.clients.services import Services
from gateway.mail.authenticity.answers import Lookup


def discovered(services: Services, lookup: Lookup) -> Iterator[Finding]:
    """Compare each domain's SRV records with those that it should have; without any, agents set up more by hand."""
    missing: list[str] = []
    for line in records(services):
        name, _, _, kind, wanted = [*line.split(" ", 4), "", "", "", ""][:5]
        if kind != "SRV" or wanted == "0 0 0 .":
            continue
        answer = lookup(name, "SRV")
        where = {" ".join(record.lower().split()[2:]) for record in answer.records}
        if not where:
            missing.append(name.rstrip("."))
        elif " ".join(wanted.split()[2:]) not in where:
            told = ", ".join(sorted(where))[:200]
            yield Finding(
                what=f"{name.rstrip('.')} in the DNS",
                ok=False,
                mend=f"it leads mail clients to {told}, not to {' '.join(wanted.split()[2:])}; docket clients prints the record",
            )
        else:
            yield Finding(what=f"{name.rstrip('.')} in the DNS", mend="leads to the right server")
    if missing:
        yield Finding(
            what="mail clients find their servers",
            mend=f"not by the DNS: no {', '.join(missing)}; docket clients prints the records",
        )
