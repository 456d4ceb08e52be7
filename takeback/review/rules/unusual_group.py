"""One recipient who was never together with the others, while the others are a group of long standing."""

from __future__ import annotations

from takeback.review.company import Company
from takeback.review.finding import Finding, Reason, Where
from takeback.review.history import LARGEST_GROUP, History
from takeback.review.message import Message
from takeback.review.recipients import addressees
from takeback.review.rule import Context
from takeback.review.saying import counted, reason
from takeback.review.seen import thread_key

CODE = "unusual_group"

_LEAST_TOGETHER = 4
"""Messages to just these others that make them a group."""
_LIKE_A_GROUP = 0.75
_KNOWN_TO_ALL = 0.99
_OUTSIDER = 0.35
_COLLEAGUE = 0.15


def check(message: Message, history: History, context: Context) -> list[Finding]:
    people = addressees(message, context)
    if message.automatic or not 3 <= len(people) <= LARGEST_GROUP:
        return []
    addresses = tuple(each.address for each in people)
    company = Company(addresses, history, context.now)
    thread = history.thread(message.subject) if thread_key(message.subject) else {}
    lonely = [index for index in range(len(addresses)) if not company.met(index)]
    if len(lonely) != 1 or addresses[lonely[0]] in thread:
        return []
    others = [index for index in range(len(addresses)) if index != lonely[0]]
    times = _standing(company, others, history)
    if times < _LEAST_TOGETHER:
        return []
    address = addresses[lonely[0]]
    outside = not context.is_internal(address) and all(context.is_internal(addresses[index]) for index in others)
    likely = _OUTSIDER if outside else _COLLEAGUE
    return [Finding(CODE, likely, _why(address, len(others), times, outside), Where(recipient=address), about=address)]


def _standing(company: Company, others: list[int], history: History) -> int:
    """How often the others were written to as a group; 0 where they are none."""
    if exact := history.group(company.addresses[index] for index in others):
        return exact.count
    if company.share_of_pairs_met(others) < _KNOWN_TO_ALL or company.likeness(others) < _LIKE_A_GROUP:
        return 0
    return int(min(company.together[one][other] for one in others for other in others if one != other))


def _why(address: str, others: int, times: int, outside: bool) -> Reason:
    if outside:
        return reason(
            "{address} is outside your organisation and was never written to together with these {others} colleagues,"
            " who are a group",
            address=address,
            others=others,
        )
    return counted(
        "{address} was never written to together with the {others} others, who were written to as a group once",
        "{address} was never written to together with the {others} others, who were written to as a group"
        " {number} times",
        times,
        address=address,
        others=others,
    )
