"""What "this is fine" silences, rule by rule: the same thing again, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pytest

from takeback.review.finding import Finding, about
from takeback.review.history import History
from takeback.review.message import read
from takeback.review.policy import judge
from takeback.review.rules.content import CONTENT_RULES
from takeback.review.rules.people import PEOPLE_RULES
from takeback.review.settings import ReviewSettings
from tests.review.judging import CONTEXT, history
from tests.review.mails import mail

PEOPLE = [("sara@example.org", "Sara Hill"), ("bob@example.net", "Bob Marsh"), ("layla@example.org", "Layla Haddad")]
BOB, EVE = ["Bob <bob@example.net>"], ["Eve <eve@example.edu>"]
OTHERS = [f"p{number}@d{number}.example" for number in range(5)]
CARD, OTHER_CARD = "Card: 4539 1488 0343 6467", "Card: 5425 2334 3010 9903"
LINK = '<p>See <a href="https://{target}/x">www.{shown}</a> for it.</p>'
THREAD = (
    "Please see below.\n\n---------- Forwarded message ---------\nFrom: Tom <tom@example.com>\n"
    "To: Ann <ann@example.com>\nSubject: Plans\nDate: Mon, 23 Nov 2026\n\n{said}\n"
)


class Said(NamedTuple):
    text: str
    to: Sequence[str] = ("Bob <bob@example.net>",)
    subject: str = "Plans for the week"
    kind: str = "text/plain"


class Case(NamedTuple):
    """The first was called fine; `again` is then not told, and each of `others` is."""

    code: str
    first: Said
    again: Said
    others: Sequence[Said]


CASES = [
    Case(
        "greeting_mismatch",
        Said("Dear Sara,\n\nSee you on Monday."),
        Said("Hi Sara,\n\nThe numbers are in."),
        [Said("Dear Sara,\n\nSee you.", ["Tom <tom@example.org>"]), Said("Dear Layla,\n\nSee you on Monday.")],
    ),
    Case(
        "placeholder",
        Said("Dear Bob,\n\nWelcome to [Company Name]."),
        Said("Hello,\n\nMore about [company name] soon."),
        [Said("Dear Bob,\n\nWelcome, {{first_name}}.")],
    ),
    Case(
        "link_mismatch",
        Said(LINK.format(target="tracker.example", shown="acme.example"), kind="text/html"),
        Said(LINK.format(target="go.tracker.example", shown="acme.example"), kind="text/html"),
        [
            Said(LINK.format(target="tracker.example", shown="initech.example"), kind="text/html"),
            Said(LINK.format(target="elsewhere.example", shown="acme.example"), kind="text/html"),
        ],
    ),
    Case(
        "link_mismatch",
        Said("Open http://localhost:8080/x please."),
        Said("Open http://localhost:9090/y please."),
        [Said("Open http://localhost:8080/x please.", EVE), Said("Open http://127.0.0.1:8080/x please.")],
    ),
    Case(
        "link_mismatch",
        Said("It is at file://server/share/plans/a.doc for you."),
        Said("It is at file://server/share/b.doc for you."),
        [Said("It is at file://server/private/a.doc for you."), Said("It is at file:///home/ann/a.doc for you.")],
    ),
    Case(
        "forwarded_outside",
        Said(THREAD.format(said="We meet at noon."), subject="Fwd: Budget"),
        Said(THREAD.format(said="We meet at ten."), subject="Fwd: Other budget"),
        [
            Said(THREAD.format(said="We meet at noon."), EVE, "Fwd: Budget"),
            Said(THREAD.format(said="This is confidential."), subject="Fwd: Budget"),
        ],
    ),
    Case("payment_card", Said(CARD), Said(f"Again. {CARD}"), [Said(CARD, EVE), Said(OTHER_CARD)]),
    Case(
        "bank_account",
        Said("Pay to SA03 8000 0000 6080 1016 7519."),
        Said("Pay to SA0380000000608010167519, please.", EVE),
        [Said("Pay to GB29NWBK60161331926819.")],
    ),
    Case(
        "national_id",
        Said("His Emirates ID is 784-1990-1234567-6"),
        Said("The Emirates ID: 784199012345676"),
        [Said("His Emirates ID is 784-1990-1234567-6", EVE), Said("SSN 536-90-4399")],
    ),
    Case(
        "typo_domain",
        Said("Hello.", ["x@gmial.com"]),
        Said("Hello again.", ["y@gmial.com"]),
        [Said("Hello.", ["x@hotmial.com"])],
    ),
]
ONE_OFF = {
    "missing_attachment": Said("Please find attached the minutes."),
    "weekday_mismatch": Said("We meet on Tuesday, 23 November 2026."),
    "too_many_visible": Said("Hello all.", OTHERS),
    "secret": Said("The password is Tr0ub4dor&3"),
    "empty_subject": Said("This is a longer text with some words in it.", subject=""),
}


def found(said: Said, code: str, known: History) -> list[Finding]:
    raw = mail(said.text, sender="Ann <ann@example.com>", to=list(said.to), subject=said.subject, kind=said.kind)
    message = read(raw, "ann@example.com")
    rules = (*CONTENT_RULES, *PEOPLE_RULES)
    return [each for rule in rules if rule.name == code for each in rule.check(message, known, CONTEXT)]


def told(findings: Sequence[Finding], silences: frozenset[tuple[str, str]]) -> bool:
    return bool(judge(findings, ReviewSettings(), silences))


@pytest.mark.parametrize("case", CASES, ids=[f"{case.code}-{number}" for number, case in enumerate(CASES)])
def test_fine_silences_the_same_again_and_nothing_else(case: Case) -> None:
    known = history(*PEOPLE)
    first = found(case.first, case.code, known)
    silences = frozenset((each.code, each.about) for each in first)
    assert first and all(each.about for each in first)
    again = found(case.again, case.code, known)
    assert again and not told(again, silences)
    for other in case.others:
        assert told(found(other, case.code, known), silences), other


@pytest.mark.parametrize("code", ONE_OFF)
def test_what_is_a_slip_each_time_is_silenced_by_nothing(code: str) -> None:
    findings = found(ONE_OFF[code], code, history(*PEOPLE))
    assert findings and not any(each.about for each in findings)


def test_several_things_are_known_again_however_many_they_are() -> None:
    assert about("sara", "", "bob@example.net ") == "sara bob@example.net"
    long, longer = about(*map(str, range(300))), about(*map(str, range(301)))
    assert len(long) < 600 and long != longer and long == about(*map(str, range(300)))
