"""The documents of the HTTP interface, back into what the store would have said. What does not fit is refused whole."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from takeback.clock import Instant, parse_rfc3339
from takeback.hold.states import State
from takeback.ports.people import Right
from takeback.ports.store import Answer, EventView, FindingView, MessageView, Origin, RecipientView
from takeback.review.finding import Finding, Reason, Where

_LAST: Instant = parse_rfc3339("9000-01-01T00:00:00Z")
"""Later times cannot be shown in every zone."""


def _instant(value: object) -> Instant:
    """ValueError unless it is a time that can be shown."""
    if not isinstance(value, str) or not 0 <= (instant := parse_rfc3339(value)) < _LAST:
        raise ValueError("no time")
    return instant


def _detail(value: dict[str, Any]) -> dict[str, Any]:
    return {**value, "due_at": _instant(value["due_at"])} if isinstance(value.get("due_at"), str) else value


Time = Annotated[int, BeforeValidator(_instant)]


class _Recipient(BaseModel):
    address: str
    state: State
    due_at: Time | None = None
    at: Time
    reply: str | None = None

    def view(self) -> RecipientView:
        return RecipientView(self.address, self.state, self.due_at, self.at, self.reply or "", "")


class _Reason(BaseModel):
    en: str
    ar: str


class _Where(BaseModel):
    recipient: str | None = None
    line: int | None = None
    attachment: str | None = None


class _Finding(BaseModel):
    code: str
    probability: Annotated[float, Field(ge=0, le=1)]
    reason: _Reason
    where: _Where
    effect: str
    judgement: str | None = None

    def view(self) -> FindingView:
        where = Where(self.where.recipient, self.where.line, self.where.attachment)
        finding = Finding(self.code, self.probability, Reason(self.reason.en, self.reason.ar), where)
        return FindingView(finding, self.effect, self.judgement or "")


class Message(BaseModel):
    id: Annotated[str, Field(pattern=r"^[a-z0-9]{1,64}$")]
    message_id: str | None
    sender: Annotated[str, Field(alias="from")]
    subject: str | None
    accepted_at: Time
    size: Annotated[int, Field(ge=0, lt=1 << 63)]
    account: str
    origin: Origin
    recipients: list[_Recipient]
    findings: list[_Finding]

    def view(self) -> MessageView:
        return MessageView(
            id=self.id,
            message_id=self.message_id or "",
            account=self.account,
            origin=self.origin,
            sender=self.sender,
            subject=self.subject or "",
            size=self.size,
            accepted_at=self.accepted_at,
            recipients=[each.view() for each in self.recipients],
            findings=[each.view() for each in self.findings],
            withheld=self.subject is None,
        )


class _Event(BaseModel):
    at: Time
    kind: str
    actor: str
    detail: Annotated[dict[str, Any], AfterValidator(_detail)]

    def view(self) -> EventView:
        detail = dict(self.detail)
        recipient = detail.pop("recipient", None)
        return EventView(self.at, self.kind, self.actor, None if recipient is None else str(recipient), detail)


class Page(BaseModel):
    messages: list[Message]
    next: str | None


class Whole(Message):
    events: list[_Event]

    def record(self) -> list[EventView]:
        return [each.view() for each in self.events]


class Me(BaseModel):
    account: str
    rights: list[Right]
    acts_for: list[str]


class Acted(BaseModel):
    """What an act came to for one message."""

    done: list[str]
    refused: list[_Recipient]
    until: Time | None = None

    def answer(self, message: str, state: State, now: Instant) -> Answer:
        """As the store gives it: whom it was done for is now in that state."""
        done = [RecipientView(each, state, self.until, now, "", "") for each in self.done]
        return Answer(message, done, [each.view() for each in self.refused])


class Undone(Acted):
    done: Annotated[list[str], Field(alias="stopped")]
    refused: Annotated[list[_Recipient], Field(alias="too_late")]


class Released(Acted):
    done: Annotated[list[str], Field(alias="released")]
    refused: Annotated[list[_Recipient], Field(alias="not_released")]


class Held(Acted):
    done: Annotated[list[str], Field(alias="held")]
    refused: Annotated[list[_Recipient], Field(alias="not_held")]
