"""The greeting names somebody who is known, and does not receive the message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from takeback.mail.address import local_part_of
from takeback.review.finding import Finding, Where, about
from takeback.review.greeting import Greeting, greeting
from takeback.review.history import History
from takeback.review.message import Addressee, Message
from takeback.review.names import parts, same
from takeback.review.rule import Context
from takeback.review.saying import reason

CODE = "greeting_mismatch"

_GREETED = 0.6
_BARE = 0.5
_MOST_RECIPIENTS = 6
"""Whoever writes to more people greets some of them or none."""

_ROLES = frozenset(
    [
        "info",
        "sales",
        "support",
        "office",
        "admin",
        "contact",
        "hello",
        "team",
        "help",
        "billing",
        "accounts",
        "hr",
        "jobs",
        "careers",
        "service",
        "helpdesk",
        "reception",
        "mail",
        "post",
        "enquiries",
        "inquiries",
        "orders",
        "press",
        "marketing",
        "finance",
        "purchasing",
        "procurement",
        "it",
        "legal",
        "group",
        "list",
        "staff",
        "all",
        "noreply",
        "no-reply",
        "customerservice",
        "operations",
        "management",
        "secretary",
        "invoices",
        "payments",
        "booking",
    ]
)


class _Contact(NamedTuple):
    address: str
    name: str


def check(message: Message, history: History, context: Context) -> list[Finding]:
    if message.automatic or not 0 < len(message.recipients) <= _MOST_RECIPIENTS:
        return []
    found = greeting(message.written())
    if found is None or any(_greets_itself(name, message) for name in found.names):
        return []
    if any(_may_be(name, one, history) for one in message.recipients for name in found.names):
        return []
    if any(_is_nobody_known(one, history) for one in message.recipients) or _is_quoted(found, message):
        return []
    meant = _meant(found, message, history)
    if meant is None:
        return []
    said = reason(
        "The greeting is to “{greeted}”, which fits {contact}, but the message goes to {recipient}",
        greeted=found.words, contact=f"{meant.name} <{meant.address}>", recipient=message.recipients[0].address,
    )  # fmt: skip
    probability = _BARE if found.bare else _GREETED
    return [Finding(CODE, probability, said, Where(line=found.line), _about(found, message))]


def _about(found: Greeting, message: Message) -> str:
    """That name before just these recipients: to greet it before others may be the next mistake."""
    return about(*found.names[0], *sorted(one.address for one in message.recipients))


def _fits(greeted: Sequence[str], name: Sequence[str]) -> bool:
    """Whether somebody of that name may be greeted so: the first word that is greeted is one of the name's, and no
    further word contradicts it."""
    if not any(same(greeted[0], part) for part in name):
        return False
    return len(greeted) < 2 or len(name) < 2 or any(same(word, part) for word in greeted[1:] for part in name)


def _may_be(greeted: Sequence[str], one: Addressee, history: History) -> bool:
    """Whether the greeting may be to this recipient, by any name of theirs or by the address itself."""
    names = [one.name, *history.names_of(one.address)]
    if any(_fits(greeted, parts(name)) for name in names if name):
        return True
    local = _words_of(one.address)
    if any(same(word, part) for word in greeted for part in local):
        return True
    joined = "".join(local)
    return any(len(word) >= 3 and word in joined for word in greeted)


def _is_nobody_known(one: Addressee, history: History) -> bool:
    """Whether nothing says who reads there: a role, or an address without a name."""
    local = local_part_of(one.address).lower()
    if local in _ROLES or _ROLES.intersection(_words_of(one.address)):
        return True
    named = any(parts(name) for name in (one.name, *history.names_of(one.address)) if name and "@" not in name)
    return not named and not any(len(part) >= 3 for part in _words_of(one.address))


def _words_of(address: str) -> tuple[str, ...]:
    local = local_part_of(address).split("+")[0]
    return parts(local.replace(".", " ").replace("_", " "))


def _greets_itself(greeted: Sequence[str], message: Message) -> bool:
    return bool(message.sender_name) and _fits(greeted, parts(message.sender_name))


def _is_quoted(found: Greeting, message: Message) -> bool:
    """Whether the one who is greeted wrote what is answered, from another address or behind a list."""
    quoted = {
        part
        for line in message.passed_on()
        if ":" in line.plain or "@" in line.plain
        for part in parts(line.plain[:200])
    }
    return any(same(name[0], part) for name in found.names for part in quoted)


def _meant(found: Greeting, message: Message, history: History) -> _Contact | None:
    """The contact whom the greeting fits best, by how often they were written to."""
    recipients = {one.address for one in message.recipients}
    fitting = (
        (counter.count, address, name)
        for address, name, counter in history.names()
        if address not in recipients and any(_fits(greeted, parts(name)) for greeted in found.names)
    )
    best = max(fitting, default=None)
    return _Contact(best[1], best[2]) if best else None
