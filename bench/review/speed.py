"""How long the review of a message takes: reading it, and all rules."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from itertools import product
from time import perf_counter, process_time

from bench.results import Row, Section, at_least, latency
from takeback.clock import DAY
from takeback.mail.address import domain_of
from takeback.review.engine import review
from takeback.review.history import History
from takeback.review.message import read
from takeback.review.rule import Context
from takeback.review.rules import RULES
from takeback.review.seen import Person, Seen

_NOW = 1_790_000_000_000_000
_CONTEXT = Context(_NOW, frozenset({"ann@example.com"}), lambda address: domain_of(address) == "example.com")
_RECIPIENTS = ("ben.miller@example.org", "cleo.haddad@example.org")
_HEAD = (
    b"From: Ann Example <ann@example.com>\r\nTo: Ben Miller <ben.miller@example.org>, <cleo.haddad@example.org>\r\n"
    b"Subject: The offer for spring\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n"
)
_PARAGRAPH = (
    b"Thank you for the call on Monday. We went through the figures again, and there are 14 positions left that\r\n"
    b"nobody has confirmed; the first of them (see page 3) is due on 14 December. Could you tell me until then\r\n"
    b"whether the price of 1,250.00 for each piece stands, and who signs for your side?\r\n\r\n"
)
_QUOTE = (
    b"On Mon, 23 Nov 2026 at 08:00, Ben Miller <ben.miller@example.org> wrote:\r\n" + b"> We shall see to it.\r\n" * 30
)


def run() -> Section:
    plain, page, large = _ordinary(), _page(), _large()
    history = _history()
    for content in (plain, page, large):
        _one(content, history)
    rate = _rate([plain, page], history)
    rows = [
        Row("Review of a message of 4 KB", latency([_one(plain, history) for _ in range(1_000)])),
        Row("Review of a message of 4 KB in HTML and plain text", latency([_one(page, history) for _ in range(1_000)])),
        Row("Review of a message of 5 MB", latency([_one(large, history) for _ in range(50)])),
        Row("Reviews of ordinary mail on one core", f"{rate:,.0f}/s", goal=at_least(300, rate)),
    ]
    return Section(rows=rows, notes=["Speed: all rules, with a history of 400 contacts at hand; one process."])


def _one(content: bytes, history: History) -> float:
    began = perf_counter()
    review(
        read(content, "ann@example.com", ("ben.miller@example.org", "cleo.haddad@example.org")),
        history,
        _CONTEXT,
        RULES,
    )
    return perf_counter() - began


def _rate(contents: Sequence[bytes], history: History) -> float:
    began, done = process_time(), 0
    while process_time() - began < 3:
        for content in contents:
            _one(content, history)
        done += len(contents)
    return done / (process_time() - began)


def _ordinary() -> bytes:
    text = b"Hi Ben,\r\n\r\n" + _PARAGRAPH * 7 + b"Kind regards,\r\nAnn\r\n\r\n" + _QUOTE
    return _HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + text


def _page() -> bytes:
    text = b"Hi Ben,\r\n\r\n" + _PARAGRAPH * 3
    page = b"<html><body><p>Hi Ben,</p>" + b"<div style='font:12px arial'>%s</div>" % _PARAGRAPH * 3 + b"</body></html>"
    part = b"--b\r\nContent-Type: text/%s; charset=utf-8\r\n\r\n%s\r\n"
    return _HEAD + b"Content-Type: multipart/alternative; boundary=b\r\n\r\n%s%s--b--\r\n" % (
        part % (b"plain", text), part % (b"html", page),
    )  # fmt: skip


def _large() -> bytes:
    picture = b64encode(bytes(range(256)) * (3_800 << 2))
    part = b"--b\r\nContent-Type: image/png; name=x.png\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n" % picture
    text = b"--b\r\nContent-Type: text/plain\r\n\r\n" + _PARAGRAPH * 7 + b"\r\n"
    return _HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + text + part + b"--b--\r\n"


def _history() -> History:
    """Four hundred contacts of twenty first and twenty last names in forty organisations."""
    history = History()
    people = [
        Person(f"{first}.{last}@{_DOMAINS[number % len(_DOMAINS)]}", f"{first.title()} {last.title()}")
        for number, (first, last) in enumerate(product(_FIRST.split(), _LAST.split()))
    ]
    for number, person in enumerate(people):
        others = (person, people[number * 7 % len(people)])
        history.observe(Seen(_NOW - number * DAY, Person("ann@example.com"), others, f"Plan {number % 60}"))
    return history


_FIRST = "ben cleo omar layla ines tariq hugo mona peter sara ivan rania oscar dina felix huda jonas reem karl yara"
_LAST = (
    "miller haddad fischer nasser rossi khoury weber saleh dubois mansour novak farouk santos darwish berg shami moreau"
    " zaki lind otaibi"
)
_DOMAINS = ("example.org", *(f"company{number}.example" for number in range(39)))
