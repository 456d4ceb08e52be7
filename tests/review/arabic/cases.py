"""The Arabic messages, each with a mistake or without it, as they stand in the files beside this one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from takeback.review.history import History
from tests.review.judging import history
from tests.review.mails import mail

FOLDER = Path(__file__).parent
_FILE = ("application/octet-stream", b"content")


@dataclass(frozen=True)
class Case:
    """`wrong` says whether the mistake of that code is in it."""

    code: str
    number: int
    wrong: bool
    fields: dict[str, str]
    text: str

    def content(self) -> bytes:
        listed = {
            name: [one.strip() for one in self.fields.get(name, "").split(";") if one.strip()] for name in ("to", "cc")
        }
        return mail(
            self.text,
            sender="Ann <ann@example.com>",
            to=listed["to"] or ["سامي <sami@example.org>"],
            cc=listed["cc"],
            subject=self.fields.get("subject", "بخصوص المشروع"),
            kind=self.fields.get("kind", "text/plain"),
            headers={"In-Reply-To": self.fields.get("answers", "")},
            files=[(name.strip(), *_FILE) for name in self.fields.get("files", "").split(";") if name.strip()],
        )

    def known(self) -> History:
        """Those whom `known: Name <address>; …` names were written to before."""
        people = (one.strip().rstrip(">").partition(" <") for one in self.fields.get("known", "").split(";"))
        return history(*((address, name) for name, _, address in people if address))


def cases() -> list[Case]:
    return [case for file in sorted(FOLDER.glob("*.txt")) for case in _read(file)]


def _read(file: Path) -> list[Case]:
    return [_case(file.stem, number, block) for number, block in enumerate(file.read_text().split("\n====\n"), 1)]


def _case(code: str, number: int, block: str) -> Case:
    head, _, text = block.partition("\n\n")
    fields = {name: value.strip() for name, _, value in (line.partition(":") for line in head.splitlines())}
    return Case(code, number, fields.pop("verdict") == "wrong", fields, text.rstrip("\n") + "\n")
