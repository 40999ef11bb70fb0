"""Business mail about no order of ours, full of numbers of every order's shape, from a seed.

Invoices, phone lists, bank statements, price lists, other people's parcels, bookings, tickets, logs and newsletters in
eight languages; the words stand in negatives.toml. The same seed gives the same bytes.
"""

import random
import tomllib
import uuid
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

SEED = 20261126
_TEXTS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_SENDERS = (
    "billing",
    "office",
    "noreply",
    "info",
    "accounts",
    "desk",
    "anna.berg",
    "p.nowak",
    "support",
    "news",
)
_HOSTS = ("papier-krause.example", "nordbank.example", "forwarder.example", "hotel-am-see.example", "it-desk.example",
          "assure.example", "energie.example", "fair.example", "kontor.example", "shosha.example")  # fmt: skip
_CHARSETS = {"de": "iso-8859-1", "fr": "windows-1252", "pl": "iso-8859-2", "ja": "iso-2022-jp"}
_BANKS = {
    "de": ("DE", 18),
    "fr": ("FR", 23),
    "it": ("IT", 23),
    "es": ("ES", 20),
    "nl": ("NL", 14),
    "pl": ("PL", 24),
}


class Numbers(dict[str, str]):
    """Makes a number for each name a text asks for; a dict, so that ``str.format_map`` can ask it."""

    def __init__(self, rng: random.Random, language: str) -> None:
        super().__init__()
        self._random = rng
        self._language = language

    def __missing__(self, name: str) -> str:
        if name[0] == "d" and name[1:].isdecimal():
            return self._digits(int(name[1:]))
        return str(getattr(self, f"_{name}")())

    def _digits(self, count: int) -> str:
        return "".join(self._random.choices("0123456789", k=count))

    def _letters(self, count: int) -> str:
        return "".join(self._random.choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=count))

    def _ean(self) -> str:
        body = self._digits(12)
        total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
        return f"{body}{-total % 10}"

    def _sscc(self) -> str:
        body = f"0{self._digits(16)}"
        total = sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(body))
        return f"(00) {body}{-total % 10}"

    def _iban(self) -> str:
        country, length = _BANKS.get(self._language, ("GB", 18))
        plain = f"{country}{self._digits(2)}{self._digits(length)}"
        return " ".join(plain[at : at + 4] for at in range(0, len(plain), 4))

    def _phone(self) -> str:
        shapes = ("+49 {3} {7}", "+44 {4} {6}", "0{3}-{7}", "({3}) {3}-{4}", "+33 {1} {2} {2} {2} {2}", "0{2}-{4}-{4}",
                  "{3}-{7}", "+48 {3} {3} {3}", "+1-{3}-{3}-{4}", "00{2} {3} {7}")  # fmt: skip
        shape = self._random.choice(shapes)
        return "".join(self._digits(int(c)) if c.isdecimal() and at and shape[at - 1] == "{" else c
                       for at, c in enumerate(shape) if c not in "{}")  # fmt: skip

    def _inv(self) -> str:
        shapes = (
            "RE-{y}-{5}",
            "{y}/{6}",
            "INV{8}",
            "{3}-{7}",
            "F{y}{6}",
            "{2}-{5}-{4}",
            "{10}",
            "R{7}",
            "{6}-{8}",
        )
        text = self._random.choice(shapes).replace("{y}", "2026")
        for length in range(2, 11):
            while f"{{{length}}}" in text:
                text = text.replace(f"{{{length}}}", self._digits(length), 1)
        return text

    def _date(self) -> str:
        day, month = self._random.randint(1, 28), self._random.randint(1, 12)
        return self._random.choice(
            (
                f"{day:02}.{month:02}.2026",
                f"2026-{month:02}-{day:02}",
                f"{day}/{month}/2026",
                f"2026{month:02}{day:02}",
            )
        )

    def _time(self) -> str:
        return f"{self._random.randint(7, 19)}:{self._random.randint(0, 59):02}"

    def _money(self) -> str:
        whole, cents = self._random.randint(10, 99_999), self._random.randint(0, 99)
        return self._random.choice((f"{whole},{cents:02}", f"{whole:,}.{cents:02}", f"{whole} {cents:02}"))

    def _pnr(self) -> str:
        return self._letters(6) if self._random.random() < 0.5 else f"M{self._letters(2)}{self._digits(3)}"

    def _serial(self) -> str:
        return f"{self._letters(2)}{self._digits(4)}{self._letters(2)}{self._digits(4)}"

    def _vat(self) -> str:
        return f"{_BANKS.get(self._language, ('GB', 0))[0]}{self._digits(9)}"

    def _container(self) -> str:
        return f"{self._letters(3)}U{self._digits(7)}"

    def _mrn(self) -> str:
        return f"26DE{self._digits(5)}{self._letters(1)}{self._digits(8)}"

    def _stamp(self) -> str:
        return f"2026-11-{self._random.randint(1, 28):02}T{self._time()}:{self._digits(2)}Z"

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128)))


def negatives(count: int, *, seed: int = SEED) -> Iterator[tuple[str, bytes]]:
    """Yield ``count`` mails by name."""
    rng = random.Random(seed)
    for place in range(count):
        language = rng.choice(sorted(_TEXTS))
        yield f"negative-{seed}-{place:05}-{language}", _mail(rng, language, place)


def _mail(rng: random.Random, language: str, place: int) -> bytes:
    texts, numbers = _TEXTS[language], Numbers(rng, language)
    names = rng.sample(sorted(texts["paragraphs"]), rng.randint(2, 5))
    paragraphs = [texts["paragraphs"][name].format_map(numbers) for name in names]
    host = rng.choice(_HOSTS)
    mail = EmailMessage(policy=SMTP)
    mail["Received"] = (
        f"from mail.{host} (mail.{host} [198.51.100.{rng.randint(1, 254)}]) by mx.brand.example; Mon, 23 Nov 2026 09:{place % 60:02}:00 +0100"
    )
    mail["Date"] = f"Mon, 23 Nov 2026 09:{place % 60:02}:00 +0100"
    mail["From"] = f"{rng.choice(_SENDERS)}@{host}"
    mail["To"] = "support@brand.example"
    mail["Message-ID"] = f"<{numbers['d10']}.{numbers['d13']}@{host}>"
    mail["Subject"] = rng.choice(texts["subjects"]).format_map(numbers)
    body = "\r\n\r\n".join(paragraphs) + f"\r\n\r\n-- \r\n{host}\r\nTel. {numbers['phone']}\r\n"
    charset = _CHARSETS.get(language, "utf-8") if rng.random() < 0.3 else "utf-8"
    if rng.random() < 0.2:
        mail.set_content(
            "<html><body>" + "".join(f"<p>{text}</p>" for text in paragraphs) + "</body></html>",
            subtype="html",
        )
        return mail.as_bytes()
    mail.set_content(body, charset=charset)
    if rng.random() < 0.3:
        rows = "".join(f"<tr><td>{text}</td><td>{numbers['d10']}</td></tr>" for text in paragraphs)
        mail.add_alternative(f"<html><body><table>{rows}</table></body></html>", subtype="html")
    if rng.random() < 0.15:
        mail.add_attachment(
            b"%PDF-1.4\n%EOF\n",
            maintype="application",
            subtype="pdf",
            filename=f"{numbers['d3']}-{numbers['d7']}.pdf",
        )
    for part in mail.walk():
        if part.is_multipart():
            part.set_boundary(f"=_{numbers['d16']}")
    return mail.as_bytes()
