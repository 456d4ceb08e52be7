"""The promise of the store to a recall: what it is, whose turn it is, and what became of each.

Everything is a transition that may be asked again with the same request. Whoever claims work shows the claim's token
with whatever is written about it; where the claim has passed to somebody else, nothing is written (`LostClaim`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence, Set
from dataclasses import dataclass
from typing import Protocol

from takeback.clock import Duration, Instant
from takeback.errors import TakebackError
from takeback.hold.states import State
from takeback.ports.mailbox import Connector, Place
from takeback.ports.store import NewMessage
from takeback.recall.matching import Stamp
from takeback.recall.outcomes import Outcome
from takeback.recall.planning import Verdict, Way
from takeback.recall.report import Report


class LostClaim(TakebackError):
    """The claim has run out and the work is somebody else's now; nothing was written."""


class BodyMissing(TakebackError):
    """The plan counts on a body that the store does not have; nothing was written."""


@dataclass(frozen=True, slots=True)
class NewRecall:
    """One message to take back. `recipients` are canonical keys of addresses (None: all)."""

    id: str
    message: str
    actor: str
    recipients: frozenset[str] | None
    also_read: bool
    watch: Duration
    replacement: NewMessage | None = None
    """What takes its place. Of its recipients only those are kept whose copy this recall has stopped; the others are
    added as it is put into their mailboxes."""
    waiting: bool = False
    """Whether a second person must confirm it before any mailbox is opened. What has not left is undone at once."""
    mailboxes: int = 0
    """How many it would open, as far as anybody counts them."""
    alone_up_to: int = 0
    """So many may be opened for one account within an hour without a second person; 0 means any number."""
    correction: str | None = None
    """The sender's own words in the correction to those whom it cannot reach; None where none is asked for."""
    client: str = ""
    """The address from which it was asked, where that is not this machine."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """The message that takes the place of copies; it is known again like any other."""

    id: str
    size: int
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that a person may ask for only so often: `kind` is what the record of acts calls it."""

    kind: str
    message: str
    actor: str
    since: Instant
    most: int


@dataclass(frozen=True, slots=True)
class WaitingRecall:
    """One that a second person has to confirm. `actor` is whoever asked for it, who cannot."""

    id: str
    message: str
    account: str
    actor: str
    asked_at: Instant


@dataclass(frozen=True, slots=True)
class RecallFacts:
    """What a recall is about."""

    id: str
    message: str
    sender: str
    account: str
    actor: str
    also_read: bool
    asked_at: Instant
    watch_until: Instant
    stamp: Stamp
    replacement: Replacement | None = None
    correction: str | None = None


@dataclass(frozen=True, slots=True)
class RecipientWork:
    """A recipient of whom it is not known yet who is to be searched. `state` is where its own copy stands."""

    id: int
    recall: RecallFacts
    address: str
    address_key: str
    state: State
    attempts: int


@dataclass(frozen=True, slots=True)
class PlannedCopy:
    """A copy that was written down before it was to be removed. `outcome` is None where it is not known whether it
    was; the flags are those it had when it was written down."""

    id: int
    place: Place
    flags: frozenset[str]
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class PersonWork:
    """A mailbox to work on."""

    id: int
    recall: RecallFacts
    address: str
    server: str
    told: Verdict
    """What was told of this person last: anything but `pending` where it is looked for a further copy."""
    attempts: int
    ways: Sequence[Way]
    copies: Sequence[PlannedCopy]
    taken_earlier: bool
    """Whether another recall of the same message has taken a copy away there."""


@dataclass(frozen=True, slots=True)
class WorkRequest:
    """At most `limit` people and recipients whose time has come, of one recall (None: of any), and none on the
    servers named in `busy`."""

    token: str
    limit: int
    lease: Duration
    recall: str | None = None
    busy: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Work:
    recipients: Sequence[RecipientWork]
    people: Sequence[PersonWork]


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody behind a recipient. `verdict` is known at once for those who are not searched, else `pending`."""

    address: str
    server: str
    verdict: Verdict
    retained: bool = False


@dataclass(frozen=True, slots=True)
class Expansion:
    """What became of the work on one recipient: a verdict of its own, or the people behind it."""

    token: str
    recipient: int
    verdict: Verdict | None
    people: Sequence[NewPerson] = ()


@dataclass(frozen=True, slots=True)
class KeptBody:
    """The bytes behind the header of a copy: their SHA-256. `sealed` is the only piece of a small one; None where the
    store has them already, from another plan or put there by `keep_piece`."""

    digest: bytes
    sealed: bytes | None


@dataclass(frozen=True, slots=True)
class BodyPiece:
    recall: str
    digest: bytes
    position: int
    last: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class Plan:
    """One copy that is about to be removed: where it stands, what it was, and its bytes, kept.

    `follows` is the plan of the same copy at another place, which this one takes the place of: somebody moved it.
    """

    token: str
    person: int
    follows: int | None
    place: Place
    version: str
    flags: frozenset[str]
    size: int
    delivered_at: Instant | None
    header: bytes
    body: KeptBody


@dataclass(frozen=True, slots=True)
class CopyOutcome:
    """What became of one planned copy. `flags` are those it had when the server decided."""

    token: str
    person: int
    copy: int
    outcome: Outcome
    evidence: str
    flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class SeenCopy:
    """A copy that was looked at and not planned: it was read, or nobody can say whose it is."""

    place: Place
    flags: frozenset[str]
    size: int
    delivered_at: Instant | None
    outcome: Outcome
    evidence: str


@dataclass(frozen=True, slots=True)
class PersonOutcome:
    """What is to be told of one person, and what was seen of copies that were left alone."""

    token: str
    person: int
    verdict: Verdict
    seen: Sequence[SeenCopy] = ()
    notice: NewMessage | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """What is stored with the end of a recall. `not_corrected` says why a correction that was asked for was refused."""

    recall: str
    summary: NewMessage | None
    correction: NewMessage | None = None
    not_corrected: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A copy in quarantine. `header` is sealed, and None where what was kept has been purged."""

    id: int
    recall: str
    person: int
    address: str
    place: Place
    flags: frozenset[str]
    size: int
    delivered_at: Instant | None
    header: bytes | None
    digest: bytes | None
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Restoration:
    """One copy that stands in its mailbox again."""

    token: str
    copy: int
    person: int
    actor: str
    evidence: str


class RecallStore(Protocol):
    def now(self) -> Instant: ...

    async def start(self, recall: NewRecall) -> str:
        """Afterwards the recall stands, and what had not left of the recipients meant is undone, in one transaction.

        Returns its id: that of a recall of the same message that is still running and asks for no less, where there
        is one. NotFound where there is no such message or no such recipient.
        """
        ...

    async def confirm(self, recall: str, actor: str) -> None:
        """Afterwards a recall that waited for a second person goes on, and its watch begins. NotFound where there is no
        such recall, NotNow where the actor is the person who asked for it."""
        ...

    async def times(self, account: str, kinds: Sequence[str], since: Instant) -> Sequence[Instant]:
        """When acts of those kinds were done to that account's mail since then, earliest first."""
        ...

    async def facts(self, recall: str) -> RecallFacts | None: ...

    async def stamp(self, message: str) -> Stamp | None:
        """By what copies of a message are known again; None where it was never accepted."""
        ...

    async def envelope_sender(self, message: str) -> str:
        """Empty for the null reverse-path."""
        ...

    async def claim(self, request: WorkRequest) -> Work: ...

    async def renew(self, tokens: Sequence[str], lease: Duration) -> None: ...

    async def expand(self, expansion: Expansion) -> None:
        """Raises LostClaim."""
        ...

    async def has_body(self, recall: str, digest: bytes) -> bool: ...

    async def keep_piece(self, piece: BodyPiece) -> None: ...

    async def plan(self, plan: Plan) -> int:
        """Afterwards the copy is written down and kept, durably; returns its id. Raises LostClaim, and
        BodyMissing where the plan brings no body and the store has none."""
        ...

    async def settle_copy(self, outcome: CopyOutcome) -> None:
        """Raises LostClaim."""
        ...

    async def settle_person(self, outcome: PersonOutcome) -> None:
        """Raises LostClaim."""
        ...

    async def give_back(self, token: str) -> None:
        """Whatever the token holds may be claimed again at once."""
        ...

    async def finished(self) -> Sequence[RecallFacts]:
        """Recalls of which nothing is pending any more and whose end was not written down yet."""
        ...

    async def finish(self, ending: Ending) -> bool:
        """Afterwards the recall is done, and its summary and correction are on their way if this call ended it; returns
        whether."""
        ...

    async def next_try(self, recall: str | None = None) -> Instant | None: ...

    async def untried(self, recall: str) -> int:
        """How many of a recall nobody has looked at yet, or are being looked at now."""
        ...

    async def report(self, recall: str) -> Report | None: ...

    async def recalls(self, message: str) -> Sequence[str]:
        """The recalls of a message, newest first."""
        ...

    async def outline(self, recall: str) -> Sequence[tuple[str, Set[Outcome]]]:
        """Each recipient with the outcomes of whoever is behind it: as long as the envelope, however many they are."""
        ...

    async def counts(self, recall: str) -> dict[Outcome, int]:
        """People by outcome as things stand; a recipient who was not looked behind yet counts as one."""
        ...

    async def kept(self, recall: str) -> Sequence[Kept]: ...

    def kept_body(self, recall: str, digest: bytes) -> AsyncIterator[bytes]:
        """The sealed pieces."""
        ...

    async def hold_person(self, person: int, token: str, lease: Duration) -> bool:
        """Whether the token holds this person now, so that nobody else restores the same copies."""
        ...

    async def note_restored(self, restoration: Restoration) -> None:
        """Afterwards copy and person are `restored`, once. Raises LostClaim."""
        ...

    async def waiting(self) -> Sequence[WaitingRecall]:
        """Those that wait for a second person, the newest first."""
        ...

    async def note_asked(self, asked: Asked) -> bool:
        """Writes down as an act and an event of the message what was asked for; False, and nothing written, where the
        actor has asked for `most` of the kind since then."""
        ...


Covering = Callable[[str], Connector | None]
"""The connector that covers an address; None where none does."""
Expand = Callable[[str], Awaitable[Sequence[str]]]
"""The people behind an address: itself, where it is nobody's list or alias. Raises TakebackError where it cannot be
found out now."""
