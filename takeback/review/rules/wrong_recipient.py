"""Somebody else was probably meant: a contact that looks alike fits this message better."""

from __future__ import annotations

from collections.abc import Mapping

from takeback.review.arabic import normalised
from takeback.review.finding import Finding, Reason, Where
from takeback.review.fit import Fit
from takeback.review.history import History
from takeback.review.lookalike import (
    ONE_LETTER,
    SAME_AT_A_LIKE_DOMAIN,
    SAME_BUT_FOR_THE_DOMAIN,
    SAME_FIRST_NAME,
    SAME_TO_THE_EYE,
    TWO_LETTERS,
    Contacts,
)
from takeback.review.message import Addressee, Message
from takeback.review.recipients import Doubt, addressees, doubts, draft_of
from takeback.review.rule import Context
from takeback.review.saying import counted, reason

CODE = "wrong_recipient"

LEAST = 0.17
"""Of what is less likely than this nobody is told: at this bound the rule stays quiet on 99.5 % of clean mail
(docs/review.md)."""
_LEAST_WITHOUT_ANOTHER = 0.2
"""The same where nobody is seen who was rather meant."""
_IN_THE_THREAD = 0.35

_FAMILIAR = 3
"""Messages that make somebody a familiar contact."""
_OF_A_STRANGER: Mapping[float, float] = {
    SAME_TO_THE_EYE: 0.75,
    SAME_AT_A_LIKE_DOMAIN: 0.7,
    ONE_LETTER: 0.6,
    TWO_LETTERS: 0.35,
    SAME_BUT_FOR_THE_DOMAIN: 0.3,
}
"""What it says that the sender never wrote there but often to an address that looks like it, by how alike they are."""
_VERY_FAMILIAR = 10
_MOST_STRANGERS = 20
_NAMED_LIKE_ANOTHER = 0.4
_NAMED_AND_SPELT_LIKE_ANOTHER = 0.15
"""An address that is spelt like the name may be another one of the same person."""


def check(message: Message, history: History, context: Context) -> list[Finding]:
    if message.automatic or not history.sent_messages:
        return []
    people = addressees(message, context)
    found = [*_strangers(people, history), *_named_like_another(people, history), *_misfits(message, history, context)]
    worst: dict[str, Finding] = {}
    for finding in found:
        known = worst.get(finding.about)
        if known is None or known.probability < finding.probability:
            worst[finding.about] = finding
    return list(worst.values())


def _strangers(people: tuple[Addressee, ...], history: History) -> list[Finding]:
    """Addresses never seen before that look like a familiar one."""
    new = [each for each in people if not history.knows(each.address)][:_MOST_STRANGERS]
    if not new:
        return []
    present = frozenset(each.address for each in people)
    familiar = Contacts(address for address, counter in history.contacts() if counter.count >= _FAMILIAR)
    found = []
    for each in new:
        for alike in familiar.like(each.address, present):
            likely = _OF_A_STRANGER.get(alike.likeness)
            counter = history.sent_to(alike.address)
            if likely and counter:
                bonus = 0.2 if counter.count >= _VERY_FAMILIAR else 0.0
                said = _first_message(each.address, alike.address, counter.count)
                found.append(_finding(each.address, min(0.95, likely + bonus), said))
                break
    return found


def _named_like_another(people: tuple[Addressee, ...], history: History) -> list[Finding]:
    """The name before the address is one that another contact bears, and this one never bore."""
    present = {each.address for each in people}
    new = {key: each for each in people if (key := _name(each.name)) and not _bore(history, each.address, key)}
    found = []
    if not new:
        return []
    for address, name, counter in history.names():
        each = new.get(_name(name))
        if each is None or address in present or counter.count < _FAMILIAR or not history.sent_to(address):
            continue
        if history.names_of(each.address) or not history.knows(each.address):
            said = reason(
                "{address} bears the name {name}, under which you know {other}",
                address=each.address,
                name=each.name,
                other=address,
            )
            spelt = any(len(word) > 2 and word in each.address for word in _name(each.name).split())
            found.append(_finding(each.address, _NAMED_AND_SPELT_LIKE_ANOTHER if spelt else _NAMED_LIKE_ANOTHER, said))
    return found


def _name(name: str) -> str:
    """A name of two words or more, in a form in which it is compared."""
    words = sorted(normalised(name).replace(",", " ").replace('"', " ").split())
    return " ".join(words) if len(words) > 1 and "@" not in name else ""


def _bore(history: History, address: str, key: str) -> bool:
    return any(_name(name) == key for name in history.names_of(address))


def _misfits(message: Message, history: History, context: Context) -> list[Finding]:
    """Recipients whom the trained weights doubt. A stranger who looks like nobody is left to other rules."""
    fit = Fit(draft_of(message, context), history)
    found = []
    for doubt in doubts(fit, context):
        likely = max(doubt.probability, _IN_THE_THREAD if _thread_is_with_another(doubt, fit) else 0.0)
        if likely >= LEAST and (doubt.meant or (history.knows(doubt.address) and likely >= _LEAST_WITHOUT_ANOTHER)):
            found.append(_finding(doubt.address, likely, _why(doubt, fit)))
    return found


def _thread_is_with_another(doubt: Doubt, fit: Fit) -> bool:
    """A reply in a thread of somebody whose name is much like that of this recipient, who has no part in it."""
    return (
        fit.is_reply
        and doubt.meant is not None
        and doubt.meant.likeness >= SAME_FIRST_NAME
        and doubt.meant.address in fit.thread
        and doubt.address not in fit.thread
        and doubt.meant.address not in fit.draft.addresses
    )


def _finding(address: str, likely: float, said: Reason) -> Finding:
    return Finding(CODE, likely, said, Where(recipient=address), about=address)


def _first_message(address: str, other: str, times: int) -> Reason:
    return counted(
        "First message ever to {address}; you wrote once to {other}",
        "First message ever to {address}; you wrote {number} times to {other}",
        times,
        address=address,
        other=other,
    )


def _why(doubt: Doubt, fit: Fit) -> Reason:
    """The plainest fact that speaks against this recipient."""
    address, history = doubt.address, fit.history
    company = [each for each in fit.draft.addresses if each != address]
    met = [fit.draft.addresses[index] for index in fit.company.met(doubt.index)]
    if doubt.meant:
        return _why_another(doubt, fit, company, met)
    if company and not met:
        return reason("{address} was never written to together with {company}", address=address, company=company[0])
    sent = history.sent_to(address)
    if sent is None:
        return reason("First message ever to {address}", address=address)
    return counted(
        "You seldom write to {address}: once so far",
        "You seldom write to {address}: {number} times so far",
        sent.count,
        address=address,
    )


def _why_another(doubt: Doubt, fit: Fit, company: list[str], met: list[str]) -> Reason:
    address, history = doubt.address, fit.history
    other = doubt.meant.address if doubt.meant else ""
    if other in fit.thread and address not in fit.thread:
        return reason("{other} takes part in this thread, {address} does not", address=address, other=other)
    if company and not met and fit.company.share_met_by(other, doubt.index):
        return reason(
            "{address} was never written to together with {company}, but {other} was",
            address=address,
            other=other,
            company=company[0],
        )
    counter = history.sent_to(other)
    if counter and not history.sent_to(address):
        return _first_message(address, other, counter.count)
    return reason("You write to {other} more often and more lately than to {address}", address=address, other=other)
