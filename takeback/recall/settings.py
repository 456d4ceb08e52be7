"""`[recall]` of the configuration."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from takeback.clock import DAY, HOUR, MINUTE
from takeback.mail.address import Pattern, read_patterns
from takeback.quantities import DurationText, Settings
from takeback.recall.permission import Limits


def _read_some_patterns(value: object) -> object:
    """No pattern at all is what the default says: nobody."""
    return () if value in ([], ()) else read_patterns(value)


Addresses = Annotated[tuple[Pattern, ...], BeforeValidator(_read_some_patterns)]
Notify = Literal["never", "read", "always"]


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

    @property
    def limits(self) -> Limits:
        return Limits(self.per_hour, self.after_password_change, self.second_person_above)
