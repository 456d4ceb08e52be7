"""Mail with its text, whose real attachments are known: what rules about content are measured on."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any, NamedTuple

from takeback.review.message import Message, read

FILE = "enron-mailboxes.jsonl.gz"
DOMAIN = "example.com"

_UNSENT = frozenset(("Drafts", "Calendar", "Contacts"))
_BULK = re.compile(
    r"announc|mbx_|security|notice|admin|postmaster|newsletter|@enron$|helpdesk|support|info|listserv|resolution center"
    r"|no.?reply|enron general",
    re.IGNORECASE,
)
_ARTEFACT = re.compile(r"\.(?:dat|dtf|vcf|gif|htm|bmp)$|^#|^ATT0|Quarantined", re.IGNORECASE)
"""What mail systems of that time left behind: cards, backgrounds, and parts that they could not convert."""


class Kept(NamedTuple):
    """`message` is without its attachments; `had_files` says whether it had one, `by_people` that neither a program
    wrote it nor a whole department."""

    message: Message
    had_files: bool
    by_people: bool


def kept(file: Path) -> Iterator[Kept]:
    """Each message that was sent or received. What had nothing but artefacts attached is left out."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            files = [name for name in row["attachments"] if not _ARTEFACT.search(name)]
            if row["folder"] not in _UNSENT and (files or not row["attachments"]):
                yield Kept(read(written(row)), bool(files), not _BULK.search(row["from"][0]))


def written(row: dict[str, Any]) -> bytes:
    """The message with its subject, time and text; names stand for the people, whose addresses were not kept."""
    subject = " ".join(" ".join(row["subject"] or []).split())
    head = f"From: a <a@{DOMAIN}>\r\nTo: b <b@{DOMAIN}>\r\nSubject: {subject}\r\n{_date(row)}"
    return f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{row['body']}".encode("utf-8", "replace")


def _date(row: dict[str, Any]) -> str:
    try:
        when = datetime.strptime(row["date"][0], "%d/%m/%Y %I:%M:%S %p").replace(tzinfo=UTC)
    except (ValueError, IndexError):
        return ""
    return f"Date: {format_datetime(when)}\r\n"
