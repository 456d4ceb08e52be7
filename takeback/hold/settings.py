"""`[hold]` of the configuration."""

from __future__ import annotations

import re
from datetime import time
from enum import StrEnum
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, field_validator

from takeback.clock import DAY, HOUR, SECOND
from takeback.mail.address import Pattern, read_patterns
from takeback.quantities import DurationText, Settings, SizeText, WindowText

_COMPARISON = re.compile(r"(<=|>=|<|>)?\s*(\S.*)")
Operator = Literal["<", "<=", ">", ">=", "="]


class Comparison(Settings):
    """`> 10`, `<= 5`, `3`: an operator and a whole number (or a size)."""

    operator: Operator
    value: SizeText

    def holds_for(self, amount: int) -> bool:
        match self.operator:
            case "<":
                return amount < self.value
            case "<=":
                return amount <= self.value
            case ">":
                return amount > self.value
            case ">=":
                return amount >= self.value
            case "=":
                return amount == self.value


def _read_comparison(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return {"operator": "=", "value": value}
    if not isinstance(value, str) or (match := _COMPARISON.fullmatch(value.strip())) is None:
        return value
    operator, amount = match[1] or "=", match[2].strip()
    return {"operator": operator, "value": int(amount) if amount.isdigit() else amount}


ComparisonText = Annotated[Comparison, BeforeValidator(_read_comparison)]

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2})")


class Span(Settings):
    """A part of the week: `18:00-08:00`, `fri-sat`, `sun-thu 08:00-17:00`. A span may pass midnight or the
    week's end; its days are those on which it starts."""

    days: frozenset[int]
    start: time
    end: time

    def contains(self, weekday: int, moment: time) -> bool:
        if self.start < self.end:
            return weekday in self.days and self.start <= moment < self.end
        evening = weekday in self.days and moment >= self.start
        morning = (weekday - 1) % 7 in self.days and moment < self.end
        return evening or morning


def _read_days(text: str) -> frozenset[int]:
    first, _, last = text.partition("-")
    start, end = _DAYS.index(first), _DAYS.index(last or first)
    return frozenset((start + offset) % 7 for offset in range((end - start) % 7 + 1))


def _read_span(value: object) -> object:
    if not isinstance(value, str):
        return value
    days: frozenset[int] = frozenset(range(7))
    start = end = time(0)
    try:
        for word in value.lower().split():
            if match := _HOURS.fullmatch(word):
                start, end = (time(0) if text == "24:00" else time.fromisoformat(text) for text in match.groups())
            else:
                days = _read_days(word)
    except ValueError:
        raise ValueError('write it as "18:00-08:00", "fri-sat" or "sun-thu 08:00-17:00"') from None
    return {"days": days, "start": start, "end": end}


SpanText = Annotated[Span, BeforeValidator(_read_span)]


def _read_list(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


class Side(StrEnum):
    """What `recipients` may say besides addresses."""

    INTERNAL = "internal"
    EXTERNAL = "external"


def _read_recipients(value: object) -> tuple[Pattern | Side, ...]:
    listed = value if isinstance(value, list | tuple) else [value]
    sides = tuple(side for side in Side if side in listed)
    others = [item for item in listed if item not in sides]
    return sides + read_patterns(others) if others or not sides else sides


Recipients = Annotated[tuple[Pattern | Side, ...], BeforeValidator(_read_recipients)]
Codes = Annotated[tuple[str, ...], BeforeValidator(_read_list)]
Senders = Annotated[tuple[Pattern, ...], BeforeValidator(read_patterns)]


class Condition(Settings):
    """What a rule asks for; all that is written must hold. `recipients` is asked of each recipient by itself."""

    sender: Senders | None = None
    """Patterns for the envelope sender."""
    recipients: Recipients | None = None
    """`internal`, `external` (see `[organisation]`), or patterns; asked of each recipient."""
    recipient_count: ComparisonText | None = None
    """How many recipients the message has: `">10"`, `"<= 3"`, `1`."""
    has_attachment: bool | None = None
    """Whether some part has `Content-Disposition: attachment`."""
    size: ComparisonText | None = None
    """The size of the message: `">5MB"`."""
    header: dict[str, str] | None = None
    """Fields that must be there, each with a glob for its value: `{ Subject = "*urgent*" }`. Case does not
    matter."""
    finding: Codes | None = None
    """A code that the review has found, or a list of codes. Such a rule is asked once the review is in, and can only
    lengthen what the message waits."""
    time: SpanText | None = None
    """A part of the week: `"18:00-08:00"`, `"fri-sat"`, `"sun-thu 08:00-17:00"`."""


class Rule(Settings):
    """A window for what meets a condition. A `firm` one may be lengthened by the sender, not shortened."""

    when: Condition = Condition()
    """What the rule asks for. Without it the rule matches everything."""
    window: WindowText
    """As `hold.window`; `"0s"` lets the copy leave at once, `"until released"` never by itself."""
    firm: bool = False
    """The sender may lengthen this window, and not shorten it."""
    notice: bool = False
    """Whether the sender gets a mail that says so, with a link that stops the message."""


class HoldSettings(Settings):
    window: WindowText = 30 * SECOND
    """How long a message is held where no rule matches; `"until released"` holds it until somebody releases it.
    Mail of programs (null sender, or `Auto-Submitted` other than `no`) is not held by it."""
    shortest: DurationText = 0
    """What a client asks for is lengthened to this."""
    longest: DurationText = 30 * DAY
    """The longest hold that a client may ask for. FUTURERELEASE announces it."""
    late_tolerance: DurationText = 4 * HOUR
    """What came due longer ago than this while Takeback was not working is kept, and its sender asked."""
    timezone: str = "UTC"
    """The time zone of `time` in rules."""
    rule: Annotated[tuple[Rule, ...], BeforeValidator(_read_list)] = Field(default=())

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f'no time zone {name!r}; write it as "Asia/Riyadh" or "Europe/London"') from None
        return name
