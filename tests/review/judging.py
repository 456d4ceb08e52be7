"""One message judged by one rule or all, beside a small history."""

from __future__ import annotations

from collections.abc import Iterable

from takeback.clock import DAY, parse_rfc3339
from takeback.mail.address import domain_of
from takeback.review.finding import Finding
from takeback.review.history import History
from takeback.review.message import read
from takeback.review.rule import Check, Context
from takeback.review.rules.content import CONTENT_RULES
from takeback.review.seen import Person, Seen

NOW = parse_rfc3339("2026-11-23T09:00:00Z")
CONTEXT = Context(NOW, frozenset(["ann@example.com"]), lambda address: domain_of(address) == "example.com")


def history(*contacts: tuple[str, str]) -> History:
    """Ten messages to each (address, name)."""
    made = History()
    for address, name in contacts:
        for day in range(10):
            made.observe(Seen(NOW - (day + 1) * DAY, Person("ann@example.com"), (Person(address, name),), "Plans"))
    return made


def judged(content: bytes, check: Check, known: History | None = None) -> list[Finding]:
    return check(read(content, "ann@example.com"), known or History(), CONTEXT)


def codes(content: bytes, known: History | None = None, without: Iterable[str] = ()) -> set[str]:
    """The codes of everything that the rules about content find."""
    message = read(content, "ann@example.com")
    return {
        finding.code
        for rule in CONTENT_RULES
        if rule.name not in without
        for finding in rule.check(message, known or History(), CONTEXT)
    }
