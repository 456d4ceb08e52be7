"""`[review]` of the configuration."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from takeback.clock import MINUTE, SECOND
from takeback.quantities import DurationText, Settings, SizeText, Window, WindowText, parse_window


class Tier(Settings):
    """A longer window for what is more likely a mistake. Where no tier is written: `2m` from 0.2 on, `15m` from 0.6,
    `until released` from 0.95."""

    above: Annotated[float, Field(ge=0, lt=1)]
    """From this probability on; of the tiers that a message reaches the last one counts."""
    window: WindowText
    """As `hold.window`, counted from the moment at which the review is in."""


Quiet = Literal["off", "notice"]
Policy = Quiet | Literal["hold"] | tuple[Window]
"""What findings of a code come to: nothing, being shown, a hold by the tiers, or a hold for that window."""


def parse_policy(text: str) -> Policy:
    """`off`, `notice`, `hold`, or a window; ValueError says what was expected."""
    match " ".join(text.lower().split()):
        case "off" | "notice" | "hold" as policy:
            return policy
        case "hold longer":
            return "hold"
    try:
        return (parse_window(text),)
    except ValueError:
        raise ValueError(f'{text!r} is no policy; write "off", "notice", "hold", "5m" or "until released"') from None


def _read_policy(value: object) -> object:
    return parse_policy(value) if isinstance(value, str) else value


def _read_list(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


PolicyText = Annotated[Policy, BeforeValidator(_read_policy)]

_TIERS = (
    Tier(above=0.2, window=2 * MINUTE),
    Tier(above=0.6, window=15 * MINUTE),
    Tier(above=0.95, window=None),
)


class ReviewSettings(Settings):
    """Each message is looked over between its 250 and its release. What looks like a mistake waits longer."""

    enabled: bool = True
    """Whether messages are reviewed at all."""
    hold: Annotated[tuple[Tier, ...], BeforeValidator(_read_list)] = Field(default=_TIERS)
    timeout: DurationText = 5 * SECOND
    """How long nothing leaves while the review of it is not in, counted from the 250."""
    on_failure: Literal["release", "hold"] = "release"
    """What becomes of a message that could not be reviewed within `timeout`: `release` lets it leave when it is due,
    `hold` keeps it until its review is in after all or somebody releases it."""
    notify: bool = False
    """Whether the sender also gets a mail when a finding holds a message longer. It never repeats the subject."""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """How many processes review at once, each at low priority on one core at most."""
    memory: SizeText = 768 << 20
    """How much memory each of them may take."""
    rules: dict[str, PolicyText] = Field(default={})
    """What a finding of each code comes to: `off`, `notice` (shown, holds nothing), `hold` (by the tiers, the default
    for every code), or a window such as `"10m"` or `"until released"`."""

    @field_validator("hold")
    @classmethod
    def _rising(cls, tiers: tuple[Tier, ...]) -> tuple[Tier, ...]:
        if any(one.above >= other.above for one, other in pairwise(tiers)):
            raise ValueError("write the tiers with rising `above`")
        return tiers

    @field_validator("memory")
    @classmethod
    def _enough(cls, memory: int) -> int:
        if memory < 256 << 20:
            raise ValueError('a review needs memory = "256MB" at least')
        return memory

    def policy(self, code: str) -> Policy:
        return self.rules.get(code, "hold")
