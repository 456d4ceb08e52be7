"""The promises of review: a store of what is to be reviewed and what was found, and a reviewer that does the looking.

The transitions are as those of `takeback.ports.store`: durable when they answer, and the same request asked again
changes nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from takeback.clock import Duration, Instant
from takeback.mail.envelope import Envelope
from takeback.ports.store import NewMessage
from takeback.review.finding import Finding
from takeback.review.history import Change, Row
from takeback.review.policy import Judged, Silence
from takeback.review.postponing import Urgent


@dataclass(frozen=True, slots=True)
class TakeRequest:
    """At most `limit` messages that wait for a review, for a node that shows `token` with what it says of them; only
    `urgent` ones, where that is given."""

    token: str
    limit: int
    lease: Duration
    urgent: Urgent | None = None


@dataclass(frozen=True, slots=True)
class ToReview:
    """One message to review. `recipients` are those of the envelope, whatever has become of their copies."""

    id: str
    token: str
    account: str
    envelope: Envelope
    size: int
    accepted_at: Instant
    content: bytes | None = None
    """The bytes, where they are few; else they are to be read."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a review came to. `due_at` goes with the envelope's recipients: no copy leaves before it (None: before it
    is released); one that is due later anyway, or that somebody has sent by hand, is left as it is.

    `told` makes the mail that tells the sender, of the recipients that now wait longer; it is stored in the same
    transaction. It may be called more than once, and from another thread.
    """

    message: str
    token: str
    judged: Sequence[Judged]
    due_at: Sequence[Instant | None]
    detail: Mapping[str, Any] = field(default_factory=dict)
    told: Callable[[Sequence[str]], NewMessage | None] | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a verdict has changed. `stands` is false where another node has reviewed the message, or it was given up:
    then nothing was changed. `longer` are the recipients that wait longer now."""

    stands: bool
    longer: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Of at most `limit` messages accepted before that moment the review did not come in time. It ends their wait; or
    with `keep`, it says that they are kept until the review is in or somebody releases them."""

    accepted_before: Instant
    limit: int
    keep: bool


class Judgement(StrEnum):
    """What people's acts have said of a finding."""

    RIGHT = "right"
    """The copy that it was about was undone."""
    WRONG = "wrong"
    """It was released early, or called fine."""


@dataclass(frozen=True, slots=True)
class Fine:
    """ "This is fine": the findings of that code (None: of every code), on that message, were no mistakes, nor will
    they be on another."""

    message: str
    account: str
    code: str | None
    actor: str
    client: str = ""
    """The address from which it was said, where that is not this machine."""


@dataclass(frozen=True, slots=True)
class Forget:
    """Erase an account's history, as somebody asks."""

    account: str
    actor: str


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """How often a code was found, what it did, and what people's acts said of it."""

    code: str
    found: int
    held: int
    right: int
    wrong: int


@dataclass(frozen=True, slots=True)
class Remembered:
    """An account's history as stored; `version` rises with each change of it."""

    account: str
    version: int
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What an account's messages are judged by, beside the rules. `addresses` are its own, as written."""

    version: int
    silences: frozenset[Silence]
    addresses: Sequence[str]


@dataclass(frozen=True, slots=True)
class ToLearn:
    """A message that has left and that its sender's history does not have yet. `recipients` got their copy."""

    id: str
    account: str
    sender: str
    recipients: Sequence[str]
    sent_at: Instant
    size: int


@dataclass(frozen=True, slots=True)
class Learning:
    """A change of a history, that follows from those messages or, where there are none, from an import."""

    account: str
    version: int
    """The history that the change was made from."""
    change: Change
    messages: Sequence[str] = ()
    imported: Sequence[bytes] = ()
    """Digests of the messages that an import has counted in it."""


class ReviewStore(Protocol):
    async def take(self, request: TakeRequest) -> Sequence[ToReview]:
        """Messages that wait for a review and that nobody else has taken while the lease runs, oldest first."""
        ...

    async def waiting(self) -> int:
        """How many messages wait for a review and are not taken."""
        ...

    async def give_in(self, verdict: Verdict) -> Standing:
        """Afterwards the review is in, its findings are there, and the copies wait as they say."""
        ...

    async def give_up(self, request: GiveUp) -> Sequence[str]:
        """Afterwards those messages wait for no review any more, or are kept by that. Returns which."""
        ...

    async def circumstances(self, account: str) -> Circumstances: ...

    async def take_back(self) -> int:
        """Afterwards no message is taken: for a start at which nobody else can be at work. Returns how many were."""
        ...

    async def fine(self, request: Fine) -> Sequence[Finding]:
        """Afterwards those findings count as wrong, and what they were about is silenced for the account. Returns
        them; none where there is no such finding."""
        ...

    async def last_found(self, account: str) -> str | None:
        """The newest message of the account of which something was found; None where nothing ever was."""
        ...

    async def figures(self) -> Sequence[RuleFigures]:
        """Of every code that was found, by what is still kept."""
        ...

    async def history(self, account: str) -> Remembered: ...

    async def to_learn(self, limit: int) -> Sequence[ToLearn]:
        """Messages whose last copy has come to an end, oldest first."""
        ...

    async def learn(self, change: Learning) -> bool:
        """False, and nothing changed, where the history is another one by now. A message counts once."""
        ...

    async def known(self, account: str, digests: Sequence[bytes]) -> set[bytes]:
        """Those of the messages that the account's history has already, be it by an import or because they went
        through here."""
        ...

    async def forget(self, request: Forget) -> int:
        """Afterwards the account has no history, and nothing is silenced for it. Returns how many counters it had."""
        ...


@dataclass(frozen=True, slots=True)
class Assignment:
    """One message for the reviewer, and what it is to be judged by."""

    content: bytes
    sender: str
    recipients: Sequence[str]
    account: str
    version: int
    """Of the account's history."""
    identities: Sequence[str]
    """The canonical addresses that are the sender's own."""
    now: Instant
    internal: Sequence[str] = ()
    """The domains of the sender's organisation; each covers those below it."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the rules said. `failures` names those that said nothing, and why; `whole` is false where nothing at all
    could be said of the message."""

    score: float
    findings: Sequence[Finding]
    failures: Mapping[str, str]
    whole: bool = True


class Reviewer(Protocol):
    """Runs rules where they can hurt nothing but themselves."""

    @property
    def count(self) -> int:
        """How many messages it looks at at once."""
        ...

    async def review(self, assignment: Assignment) -> Opinion:
        """Always comes to an end, whatever the message is and whatever a rule does."""
        ...

    async def learn(self, assignment: Assignment) -> Change | None:
        """How the history changes with that message, sent at `now`; None where nothing can be read of it."""
        ...

    def learned(self, account: str, version: int, change: Change) -> None:
        """To be called when such a change is stored and has made the history that version."""
        ...
