"""Who wrote to whom at Enron, as recipients of a mail system (Perry and Wolfe, 2011): no bodies, 154 people."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from takeback.clock import SECOND, Instant
from takeback.review.history import LARGEST_GROUP, History
from takeback.review.seen import Person, Seen

FILE = "enron-interactions.db"


@dataclass(frozen=True, slots=True)
class Sent:
    """`share` is how much of what its author ever sent was sent before it."""

    author: Person
    recipients: tuple[Person, ...]
    subject: str
    at: Instant
    share: float
    of: int
    """How many messages its author sent."""

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(person.address for person in self.recipients)


@dataclass(frozen=True, slots=True)
class Mail:
    """In order of time."""

    people: tuple[Person, ...]
    messages: tuple[Sent, ...]


def read(path: Path) -> Mail:
    """Notes to oneself are left out. Addresses are made from the names: first.last@enron.com."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        people = _people(database.execute("SELECT eid, name FROM EmployeeBase ORDER BY eid"))
        recipients: dict[int, list[int]] = defaultdict(list)
        for message, to in database.execute("SELECT mid, to_eid FROM RecipientBase ORDER BY mid, rno"):
            recipients[message].append(to)
        rows = [
            (mid, at, subject or "", author, [to for to in dict.fromkeys(recipients[mid]) if to != author])
            for mid, at, subject, author in database.execute(
                "SELECT mid, unix_time, subject, from_eid FROM MessageBase ORDER BY unix_time, mid"
            )
        ]
    rows = [row for row in rows if row[4]]
    total, so_far = Counter(author for _, _, _, author, _ in rows), Counter[int]()
    messages = []
    for _, at, subject, author, to in rows:
        share = so_far[author] / total[author]
        so_far[author] += 1
        named = tuple(people[each] for each in to)
        messages.append(Sent(people[author], named, subject, at * SECOND, share, total[author]))
    return Mail(tuple(people.values()), tuple(messages))


def _people(rows: Iterator[tuple[int, str]]) -> dict[int, Person]:
    found: dict[int, Person] = {}
    taken: set[str] = set()
    for number, name in rows:
        local = ".".join(name.lower().split())
        local = local if local not in taken else f"{local}{number}"
        taken.add(local)
        found[number] = Person(f"{local}@enron.com", name)
    return found


Learns = Callable[[str, Sent], bool]
"""Whether somebody's history takes in a message that they sent or received."""


def always(_: str, __: Sent) -> bool:
    return True


def before(share: float, mail: Mail) -> Learns:
    """Whether it came before the moment at which its owner had sent that share of everything."""
    ends: dict[str, Instant] = {}
    for message in mail.messages:
        if message.share >= share:
            ends.setdefault(message.author.address, message.at)
    return lambda owner, message: owner not in ends or message.at < ends[owner]


def only_sent(owner: str, message: Sent) -> bool:
    return owner == message.author.address


def replay(mail: Mail, learns: Learns = always) -> Iterator[tuple[Sent, History]]:
    """Each message with its author's history as it was just before."""
    histories: dict[str, History] = defaultdict(History)
    for message in mail.messages:
        owner = message.author.address
        if len(message.recipients) <= LARGEST_GROUP:
            yield message, histories[owner]
        if learns(owner, message):
            histories[owner].observe(Seen(message.at, message.author, message.recipients, message.subject))
        for reader in message.recipients:
            if learns(reader.address, message):
                others = tuple(person for person in message.recipients if person != reader)
                histories[reader.address].observe(
                    Seen(message.at, message.author, others, message.subject, outgoing=False)
                )
