"""How often each rule speaks on mail that is taken to be right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from email.utils import format_datetime

from bench.results import Row, Section, at_most
from bench.review import data, interactions
from bench.review.interactions import Learns, Mail, Sent, always, only_sent, replay
from bench.review.train import TRAINED_ON
from takeback.clock import to_datetime
from takeback.mail.address import domain_of
from takeback.review.engine import Review, review
from takeback.review.history import History
from takeback.review.message import read
from takeback.review.rule import Context, Rule
from takeback.review.rules.people import PEOPLE_RULES

HELD = 0.2
"""The lowest tier that is set by default: what reaches it waits longer."""


def run() -> Section:
    mail = interactions.read(data.file(interactions.FILE))
    both, sent = (list(_reviews(mail, learns, PEOPLE_RULES)) for learns in (always, only_sent))
    return Section(
        rows=[*_rates("sent and received mail known", both), *_rates("sent mail only known", sent)],
        notes=[f"Clean mail: the newest tenth of each sender's, {len(both):,} messages"],
    )


def _reviews(mail: Mail, learns: Learns, rules: tuple[Rule, ...]) -> Iterator[Review]:
    for message, history in replay(mail, learns):
        if message.share >= TRAINED_ON and message.of >= 20:
            yield reviewed(message, history, rules)


def reviewed(message: Sent, history: History, rules: tuple[Rule, ...]) -> Review:
    sender = message.author.address
    context = Context(message.at, frozenset({sender}), lambda address: domain_of(address) == domain_of(sender))
    return review(read(written(message), sender, message.addresses), history, context, rules)


def written(message: Sent) -> bytes:
    """The message as it may have been, but for what it said, which nobody kept."""
    to = ", ".join(f'"{person.name}" <{person.address}>' for person in message.recipients)
    fields = {
        "From": f'"{message.author.name}" <{message.author.address}>',
        "To": to,
        "Subject": " ".join(message.subject.split()),
        "Date": format_datetime(to_datetime(message.at)),
    }
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode() + b"\r\nHello.\r\n"


def _rates(what: str, reviews: list[Review]) -> Iterator[Row]:
    found = Counter(code for each in reviews for code in {finding.code for finding in each.findings})
    held = Counter(
        code for each in reviews for code in {finding.code for finding in each.findings if finding.probability >= HELD}
    )
    for code in sorted(found):
        share = held[code] / len(reviews)
        yield Row(
            f"Clean mail held by {code} ({what})",
            f"{share:.2%}",
            f"found in {found[code] / len(reviews):.2%}",
            goal=at_most(0.5, share * 100, " %"),
        )
    total = sum(each.score >= HELD for each in reviews) / len(reviews)
    yield Row(f"Clean mail held by any rule about people ({what})", f"{total:.2%}", goal=at_most(2, total * 100, " %"))
