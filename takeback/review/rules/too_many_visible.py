"""Many people see each other's addresses."""

from __future__ import annotations

from collections.abc import Sequence

from takeback.review.finding import Finding
from takeback.review.history import History
from takeback.review.message import Addressee, Message
from takeback.review.rule import Context
from takeback.review.saying import counted, reason
from takeback.review.threads import quoted_people

CODE = "too_many_visible"

_PEOPLE = 15
_INSIDE = 40
"""Colleagues see each other anyway; only a very long list of them is unusual."""
_DOMAINS = 4
_OUTSIDE = 0.5
_COLLEAGUES = 0.2
_ORGANISATIONS = 0.35
_KNOWN_SHARE = 0.8
"""Of the people, who were together in one earlier message or thread: then they know each other."""


def check(message: Message, history: History, context: Context) -> list[Finding]:
    people = [one for one in message.named if one.address not in context.identities]
    outside = [one for one in people if not context.is_internal(one.address)]
    domains = {one.domain for one in outside}
    many = len(people) >= (_PEOPLE if outside else _INSIDE)
    several = len(domains) >= _DOMAINS and not message.is_reply
    if message.automatic or not (many or several) or _know_each_other(message, people, history):
        return []
    if many:
        said = counted(
            "{number} person sees the addresses of all others in To and Cc",
            "{number} people see each other's addresses in To and Cc",
            len(people),
        )
        return [Finding(CODE, _OUTSIDE if len(outside) > 1 else _COLLEAGUES, said)]
    said = reason(
        "People of {number} other organisations see each other's addresses in To and Cc", number=str(len(domains))
    )
    return [Finding(CODE, _ORGANISATIONS, said)]


def _know_each_other(message: Message, people: Sequence[Addressee], history: History) -> bool:
    addresses = {one.address for one in people}
    enough = _KNOWN_SHARE * len(addresses)
    if history.group(addresses) or len(addresses & set(history.thread(message.subject))) >= enough:
        return True
    if message.is_reply and len(addresses & _quoted_addresses(message)) >= enough:
        return True
    some = sorted(addresses)[:3]
    groups = (key for address in some for key in (*history.groups_with(address), *history.circles_with(address)))
    return any(len(addresses.intersection(key)) >= enough for key in groups)


def _quoted_addresses(message: Message) -> set[str]:

    return set(quoted_people(message))
