"""Who usually keeps company with whom: the recipients of one message against every group the sender knows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from takeback.clock import Instant
from takeback.review.counters import Counter, Key
from takeback.review.history import History

HEARD = 0.3
"""What something that the sender only heard weighs beside something that they wrote."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """A known group that has some of the recipients: which of them, how large it is, how often, and how lately."""

    members: int
    inside: tuple[int, ...]
    count: float
    rank: float


class Company:
    """The recipients of one message, and every known group that has one of them. A recipient is spoken of by its
    place in `addresses`."""

    def __init__(self, addresses: Sequence[str], history: History, now: Instant) -> None:
        self.addresses = tuple(addresses)
        self._history = history
        self.overlaps = _overlaps(self.addresses, history, now)
        self.together = _matrix(len(addresses), self.overlaps)
        """How often two of them went with each other; on the diagonal, how often one was in any group."""
        self._neighbours = [neighbours(address, history) for address in addresses]

    def met(self, index: int) -> list[int]:
        """The other recipients that this one ever went with."""
        row = self.together[index]
        return [other for other in range(len(row)) if other != index and row[other] > 0]

    def share_met_by(self, address: str, without: int) -> float:
        """The share of the recipients, but for one, that any address ever went with; 0 where there are none."""
        if len(self.addresses) < 2:
            return 0.0
        met: set[int] = set()
        for groups in (self._history.groups_with(address), self._history.circles_with(address)):
            for key in groups:
                if overlap := self.overlaps.get(key):
                    met.update(overlap.inside)
        met.discard(without)
        return len(met) / (len(self.addresses) - 1)

    def nearness(self, index: int) -> list[float]:
        """The cosine between its neighbours and those of each other recipient: near 1 for two who never met but are
        in the same circles."""
        own = self._neighbours[index]
        return [_cosine(own, theirs) for other, theirs in enumerate(self._neighbours) if other != index]

    def exactly(self, indices: Sequence[int]) -> float:
        """The logarithm of how often and lately just these were together."""
        overlap = self.overlaps.get(tuple(sorted(self.addresses[index] for index in indices)))
        return math.log1p(overlap.rank) if overlap else 0.0

    def likeness(self, indices: Sequence[int]) -> float:
        """The Jaccard likeness to the likest known group."""
        wanted, size, best = frozenset(indices), len(indices), 0.0
        for overlap in self.overlaps.values():
            shared = sum(index in wanted for index in overlap.inside)
            best = max(best, shared / (size + overlap.members - shared))
        return best

    def joined(self, index: int) -> float:
        """The logarithm of what the groups of this one with others are worth, each by how many of the others it has
        (IntersectionWeighted of Roth et al., 2010)."""
        worth = sum(
            overlap.rank * (len(overlap.inside) - 1)
            for overlap in self.overlaps.values()
            if len(overlap.inside) > 1 and index in overlap.inside
        )
        return math.log1p(worth)

    def share_of_pairs_met(self, indices: Sequence[int]) -> float:
        """Of all pairs among these; -1 where there is no pair."""
        pairs = [(one, other) for one in indices for other in indices if one < other]
        return sum(self.together[one][other] > 0 for one, other in pairs) / len(pairs) if pairs else -1.0


def neighbours(address: str, history: History) -> Mapping[str, float]:
    """Who was in groups with this one, small groups weighing more; of length 1 as a vector."""
    weights: dict[str, float] = {}
    for worth, groups in ((1.0, history.groups_with(address)), (HEARD, history.circles_with(address))):
        for key, counter in groups.items():
            for member in key:
                weights[member] = weights.get(member, 0.0) + worth * counter.count / len(key)
    weights.pop(address, None)
    length = math.sqrt(sum(weight * weight for weight in weights.values()))
    return {member: weight / length for member, weight in weights.items()}


def _cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    few, many = (one, other) if len(one) < len(other) else (other, one)
    return sum(weight * many.get(member, 0.0) for member, weight in few.items())


def _overlaps(addresses: Sequence[str], history: History, now: Instant) -> Mapping[Key, Overlap]:
    inside: dict[Key, list[int]] = {}
    worth: dict[Key, tuple[float, float]] = {}
    for index, address in enumerate(addresses):
        groups, circles = history.groups_with(address), history.circles_with(address)
        for key in groups.keys() | circles.keys():
            inside.setdefault(key, []).append(index)
            if key not in worth:
                worth[key] = _worth(groups.get(key), circles.get(key), now)
    return {key: Overlap(len(key), tuple(indices), *worth[key]) for key, indices in inside.items()}


def _worth(group: Counter | None, circle: Counter | None, now: Instant) -> tuple[float, float]:
    """Count and rank of a group that was written to, heard from, or both."""
    count = rank = 0.0
    for weight, counter in ((1.0, group), (HEARD, circle)):
        if counter:
            count += weight * counter.count
            rank += weight * counter.rank_at(now)
    return count, rank


def _matrix(size: int, overlaps: Mapping[Key, Overlap]) -> Sequence[Sequence[float]]:
    matrix = [[0.0] * size for _ in range(size)]
    for overlap in overlaps.values():
        for one in overlap.inside:
            row = matrix[one]
            for other in overlap.inside:
                row[other] += overlap.count
    return matrix
