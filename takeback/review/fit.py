"""How well each recipient fits a message, in numbers: what the trained weights of `recipients.py` look at.

Nothing here knows what a mistake is. Every number is about one recipient, its message and the sender's history, and is
computed alike when weights are trained (bench/review) and when a message is reviewed.
"""

from __future__ import annotations

import math
from bisect import bisect
from dataclasses import dataclass

from takeback.clock import HOUR, Duration, Instant
from takeback.review.company import HEARD, Company
from takeback.review.counters import Counter
from takeback.review.history import History, subject_words
from takeback.review.lookalike import Contacts, Lookalike
from takeback.review.seen import says_reply

NEVER = 12.0
"""The age of what never was: above the logarithm of any age in hours."""
NONE = -1.0
"""What a number is where it makes no sense."""

_THREAD_COUNTS = 3.0
_COMPANY_COUNTS = 2.0
"""What being in the thread, and knowing all the others, adds to how warm a contact is."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What of a message says who it is for."""

    addresses: tuple[str, ...]
    subject: str
    now: Instant
    reply: bool = False


class Fit:
    """The numbers of every recipient of one draft, each spoken of by its place."""

    def __init__(self, draft: Draft, history: History) -> None:
        self.draft = draft
        self.history = history
        self.company = Company(draft.addresses, history, draft.now)
        self.thread = history.thread(draft.subject)
        self._now = draft.now
        self.is_reply = draft.reply or says_reply(draft.subject)
        self._words = subject_words(draft.subject)
        self._contacts = Contacts(history.correspondents())
        self._strengths = sorted(counter.strength() for _, counter in history.contacts())
        self._in_thread = sum(address in self.thread for address in draft.addresses)
        self._warmth = [self.warmth(address) for address in draft.addresses]

    def warmth(self, address: str) -> float:
        """One number for how close the sender and an address are, of both directions."""
        sent, received = self.history.sent_to(address), self.history.received_from(address)
        warm = sent.rank_at(self._now) if sent else 0.0
        return math.log1p(warm + (HEARD * received.rank_at(self._now) if received else 0.0))

    def fitness(self, address: str, index: int) -> float:
        """One number for how well an address would do in the place of a recipient."""
        in_thread = _THREAD_COUNTS * (address in self.thread)
        return self.warmth(address) + _COMPANY_COUNTS * self.company.share_met_by(address, index) + in_thread

    def lookalikes(self, index: int) -> list[Lookalike]:
        """The contacts that this recipient may be mistaken for, the best in its place first."""
        found = self._contacts.like(self.draft.addresses[index], frozenset(self.draft.addresses))
        return sorted(found, key=lambda each: -self.fitness(each.address, index))

    def numbers(self, index: int) -> dict[str, float]:
        """By name, in an order that never changes."""
        return {
            **self._alone(index),
            **self._about(index),
            **self._among(index),
            **self._in_company(index),
            **self._against_lookalikes(index),
        }

    def _alone(self, index: int) -> dict[str, float]:
        """The recipient and the sender."""
        address = self.draft.addresses[index]
        sent, received = self.history.sent_to(address), self.history.received_from(address)
        beside = self.history.beside(address)
        return {
            "sent": _count(sent),
            "sent_share": sent.count / max(1, self.history.sent_messages) if sent else 0.0,
            "sent_age": age_of(sent, self._now),
            "since_first": _hours(self._now - sent.first) if sent else 0.0,
            "place": bisect(self._strengths, sent.strength()) / len(self._strengths) if sent else NONE,
            "received": _count(received),
            "received_age": age_of(received, self._now),
            "heard_more": _count(received) - _count(sent),
            "beside": math.log1p(beside.rank_at(self._now)) if beside else 0.0,
            "beside_age": age_of(beside, self._now),
            "experience": math.log1p(self.history.sent_messages),
            "heard": math.log1p(self.history.received_messages),
        }

    def _about(self, index: int) -> dict[str, float]:
        """The recipient and the subject."""
        address = self.draft.addresses[index]
        own, received = self.thread.get(address), self.history.received_from(address)
        counts = [self.history.word_count(address, word) for word in self._words]
        exchanged = sum(each.count for each in (self.history.sent_to(address), received) if each)
        return {
            "reply": float(self.is_reply),
            "thread_size": float(min(len(self.thread), 20)),
            "in_thread": float(own is not None) if self.thread else NONE,
            "thread_age": age_of(own, self._now),
            "others_in_thread": float(self._in_thread - (own is not None)) if self.thread else NONE,
            "wrote_last": float(own is not None and received is not None and own.last == received.last),
            "words_known": sum(count > 0 for count in counts) / len(counts) if counts else NONE,
            "words_share": max(counts, default=0) / (exchanged or 1),
        }

    def _among(self, index: int) -> dict[str, float]:
        """The recipient beside the other recipients, each by itself."""
        own = self._warmth[index]
        others = [warmth for other, warmth in enumerate(self._warmth) if other != index]
        return {
            "recipients": math.log(len(self._warmth)),
            "warmth": own,
            "below_mean": sum(others) / len(others) - own if others else 0.0,
            "above_coldest": own - min(others) if others else 0.0,
            "below_warmest": max(others) - own if others else 0.0,
        }

    def _in_company(self, index: int) -> dict[str, float]:
        """The recipient in the company of the others."""
        company, everybody = self.company, range(len(self.draft.addresses))
        others = [other for other in everybody if other != index]
        if not others:
            return dict.fromkeys(_COMPANY, NONE) | {"group": company.exactly([0]), "likeness": company.likeness([0])}
        row, near = company.together[index], company.nearness(index)
        given = [row[other] / (company.together[other][other] or 1.0) for other in others]
        return {
            "met": len(company.met(index)) / len(others),
            "given_others": sum(given) / len(given),
            "given_others_best": max(given),
            "given_this": sum(row[other] for other in others) / len(others) / (row[index] or 1.0),
            "others_met": company.share_of_pairs_met(others),
            "near": sum(near) / len(near),
            "near_best": max(near),
            "group": company.exactly(everybody),
            "group_without": company.exactly(others),
            "likeness": company.likeness(everybody),
            "likeness_without": company.likeness(others),
            "joined": company.joined(index),
        }

    def _against_lookalikes(self, index: int) -> dict[str, float]:
        """The recipient beside the contact that may have been meant."""
        found = self.lookalikes(index)
        if not found:
            return dict.fromkeys(_LOOKALIKES, NONE) | {"alike": 0.0, "alike_heard_age": NEVER}
        best = found[0].address
        return {
            "alike": math.log1p(len(found)),
            "alike_likeness": found[0].likeness,
            "alike_warmth": self.warmth(best),
            "alike_fits_better": self.fitness(best, index) - self.fitness(self.draft.addresses[index], index),
            "alike_met": self.company.share_met_by(best, index),
            "alike_in_thread": float(best in self.thread),
            "alike_heard_age": age_of(self.history.received_from(best), self._now),
        }


_COMPANY = (
    "met",
    "given_others",
    "given_others_best",
    "given_this",
    "others_met",
    "near",
    "near_best",
    "group",
    "group_without",
    "likeness",
    "likeness_without",
    "joined",
)
_LOOKALIKES = (
    "alike",
    "alike_likeness",
    "alike_warmth",
    "alike_fits_better",
    "alike_met",
    "alike_in_thread",
    "alike_heard_age",
)


def age_of(counter: Counter | None, now: Instant) -> float:
    """The logarithm of how many hours ago it was last counted."""
    return _hours(counter.age(now)) if counter else NEVER


def _count(counter: Counter | None) -> float:
    return math.log1p(counter.count) if counter else 0.0


def _hours(duration: Duration) -> float:
    """The logarithm of a time in hours."""
    return min(NEVER - 1, math.log1p(max(0, duration) / HOUR))
