"""What one person's mail has been like: the memory that the rules ask.

A `History` is nothing but counters, so it is cheap to keep: `observe()` changes a few dozen of them and says which, and
`rows()` gives them all in a plain form. Whoever stores it needs one table (owner, kind, key, count, rank, first, last)
and three statements: read an owner's rows into `History.of()`; after `observe()` write `changed` and delete
`forgotten`; erase an owner. Bounded: a history has at most some 25,000 rows, an ordinary one a few thousand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from takeback.clock import Instant
from takeback.mail.address import domain_of
from takeback.review.counters import Counter, Key, Table
from takeback.review.seen import Person, Seen, thread_key

LARGEST_GROUP = 40
"""More people than that are an audience, not a group that means something."""

_LONGEST_NAME = 120
_WORD = re.compile(r"[^\W\d_]{3,30}")
_WORDS_OF_A_SUBJECT = 8


class Kind(StrEnum):
    """What is counted, and the parts of its key."""

    TOTAL = "total"
    """("sent",) or ("received",): messages."""
    SENT = "sent"
    """(address,): messages that went there."""
    RECEIVED = "received"
    """(address,): messages that came from there."""
    BESIDE = "beside"
    """(address,): messages from others that had it among their recipients."""
    GROUP = "group"
    """(address, …), sorted: messages that went to exactly these."""
    CIRCLE = "circle"
    """(address, …), sorted: messages that came from one of these and went to the others."""
    THREAD = "thread"
    """(thread, address): messages of that thread that had this person as author or recipient."""
    IDENTITY = "identity"
    """(address, identity): messages that went there under that identity."""
    NAME = "name"
    """(address, name): messages in which the address bore that name."""
    WORD = "word"
    """(address, word): messages to or from there with that word in the subject."""
    BLOCK = "block"
    """(digest,): sent messages with that paragraph."""


_KINDS = {kind.value: kind for kind in Kind}


@dataclass(frozen=True, slots=True)
class Row:
    """A counter in its plain form. `key` is a JSON list of texts; `first` and `last` are instants; `rank` is the count
    as it had faded at `last`."""

    kind: str
    key: str
    count: int
    rank: float
    first: Instant
    last: Instant


@dataclass(frozen=True, slots=True)
class Change:
    """What `observe()` did: rows to write, and (kind, key) of rows to delete. No row is in both."""

    changed: tuple[Row, ...]
    forgotten: tuple[tuple[str, str], ...]


def _first_part(key: Key) -> Iterable[str]:
    return key[:1]


def _every_part(key: Key) -> Iterable[str]:
    return key


def _domain(key: Key) -> Iterable[str]:
    return (domain_of(key[0]),)


class History:
    """The counters of one person. All addresses are canonical."""

    def __init__(self) -> None:
        self._tables: dict[Kind, Table] = {
            Kind.TOTAL: Table(2),
            Kind.SENT: Table(3_000, _domain),
            Kind.RECEIVED: Table(3_000, _domain),
            Kind.BESIDE: Table(2_000, _domain),
            Kind.GROUP: Table(1_000, _every_part),
            Kind.CIRCLE: Table(1_000, _every_part),
            Kind.THREAD: Table(4_000, _first_part),
            Kind.IDENTITY: Table(3_000, _first_part),
            Kind.NAME: Table(4_000, _first_part),
            Kind.WORD: Table(4_000),
            Kind.BLOCK: Table(500),
        }

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Self:
        """The history that these rows are. A row of no known kind is passed over."""
        history = cls()
        for row in rows:
            history._put(row)
        return history

    def rows(self) -> Iterator[Row]:
        for kind, table in self._tables.items():
            for key, counter in table.counters.items():
                yield _row(kind, key, counter)

    # Learning

    def observe(self, seen: Seen) -> Change:
        """Counts a message. A message without other people counts for nothing."""
        if not (seen.others if seen.outgoing else seen.author.address):
            return Change((), ())
        touched = dict.fromkeys(_touched(seen))
        for kind, key in touched:
            self._tables[kind].add(key, seen.times, seen.at)
        gone = [(kind, key) for kind, table in self._tables.items() for key in table.forget_weakest()]
        kept = ((kind, key, self._tables[kind].get(key)) for kind, key in touched)
        return Change(
            changed=tuple(_row(kind, key, counter) for kind, key, counter in kept if counter is not None),
            forgotten=tuple((kind.value, _plain(key)) for kind, key in gone),
        )

    def take_over(self, change: Change) -> None:
        """Does what `observe()` did to a history that was the same as this one."""
        for row in change.changed:
            self._put(row)
        for name, key in change.forgotten:
            if kind := _KINDS.get(name):
                self._tables[kind].discard(tuple(json.loads(key)))

    def _put(self, row: Row) -> None:
        if kind := _KINDS.get(row.kind):
            counter = Counter(row.count, row.rank, row.first, row.last)
            self._tables[kind].put(tuple(json.loads(row.key)), counter)

    def __len__(self) -> int:
        """How many counters there are."""
        return sum(map(len, self._tables.values()))

    # Questions

    @property
    def sent_messages(self) -> int:
        return self._count(Kind.TOTAL, "sent")

    @property
    def received_messages(self) -> int:
        return self._count(Kind.TOTAL, "received")

    def contacts(self) -> Iterator[tuple[str, Counter]]:
        """Everybody who was written to."""
        return ((key[0], counter) for key, counter in self._tables[Kind.SENT].counters.items())

    def correspondents(self) -> frozenset[str]:
        """Everybody who was written to or heard from."""
        sent, received = self._tables[Kind.SENT].counters, self._tables[Kind.RECEIVED].counters
        return frozenset(key[0] for table in (sent, received) for key in table)

    def sent_to(self, address: str) -> Counter | None:
        return self._tables[Kind.SENT].get((address,))

    def received_from(self, address: str) -> Counter | None:
        return self._tables[Kind.RECEIVED].get((address,))

    def beside(self, address: str) -> Counter | None:
        """How often it was among the recipients of what came from others."""
        return self._tables[Kind.BESIDE].get((address,))

    def knows(self, address: str) -> bool:
        """Whether it was ever written to, heard from, or seen beside."""
        return any(self._tables[kind].get((address,)) for kind in (Kind.SENT, Kind.RECEIVED, Kind.BESIDE))

    def contacts_at(self, domain: str) -> Mapping[str, Counter]:
        """Who was written to at that domain."""
        return {key[0]: counter for key, counter in self._tables[Kind.SENT].shelf(domain).items()}

    def knows_domain(self, domain: str) -> bool:
        return any(self._tables[kind].shelf(domain) for kind in (Kind.SENT, Kind.RECEIVED, Kind.BESIDE))

    def domains(self) -> frozenset[str]:
        """The domains of those who were written to or heard from."""
        return frozenset(self._tables[Kind.SENT].shelves()) | frozenset(self._tables[Kind.RECEIVED].shelves())

    def sent_to_domain(self, domain: str) -> int:
        """How many copies went there."""
        return sum(counter.count for counter in self._tables[Kind.SENT].shelf(domain).values())

    def group(self, members: Iterable[str]) -> Counter | None:
        """How often exactly these were written to together."""
        return self._tables[Kind.GROUP].get(tuple(sorted(set(members))))

    def groups_with(self, address: str) -> Mapping[Key, Counter]:
        """The exact sets of recipients that had this one, alone or with others."""
        return self._tables[Kind.GROUP].shelf(address)

    def circles_with(self, address: str) -> Mapping[Key, Counter]:
        """The exact sets of author and recipients of what came from others that had this one."""
        return self._tables[Kind.CIRCLE].shelf(address)

    def together(self, one: str, other: str) -> int:
        """In how many sent messages both were recipients."""
        few, many = sorted((self.groups_with(one), self.groups_with(other)), key=len)
        return sum(counter.count for key, counter in few.items() if key in many)

    def thread(self, subject: str) -> Mapping[str, Counter]:
        """Who took part in the thread of that subject."""
        if not (thread := thread_key(subject)):
            return {}
        return {key[1]: counter for key, counter in self._tables[Kind.THREAD].shelf(thread).items()}

    def identities_with(self, address: str) -> Mapping[str, Counter]:
        """Under which of the person's own addresses this one was written to."""
        return {key[1]: counter for key, counter in self._tables[Kind.IDENTITY].shelf(address).items()}

    def uses_identity(self, identity: str) -> bool:
        """Whether anybody was ever written to under it."""
        return any(key[1] == identity for key in self._tables[Kind.IDENTITY].counters)

    def names_of(self, address: str) -> Mapping[str, Counter]:
        """The names that the address bore, as written."""
        return {key[1]: counter for key, counter in self._tables[Kind.NAME].shelf(address).items()}

    def names(self) -> Iterator[tuple[str, str, Counter]]:
        """(address, name, counter) of every name that any address bore."""
        return ((key[0], key[1], counter) for key, counter in self._tables[Kind.NAME].counters.items())

    def word_count(self, address: str, word: str) -> int:
        """In how many messages to this one or from them the word was in the subject."""
        return self._count(Kind.WORD, address, word)

    def block_count(self, digest: str) -> int:
        """In how many sent messages that paragraph was."""
        return self._count(Kind.BLOCK, digest)

    def _count(self, kind: Kind, *key: str) -> int:
        counter = self._tables[kind].get(key)
        return counter.count if counter else 0


def subject_words(subject: str) -> tuple[str, ...]:
    """The first few words that may say what it is about."""
    words = dict.fromkeys(match[0] for match in _WORD.finditer(thread_key(subject)))
    return tuple(words)[:_WORDS_OF_A_SUBJECT]


def _touched(seen: Seen) -> Iterator[tuple[Kind, Key]]:
    others = dict.fromkeys(person.address for person in seen.others)
    if seen.outgoing:
        yield Kind.TOTAL, ("sent",)
        for address in others:
            yield Kind.SENT, (address,)
            yield Kind.IDENTITY, (address, seen.author.address)
        for digest in seen.blocks:
            yield Kind.BLOCK, (digest,)
    else:
        yield Kind.TOTAL, ("received",)
        yield Kind.RECEIVED, (seen.author.address,)
        for address in others:
            yield Kind.BESIDE, (address,)
    yield from _touched_by_company(seen, list(others))
    for person in _people(seen):
        if person.name and person.name != person.address:
            yield Kind.NAME, (person.address, person.name[:_LONGEST_NAME])


def _touched_by_company(seen: Seen, others: list[str]) -> Iterator[tuple[Kind, Key]]:
    """Groups, threads and words; an audience has none of them."""
    everybody = others if seen.outgoing else list(dict.fromkeys([seen.author.address, *others]))
    if len(everybody) > LARGEST_GROUP:
        return
    yield (Kind.GROUP if seen.outgoing else Kind.CIRCLE), tuple(sorted(everybody))
    if thread := thread_key(seen.subject):
        for address in everybody:
            yield Kind.THREAD, (thread, address)
    closest = others if seen.outgoing else [seen.author.address]
    for word in subject_words(seen.subject):
        for address in closest:
            yield Kind.WORD, (address, word)


def _people(seen: Seen) -> tuple[Person, ...]:
    return seen.others if seen.outgoing else (seen.author, *seen.others)


def _plain(key: Key) -> str:
    return json.dumps(key, ensure_ascii=False, separators=(",", ":"))


def _row(kind: Kind, key: Key, counter: Counter) -> Row:
    return Row(kind.value, _plain(key), counter.count, counter.rank, counter.first, counter.last)
