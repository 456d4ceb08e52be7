"""A finding: one likely mistake in one message, with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Reason:
    """The fact in one sentence, in each language by its code. What strangers wrote in it is as they wrote it: show it
    through `takeback.visible.visible` only."""

    en: str
    ar: str


@dataclass(frozen=True, slots=True)
class Where:
    """What it is about: a recipient's address, a line of the text (from 1), an attachment's name; None: not that."""

    recipient: str | None = None
    line: int | None = None
    attachment: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """`probability` is calibrated: of all findings with 0.3, three in ten are mistakes. `about` is what "this is fine"
    silences the code for: an address, a name, a domain in canonical form; empty where it is the message itself."""

    code: str
    probability: float
    reason: Reason
    where: Where = Where()
    about: str = ""

    def document(self) -> dict[str, Any]:
        """As `takeback review --json` and the interface for programs print it."""
        where = {
            name: value
            for name in ("recipient", "line", "attachment")
            if (value := getattr(self.where, name)) is not None
        }
        return {
            "code": self.code,
            "probability": round(self.probability, 4),
            "reason": {"en": self.reason.en, "ar": self.reason.ar},
            "where": where,
        }
