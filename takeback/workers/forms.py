"""How reviews, findings and histories are written in frames, and read again. What a worker says is checked as it is
read: a message may have taken it over."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

from takeback.ports.review import Opinion
from takeback.review.finding import Finding, Reason, Where
from takeback.review.history import Change, Row


class BadForm(Exception):
    """An answer that is none."""


def to_opinion(said: dict[str, Any]) -> Opinion:
    """Raises BadForm."""
    try:
        findings = [_to_finding(each) for each in said["findings"]]
        failures = {str(rule): str(reason) for rule, reason in said["failures"].items()}
        return Opinion(_probability(said["score"]), findings, failures)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BadForm from None


def of_finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "probability": finding.probability,
        "en": finding.reason.en,
        "ar": finding.reason.ar,
        "where": [finding.where.recipient, finding.where.line, finding.where.attachment],
        "about": finding.about,
    }


def _to_finding(said: dict[str, Any]) -> Finding:
    recipient, line, attachment = said["where"]
    return Finding(
        code=str(said["code"]),
        probability=_probability(said["probability"]),
        reason=Reason(str(said["en"]), str(said["ar"])),
        where=Where(
            None if recipient is None else str(recipient),
            None if line is None else int(line),
            None if attachment is None else str(attachment),
        ),
        about=str(said["about"]),
    )


def _probability(said: Any) -> float:
    value = float(said)
    if not 0 <= value <= 1:
        raise ValueError("no probability")
    return value


def of_row(row: Row) -> list[Any]:
    return list(astuple(row))


def to_row(said: Any) -> Row:
    kind, key, count, rank, first, last = said
    return Row(str(kind), str(key), int(count), float(rank), int(first), int(last))


def of_change(change: Change) -> dict[str, Any]:
    return {"changed": [of_row(row) for row in change.changed], "forgotten": [list(each) for each in change.forgotten]}


def to_change(said: Any) -> Change:
    """Raises BadForm."""
    try:
        forgotten = tuple((str(kind), str(key)) for kind, key in said["forgotten"])
        return Change(tuple(map(to_row, said["changed"])), forgotten)
    except (KeyError, TypeError, ValueError):
        raise BadForm from None


def to_names(said: Any) -> list[str]:
    """What is a name among what was said."""
    return [each for each in said if isinstance(each, str)] if isinstance(said, list) else []
