"""What a stored message holds, for people: its text, its attachments, its header lines. Pure, and it never raises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from takeback.review.mime import Part, leaves, split
from takeback.visible import visible
from takeback.web.speech import Speech, isolated

_SHOWN_TEXT = 64 << 10
_SHOWN_HEADER = 32 << 10
_LARGEST_PART = 64 << 20
_NAME = 120


@dataclass(frozen=True, slots=True)
class Attached:
    """One attachment; `number` is its place among the parts, for links and forms."""

    number: int
    name: Markup
    kind: str
    size: str


@dataclass(frozen=True, slots=True)
class Contents:
    has_html: bool
    text: str
    """Of the plain text, each character visible; empty where there is none."""
    cut: bool
    """Whether the text is longer than what is shown."""
    attachments: Sequence[Attached]
    header: str


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a message by what they are for. Places are those among all leaves, in order."""

    all: Sequence[Part]
    plain: int | None
    html: int | None

    @property
    def attached(self) -> list[int]:
        return [number for number in range(len(self.all)) if number not in (self.plain, self.html)]


def parts_of(content: bytes) -> Parts:
    found = list(leaves(*split(content)))
    return Parts(found, _first(found, "text/plain"), _first(found, "text/html"))


def _first(parts: Sequence[Part], kind: str) -> int | None:
    """The first of that kind that is not meant as a file."""
    return next(
        (number for number, part in enumerate(parts) if part.kind == kind and part.disposition != "attachment"), None
    )


def contents_of(content: bytes, speech: Speech) -> Contents:
    parts = parts_of(content)
    text = "" if parts.plain is None else parts.all[parts.plain].text(_SHOWN_TEXT + 1)
    return Contents(
        has_html=parts.html is not None,
        text=lines_visible(text[:_SHOWN_TEXT]),
        cut=len(text) > _SHOWN_TEXT,
        attachments=[_attached(number, parts.all[number], speech) for number in parts.attached],
        header=lines_visible(_header(content)),
    )


def names_of(content: bytes) -> list[str]:
    """The names of the attachments, as the sender wrote them."""
    parts = parts_of(content)
    return [name_of(parts.all[number], number) for number in parts.attached]


def name_of(part: Part, number: int) -> str:
    return part.name.strip() or f"{part.kind.replace('/', '-')}-{number + 1}"


def part_of(content: bytes, number: int) -> tuple[str, bytes] | None:
    """Name and decoded bytes of an attachment; None where there is no such part."""
    parts = parts_of(content)
    if not 0 <= number < len(parts.all):
        return None
    part = parts.all[number]
    return name_of(part, number), part.content(_LARGEST_PART)


def lines_visible(text: str) -> str:
    """Several lines, each as `visible` gives it. Tabs are blanks."""
    return "\n".join(visible(line.replace("\t", "    ")) for line in text.replace("\r\n", "\n").split("\n")).strip("\n")


def _attached(number: int, part: Part, speech: Speech) -> Attached:
    return Attached(number, isolated(name_of(part, number), _NAME), visible(part.kind, 60), speech.size(part.size))


def _header(content: bytes) -> str:
    top = content[:_SHOWN_HEADER]
    return top.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
