"""Who usually goes with the recipients of a message and is not among them, in numbers.

The groups that share recipients with the message vote for their other members, each by how often and lately it was
used and by how many recipients it shares (IntersectionWeighted of Roth et al., 2010); trained weights look at that and
at the rest of what is known of the best candidates.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from dataclasses import dataclass, field

from takeback.review.company import Company, Overlap
from takeback.review.fit import Draft, age_of
from takeback.review.history import LARGEST_GROUP, History
from takeback.review.weights import probability, shipped

CANDIDATES = 15
"""How many of those with the most votes are looked at."""


@dataclass(frozen=True, slots=True)
class Absent:
    """`with_all` of the `all_messages` that had every recipient of this one also had this address."""

    address: str
    probability: float
    with_all: int
    all_messages: int


@dataclass(slots=True)
class _Votes:
    worth: float = 0.0
    count: float = 0.0
    with_all: float = 0.0
    likeness: float = 0.0
    met: set[int] = field(default_factory=set)


class Candidates:
    """Those who may have been forgotten, and their numbers."""

    def __init__(self, draft: Draft, history: History) -> None:
        self._draft = draft
        self._history = history
        self._company = Company(draft.addresses, history, draft.now)
        self._thread = history.thread(draft.subject)
        self._votes = self._count_votes()
        self._with_all = [
            overlap for overlap in self._company.overlaps.values() if len(overlap.inside) == len(draft.addresses)
        ]
        self._all_count = sum(overlap.count for overlap in self._with_all)
        self._most = max((votes.worth for votes in self._votes.values()), default=0.0) or 1.0
        self.addresses = heapq.nlargest(
            CANDIDATES, self._votes, key=lambda address: (self._votes[address].worth, address)
        )

    def _count_votes(self) -> dict[str, _Votes]:
        size, present = len(self._draft.addresses), frozenset(self._draft.addresses)
        found: dict[str, _Votes] = defaultdict(_Votes)
        for key, overlap in self._company.overlaps.items():
            for member in key:
                if member not in present:
                    _vote(found[member], overlap, size)
        return found

    def numbers(self, address: str) -> dict[str, float]:
        """By name, in an order that never changes."""
        votes, history, now = self._votes[address], self._history, self._draft.now
        sent, own = history.sent_to(address), self._thread.get(address)
        size = len(self._draft.addresses)
        met = [self._company.together[index][index] for index in votes.met]
        return {
            "worth": math.log1p(votes.worth),
            "worth_share": votes.worth / self._most,
            "count": math.log1p(votes.count),
            "with_all": math.log1p(votes.with_all),
            "with_all_share": votes.with_all / self._all_count if self._all_count else -1.0,
            "all": math.log1p(self._all_count),
            "likeness": votes.likeness,
            "likeness_without": self._company.likeness(range(size)),
            "group_without": self._company.exactly(range(size)),
            "met": len(votes.met) / size,
            "met_often": votes.count / (sum(met) or 1.0),
            "in_thread": float(own is not None) if self._thread else -1.0,
            "thread_age": age_of(own, now),
            "thread_size": float(min(len(self._thread), 20)),
            "others_in_thread": sum(each in self._thread for each in self._draft.addresses) / size,
            "sent": math.log1p(sent.count) if sent else 0.0,
            "sent_age": age_of(sent, now),
            "received_age": age_of(history.received_from(address), now),
            "recipients": math.log(size),
            "reply": float(self._draft.reply),
            "experience": math.log1p(history.sent_messages),
        }

    def together_with_all(self, address: str) -> tuple[int, int]:
        """Messages that the sender wrote to all recipients and this one, and to all recipients."""
        groups = self._history.groups_with(self._draft.addresses[0])
        wanted = frozenset(self._draft.addresses)
        of_all = {key: counter.count for key, counter in groups.items() if wanted <= frozenset(key)}
        return sum(count for key, count in of_all.items() if address in key), sum(of_all.values())


def _vote(votes: _Votes, overlap: Overlap, size: int) -> None:
    shared = len(overlap.inside)
    votes.worth += overlap.rank * shared
    votes.count += overlap.count
    votes.met.update(overlap.inside)
    votes.likeness = max(votes.likeness, (shared + 1) / (size + overlap.members - shared))
    if shared == size:
        votes.with_all += overlap.count


def absent(draft: Draft, history: History) -> list[Absent]:
    """The likeliest first. Nobody where these are an audience."""
    if not 0 < len(draft.addresses) <= LARGEST_GROUP:
        return []
    candidates = Candidates(draft, history)
    weights = shipped("missing_member")
    found = [
        Absent(
            address,
            probability(weights.log_odds(candidates.numbers(address))),
            *candidates.together_with_all(address),
        )
        for address in candidates.addresses
    ]
    return sorted(found, key=lambda each: (-each.probability, each.address))
