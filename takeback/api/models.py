"""What the resources take and give, for the schema. Documents are built by `takeback.flows.documents`; a field that is
not named here comes through all the same."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from takeback.auth.credentials import LONGEST_NAME
from takeback.hold.states import State
from takeback.ports.people import Right, Scope
from takeback.recall.correction import LONGEST_WORDS

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""RFC 3339, UTC, with six digits of a second."""


class Asked(BaseModel):
    """What a program sends: nothing that is not known is taken."""

    model_config = ConfigDict(extra="forbid")


class Told(BaseModel):
    model_config = ConfigDict(extra="allow")


class Recipient(Told):
    address: str
    state: State
    due_at: Time | None
    at: Time
    reply: str | None


class Message(Told):
    id: str
    message_id: str | None
    from_: Annotated[str, Field(alias="from")]
    subject: str | None
    accepted_at: Time
    size: int
    account: str
    recipients: list[Recipient]


class Event(Told):
    at: Time
    kind: str
    actor: str
    detail: dict[str, Any]


class WholeMessage(Message):
    events: list[Event]
    findings: list[dict[str, Any]]
    also: list[str]


class MessagePage(Told):
    messages: list[Message]
    next: str | None
    """Given as `before`, it leads to the next page."""


class Refused(Told):
    address: str
    state: State
    at: Time
    reply: str | None


class Undone(Told):
    id: str
    stopped: list[str]
    too_late: list[Refused]
    also: list[Undone]


class Released(Told):
    id: str
    released: list[str]
    not_released: list[Refused]
    also: list[Released]


class Held(Told):
    id: str
    held: list[str]
    not_held: list[Refused]
    until: Time | None
    also: list[Held]


Recipients = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=1000)]] | None,
    Field(min_length=1, max_length=10_000, description="Only these recipients; left out: all of them."),
]


class UndoRequest(Asked):
    recipients: Recipients = None


class ReleaseRequest(Asked):
    recipients: Recipients = None
    again: bool = False
    """Send an unknown one once more; it may then arrive twice."""


class HoldRequest(Asked):
    """Exactly one of `for`, `until` and `until_released`."""

    for_: Annotated[str | None, Field(alias="for", max_length=40, examples=["10m"])] = None
    until: Annotated[str | None, Field(max_length=40, examples=["2026-11-24T14:30:00Z"])] = None
    until_released: bool = False
    recipients: Recipients = None


class LookRequest(Asked):
    recipients: Recipients = None
    also_read: bool = False
    """Take back what was read, too, where the configuration allows it."""


Correction = Annotated[
    str | None,
    Field(
        max_length=LONGEST_WORDS,
        description="Ask those who are not reached, once and in the sender's name, to disregard the message, and add "
        "these words; empty adds none.",
    ),
]


class RecallRequest(LookRequest):
    correction: Correction = None


class ReplaceRequest(RecallRequest):
    message: Annotated[Base64Bytes, Field(min_length=1, max_length=1 << 20)]
    """The corrected message as a file (RFC 5322), in base64."""
    despite_review: bool = False
    """Replace even if the review would hold the corrected message."""


class Restored(Told):
    address: str
    outcome: str
    reason: str | None
    detail: str | None


class RestoredRecall(Told):
    id: str
    people: list[Restored]


class RecalledPerson(Told):
    address: str
    outcome: str
    reason: str | None
    at: Time
    next_try_at: Time | None
    detail: str | None = None
    copies: list[dict[str, Any]]
    """What became of each copy, with its evidence; for administrators."""


class RecalledRecipient(Told):
    address: str
    outcome: str
    reason: str | None
    at: Time
    people: list[RecalledPerson]


class CorrectionOfRecall(Told):
    message: str | None
    """The message that carries it; null until the recall is over."""
    recipients: int


class Recall(Told):
    id: str | None
    message: str
    status: str
    asked_at: Time
    watch_until: Time
    counts: dict[str, int]
    """How many people came to each outcome."""
    recipients: list[RecalledRecipient]
    correction: CorrectionOfRecall | None
    also: list[str]
    full: bool
    """Whether it holds what is for administrators."""
    all_tried: bool
    """Whether everybody was looked at once; then nothing but `pending` remains."""


class RecallIds(Told):
    recalls: list[str]


class FineRequest(Asked):
    code: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[a-z0-9_]+$", examples=["typo_domain"])]


class CalledFine(Told):
    id: str
    code: str
    findings: int
    """How many findings of the message that were."""


class Me(Told):
    account: str
    address: str
    rights: list[Right]
    acts_for: list[str]
    delegates: list[str]
    scopes: list[Scope]
    preferences: Preferences


class Preferences(Asked):
    language: Annotated[str, Field(max_length=20)] = ""
    """A code such as `ar`; empty: what the browser asks for."""
    notices: Literal["never", "always"] = "never"
    """Whether a notice of each held message comes by mail."""


class Person(Told):
    account: str
    rights: list[Right]
    acts_for: list[str]


class People(Told):
    people: list[Person]


class Counts(Told):
    recipients: dict[State, int]


Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]


class NewAppPassword(Asked):
    name: Name


class AppPassword(Told):
    id: str
    name: str
    created_at: Time
    last_used_at: Time | None


class AppPasswords(Told):
    app_passwords: list[AppPassword]


class MadeSecret(Told):
    id: str
    name: str
    secret: str
    """Shown now and never again."""


class NewKey(Asked):
    name: Name
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=4)]
    expires_in: Annotated[str | None, Field(max_length=40, examples=["90d"])] = None


class Key(Told):
    id: str
    account: str
    name: str
    scopes: list[Scope]
    created_at: Time
    last_used_at: Time | None
    expires_at: Time | None


class Keys(Told):
    keys: list[Key]


class ProblemDocument(Told):
    """RFC 9457. `code` is one of those in docs/api.md."""

    type: str
    title: str
    status: int
    detail: str | None = None
    code: str


Me.model_rebuild()
