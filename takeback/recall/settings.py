"""`[recall]` of the configuration."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from takeback.clock import DAY, HOUR, MINUTE, SECOND
from takeback.mail.address import Pattern, is_addr_spec, read_patterns
from takeback.quantities import DurationText, Settings
from takeback.recall.permission import Limits


def _read_some_patterns(value: object) -> object:
    """No pattern at all is what the default says: nobody."""
    return () if value in ([], ()) else read_patterns(value)


Addresses = Annotated[tuple[Pattern, ...], BeforeValidator(_read_some_patterns)]
Notify = Literal["never", "read", "always"]


def _read_addresses(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


class DrillSettings(Settings):
    """A canary that is sent and taken back, by `takeback drill` and by `serve` itself."""

    mailboxes: Annotated[tuple[str, ...], BeforeValidator(_read_addresses)] = ()
    """Addresses of mailboxes that are there for this, at least one on each server; nobody reads them."""
    every: DurationText = 0
    """How often `serve` holds a drill by itself; `"0s"` means never."""
    patience: Annotated[DurationText, Field(ge=SECOND)] = 2 * MINUTE
    """How long a canary may take to arrive, and again to be taken back."""

    @field_validator("mailboxes")
    @classmethod
    def _are_addresses(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        for address in addresses:
            if not is_addr_spec(address) or "*" in address:
                raise ValueError(f'{address!r} is no address; write it as "drill@example.com"')
        return addresses


class RecallSettings(Settings):
    max_age: DurationText = 7 * DAY
    """An older message cannot be recalled any more."""
    also_read: bool = False
    """Whether `--also-read` may be asked for: removing copies that were read. Recipients notice."""
    watch: Annotated[DurationText, Field(ge=MINUTE)] = DAY
    """How long a recall looks for copies that have not arrived, and tries servers that do not answer."""
    keep: DurationText = 30 * DAY
    """How long recalled copies are kept, sealed, so that `takeback restore` can put them back."""
    notify: Notify = "never"
    """Whether recipients are told, in words that do not repeat the subject: `never`, `read` (those who had read their
    copy) or `always` (those whose copy was removed too)."""
    protected: Addresses = ()
    """Mailboxes that are never touched. To the sender they read like those out of reach."""
    legal_hold: Addresses = ()
    """Mailboxes whose recalled copies are kept for good, not only for `keep`."""
    per_hour: Annotated[int, Field(ge=0)] = 20
    """How many recalls and replacements of an account's mail may be asked for in an hour; 0 means any number."""
    dry_runs_per_hour: Annotated[int, Field(ge=0)] = 20
    """How many dry runs the same person may ask for in an hour: each says how many have read a message. 0 means any
    number."""
    after_password_change: DurationText = HOUR
    """So long after its password was changed an account can take nothing back: whoever has stolen it might begin with
    removing the traces."""
    second_person_above: Annotated[int, Field(ge=0)] = 500
    """A recall of more mailboxes than this waits until a second person confirms it (`takeback confirm`); 0 means
    never."""

    drill: DrillSettings = DrillSettings()

    @property
    def limits(self) -> Limits:
        return Limits(self.per_hour, self.after_password_change, self.second_person_above)
