"""The promise of a store: every method is a transition, one transaction that says what it changed.

Times are `Instant`s of the store's own clock. A method that raises StoreUnavailable may or may not have been
carried out; asked once more with the same request it changes nothing twice, because requests carry their ids and
tokens with them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from takeback.clock import Duration, Instant
from takeback.hold.states import State
from takeback.mail.envelope import Envelope, Recipient
from takeback.ports.relay import Content, Outcome
from takeback.review.finding import Finding


class Origin(StrEnum):
    SUBMISSION = "submission"
    SYSTEM = "system"
    """Our own reports and notices: null sender, never held, reviewed or taken for a command."""


@dataclass(frozen=True, slots=True)
class NewMessage:
    """One message to accept. `due_at` goes with the envelope's recipients; None waits for a release.

    `content` holds the bytes in order, in pieces of at most 1 MiB; it is empty where they were staged under the
    same id. `future_release` is the DSN field of RFC 4865 §5.1.2 where the client asked for a hold itself.
    """

    id: str
    account: str
    origin: Origin
    envelope: Envelope
    due_at: Sequence[Instant | None]
    accepted_at: Instant
    size: int
    eight_bit: bool
    content: Sequence[bytes]
    lock_secret: bytes
    body_digest: bytes
    message_id: str = ""
    header_from: str = ""
    header_date: str = ""
    subject: str = ""
    future_release: str = ""
    client: str = ""
    review_by: Instant | None = None


@dataclass(frozen=True, slots=True)
class StagedChunk:
    """A piece of a large body, kept ahead of the message it belongs to."""

    message: str
    index: int
    data: bytes


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """At most `limit` due recipients, for a worker that shows `token` with whatever it does to them.

    `expected_now` is what the store's clock should say by a clock that cannot be set.
    """

    token: str
    limit: int
    lease: Duration
    expected_now: Instant


@dataclass(frozen=True, slots=True)
class ClaimedRecipient:
    id: int
    recipient: Recipient
    attempts: int
    first_claim_at: Instant
    delay_reported: bool


@dataclass(frozen=True, slots=True)
class ClaimedMessage:
    """Recipients of one message that are now `claimed`, with all that relaying and reporting need."""

    id: str
    token: str
    account: str
    origin: Origin
    envelope: Envelope
    recipients: Sequence[ClaimedRecipient]
    accepted_at: Instant
    message_id: str
    future_release: str
    content: Content


@dataclass(frozen=True, slots=True)
class DotMark:
    """The recipients of one transaction that are about to leave."""

    token: str
    recipients: Sequence[int]


@dataclass(frozen=True, slots=True)
class Result:
    """What one attempt came to for one recipient; `due_at` says when a deferred one is tried again."""

    recipient: int
    outcome: Outcome
    due_at: Instant | None = None
    delay_reported: bool = False


@dataclass(frozen=True, slots=True)
class Settlement:
    """The results of one consignment, and the reports that are due if they stand.

    A report is stored in the same transaction as the results it speaks of, or not at all.
    """

    token: str
    results: Sequence[Result]
    reports: Sequence[NewMessage] = ()


@dataclass(frozen=True, slots=True)
class Handback:
    """Claimed recipients that did not leave and were not tried; due at once, or at `due_at`."""

    token: str
    recipients: Sequence[int]
    due_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """Messages of which something is asked, by whom, and for which recipients (None: all of them)."""

    messages: Sequence[str]
    actor: str
    recipients: frozenset[str] | None = None
    """Canonical keys of addresses (`takeback.mail.address.key`)."""
    client: str = ""
    """From where it was asked, for the record; empty on this machine."""


@dataclass(frozen=True, slots=True)
class HoldRequest:
    """Keep until `due_at`; None until released."""

    selection: Selection
    due_at: Instant | None


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
    """Send now; `again` also sends what is `unknown` once more."""

    selection: Selection
    again: bool = False


@dataclass(frozen=True, slots=True)
class Drop:
    """Delete what a stopped message said."""

    message: str
    actor: str
    client: str = ""


@dataclass(frozen=True, slots=True)
class RecipientView:
    """One recipient as people are told of it; `at` is when it entered its state."""

    address: str
    state: State
    due_at: Instant | None
    at: Instant
    reply: str
    server: str


@dataclass(frozen=True, slots=True)
class FindingView:
    """What the review has found, what that did (`takeback.review.policy.Effect`), and what people's acts have said of
    it since (`takeback.ports.review.Judgement`; empty where nothing)."""

    finding: Finding
    effect: str
    judgement: str = ""


@dataclass(frozen=True, slots=True)
class MessageView:
    id: str
    message_id: str
    account: str
    origin: Origin
    sender: str
    subject: str
    size: int
    accepted_at: Instant
    recipients: Sequence[RecipientView]
    findings: Sequence[FindingView] = ()
    """The worst first."""
    withheld: bool = False
    """Subject and findings are empty because they are not for whoever asks."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Submissions of some accounts (None: all), newest first, at most `limit`, older than the message `before`. With
    `states`, those of which some recipient is in one of them; `with_reports`: Takeback's own too."""

    accounts: frozenset[str] | None
    limit: int
    before: str | None = None
    states: frozenset[State] = frozenset()
    with_reports: bool = False
    with_content: bool = False
    """Only those of which the content is still kept."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened to a message; `id` orders changes, nearly in the order in which they happened."""

    id: int
    message: str
    account: str
    at: Instant
    kind: str


@dataclass(frozen=True, slots=True)
class Position:
    """How far the record of events has been read: everything up to `floor`, and what of the rest is in `beyond`,
    with the time at which it was seen."""

    floor: int
    beyond: Mapping[int, Instant] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EventView:
    at: Instant
    kind: str
    actor: str
    recipient: str | None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request did to one message: the recipients it has changed (or found changed already) and the rest."""

    message: str
    done: Sequence[RecipientView]
    refused: Sequence[RecipientView]


@dataclass(frozen=True, slots=True)
class Usage:
    """What an account has under way. Counting stops just past the limits it was asked with."""

    held_messages: int
    held_bytes: int
    recent_submissions: int


@dataclass(frozen=True, slots=True)
class UsageQuestion:
    account: str
    since: Instant
    enough_held: int
    enough_recent: int


@dataclass(frozen=True, slots=True)
class Account:
    """One who may submit: its canonical key, the address as written, its password's hash, its grants."""

    key: str
    address: str
    password_hash: str
    grants: Sequence[str]
    created_at: Instant
    changed_at: Instant


@dataclass(frozen=True, slots=True)
class Parked:
    """A message whose recipients were kept instead of being sent late; `due_at` is when the first was due."""

    message: str
    account: str
    sender: str
    subject: str
    recipients: Sequence[str]
    due_at: Instant


class ParkReason(StrEnum):
    LATE = "late"
    CLOCK_STEP = "clock_step"


@dataclass(frozen=True, slots=True)
class ParkRequest:
    """Keep what is held and due before `due_before` (None: whatever has a due time) until somebody releases it.

    `notice` makes the message that tells the sender; it is stored in the same transaction. It may be called more
    than once, and from another thread.
    """

    reason: ParkReason
    due_before: Instant | None
    limit: int
    notice: Callable[[Parked], NewMessage | None] | None = None


@dataclass(frozen=True, slots=True)
class Retention:
    """How old what is finished must be before its body, then its rows, are deleted; at most `limit` at a time."""

    sent: Duration
    stopped: Duration
    metadata: Duration
    limit: int


class Store(Protocol):
    def now(self) -> Instant:
        """The store's clock, as well as it is known here."""
        ...

    async def stage(self, chunk: StagedChunk) -> None: ...

    async def accept(self, message: NewMessage) -> None:
        """Afterwards the message, its recipients, its content and its event are durable. Raises StoreFull or
        StoreUnavailable; then the client must be told to try again."""
        ...

    async def claim(self, request: ClaimRequest) -> Sequence[ClaimedMessage]:
        """Afterwards the recipients returned are `claimed` under the request's token and nobody else has them.
        Raises ClockStepped, having claimed nothing, when the store's clock is over an hour away from the
        expected time."""
        ...

    async def mark_dot(self, mark: DotMark) -> bool:
        """True: every one is `leaving`. False: at least one could not, and the others are back in the queue."""
        ...

    async def record(self, settlement: Settlement) -> Sequence[int]:
        """The recipients whose state follows from this settlement; the others were no longer the token's."""
        ...

    async def give_back(self, handback: Handback) -> None: ...

    async def renew(self, tokens: Sequence[str], lease: Duration) -> None:
        """Whatever the tokens still hold stays theirs for another lease."""
        ...

    async def reap(self, everything: bool = False) -> int:
        """Takes over what stale claims hold: claimed ones go back, leaving ones become unknown. Returns how many.
        `everything` is for a start at which nobody else can be working on the database."""
        ...

    async def undo(self, selection: Selection) -> Sequence[Answer]: ...

    async def release(self, request: ReleaseRequest) -> Sequence[Answer]: ...

    async def hold(self, request: HoldRequest) -> Sequence[Answer]: ...

    async def drop(self, request: Drop) -> bool:
        """True: the content of a stopped message is gone. False: it is still needed."""
        ...

    async def park(self, request: ParkRequest) -> Sequence[Parked]: ...

    async def heartbeat(self) -> Instant | None:
        """Notes that this store is being worked on now; returns when that was noted last."""
        ...

    async def last_heartbeat(self) -> Instant | None:
        """When anybody last noted that this store was being worked on."""
        ...

    async def note_fact(self, name: str, value: str) -> None:
        """Afterwards what the installation knows of itself under that name is this value, as of now."""
        ...

    async def sweep(self, retention: Retention) -> int:
        """Deletes some of what has had its time, and gives room back. Returns how many messages it touched."""
        ...

    async def next_due(self) -> Instant | None:
        """The earliest time at which something is to be claimed or reaped; None when nothing is."""
        ...

    async def usage(self, question: UsageQuestion) -> Usage: ...

    async def find(self, reference: str, account: str | None = None) -> Sequence[MessageView]:
        """The message of that id, or the submissions with that Message-ID, newest first."""
        ...

    async def last(self, account: str | None = None) -> MessageView | None:
        """The newest submission, whatever its state. Raises Ambiguous when no account is given and there are
        several."""
        ...

    async def outbox(self, account: str | None, limit: int | None) -> Sequence[MessageView]: ...

    async def messages(self, listing: Listing) -> Sequence[MessageView]: ...

    async def open_by_account(self) -> dict[str, int]:
        """How many messages of each account are held, on their way or wait for a decision."""
        ...

    async def count_by_state(self) -> dict[State, int]:
        """How many recipients are in each state, over all accounts."""
        ...

    async def events(self, message: str) -> Sequence[EventView]: ...

    async def recount(self, message: str) -> tuple[MessageView, Sequence[EventView]] | None:
        """The message of that id and its events, as of one moment: what an event tells, the message shows."""
        ...

    async def follow(self, position: Position | None) -> tuple[Sequence[Change], Position]:
        """What happened after a position, whichever process did it, and the position behind that; None: the end."""
        ...

    async def changes_since(self, id: int, accounts: frozenset[str] | None, limit: int) -> Sequence[Change]:
        """Changes to messages of those accounts (None: all) with greater ids."""
        ...

    async def note(self, message: str, kind: str, actor: str, client: str) -> None:
        """Afterwards the message's events have one more: somebody looked at what is not theirs to change."""
        ...

    def read(self, message: str) -> AsyncIterator[bytes]:
        """The stored bytes, in pieces."""
        ...

    async def account(self, key: str) -> Account | None: ...

    async def accounts(self) -> Sequence[Account]: ...
