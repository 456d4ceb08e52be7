"""Counters that fade: what a history is made of.

A counter knows how often, how lately and since when something was seen. Its rank fades by half every `HALF_LIFE`, so
that what a person did this week weighs more than what they did last year. A table of counters is bounded: the weakest
are forgotten first.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from takeback.clock import DAY, Duration, Instant

Key = tuple[str, ...]

HALF_LIFE: Duration = 30 * DAY

_ROOM = 0.1
"""How much of a full table is forgotten at once, so that forgetting is rare and cheap."""


@dataclass(slots=True)
class Counter:
    """`rank` is what `count` was worth at `last`."""

    count: int
    rank: float
    first: Instant
    last: Instant

    def rank_at(self, now: Instant) -> float:
        """The rank, faded. It never grows where `now` is earlier than `last`."""
        return self.rank * _faded(max(0, now - self.last))

    def age(self, now: Instant) -> Duration:
        """How long ago it was last seen; never negative."""
        return max(0, now - self.last)

    def strength(self) -> float:
        """A measure that compares two counters alike at any time: the logarithm of what their ranks fade to."""
        return math.log2(self.rank) + self.last / HALF_LIFE if self.rank > 0 else -math.inf

    def add(self, times: int, at: Instant) -> None:
        """Counts `times` more; in whatever order things are seen, the sum is the same."""
        if at >= self.last:
            self.rank = self.rank * _faded(at - self.last) + times
        else:
            self.rank += times * _faded(self.last - at)
        self.count += times
        self.first = min(self.first, at)
        self.last = max(self.last, at)


def _faded(age: Duration) -> float:
    return float(2.0 ** (-age / HALF_LIFE))


def no_shelf(_: Key) -> Iterable[str]:
    return ()


class Table:
    """Counters by key, at most `limit` of them, and found again by what `shelves` names a key under."""

    def __init__(self, limit: int, shelves: Callable[[Key], Iterable[str]] = no_shelf) -> None:
        self._limit = limit
        self._shelves = shelves
        self._counters: dict[Key, Counter] = {}
        self._on_shelf: dict[str, dict[Key, Counter]] = {}

    def __len__(self) -> int:
        return len(self._counters)

    @property
    def counters(self) -> Mapping[Key, Counter]:
        return self._counters

    def get(self, key: Key) -> Counter | None:
        return self._counters.get(key)

    def shelf(self, name: str) -> Mapping[Key, Counter]:
        return self._on_shelf.get(name, {})

    def shelves(self) -> Iterable[str]:
        """The names under which something is found."""
        return self._on_shelf.keys()

    def add(self, key: Key, times: int, at: Instant) -> None:
        if counter := self._counters.get(key):
            counter.add(times, at)
        else:
            self.put(key, Counter(times, float(times), at, at))

    def put(self, key: Key, counter: Counter) -> None:
        self._counters[key] = counter
        for name in self._shelves(key):
            self._on_shelf.setdefault(name, {})[key] = counter

    def forget_weakest(self) -> list[Key]:
        """What was forgotten to make room; nothing while the table is within its limit."""
        if len(self._counters) <= self._limit:
            return []
        surplus = len(self._counters) - int(self._limit * (1 - _ROOM))
        weakest = heapq.nsmallest(surplus, self._counters, key=lambda key: (self._counters[key].strength(), key))
        for key in weakest:
            self._remove(key)
        return weakest

    def discard(self, key: Key) -> None:
        """Afterwards it is not there."""
        if key in self._counters:
            self._remove(key)

    def _remove(self, key: Key) -> None:
        del self._counters[key]
        for name in self._shelves(key):
            if shelf := self._on_shelf.get(name):
                shelf.pop(key, None)
                if not shelf:
                    del self._on_shelf[name]
