"""`[data]` and `[retention]` of the configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from takeback.chain import LEAST_KEPT
from takeback.clock import DAY
from takeback.quantities import DurationText, OptionalPathText, PathText, Settings, SizeText


class DataSettings(Settings):
    folder: Annotated[PathText, Field(validate_default=True)] = Path("takeback-data")
    """Where the embedded database is and large uploads are spooled."""
    database: str = "sqlite"
    """`sqlite`, or `postgresql://user@host/name`."""
    key_file: OptionalPathText = None
    """What seals the secrets in the database; made at first use. Without it, `takeback.key` in `folder`. Keep a copy
    apart from your backups."""
    reserve: SizeText = 256 << 20
    """With less room on the disk than this nothing is accepted; with less than half of it nothing is claimed."""

    @property
    def key_path(self) -> Path:
        return self.key_file or self.folder / "takeback.key"


class RetentionSettings(Settings):
    """How long what is finished is kept. Nothing that is held or on its way is ever deleted."""

    sent: DurationText = 3 * DAY
    """The bytes of what was sent, failed or let be."""
    stopped: DurationText = 30 * DAY
    """The bytes of what was undone."""
    metadata: DurationText = 180 * DAY
    """Everything else: addresses, states, replies, events."""
    acts: Annotated[DurationText, Field(ge=LEAST_KEPT)] = 730 * DAY
    """The sealed record of who did what; at least `"30d"`. Of what is deleted the digest stays."""
