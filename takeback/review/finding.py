"""A finding: one likely mistake in one message, with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

_LONGEST_ABOUT = 500


@dataclass(frozen=True, slots=True)
class Reason:
    """The fact in one sentence, in each language by its code. What strangers wrote in it is as they wrote it: show it
    through `takeback.visible.visible` only."""

    en: str
    ar: str

    def said(self, language: str) -> str:
        """In the language of that code, or else in English."""
        return self.ar if language == "ar" else self.en


@dataclass(frozen=True, slots=True)
class Where:
    """What it is about: a recipient's address, a line of the text (from 1), an attachment's name; None: not that."""

    recipient: str | None = None
    line: int | None = None
    attachment: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """`probability` is calibrated: of all findings with 0.3, three in ten are mistakes. `about` is what "this is fine"
    silences the code for (`about`), the narrowest thing that comes again; empty where the next one may be a mistake."""

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


def about(*what: str) -> str:
    """Several things together as one, short enough to be stored: addresses, names, domains in canonical form, words,
    the ends of numbers; never a secret itself, because it is kept and shown."""
    whole = " ".join(" ".join(each.split()) for each in what if each)
    if len(whole) <= _LONGEST_ABOUT:
        return whole
    return f"{whole[:_LONGEST_ABOUT]}… {blake2b(whole.encode('utf-8', 'replace'), digest_size=9).hexdigest()}"
