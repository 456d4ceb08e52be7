"""Which lines of a message its sender wrote just now, and which are quoted, forwarded, signature or disclaimer.

Every rule that reads words needs the new text only: warnings about what somebody else wrote long ago are why such tools
get switched off. Rules about leaks need the rest. So every line is kept, and says what it is.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from hashlib import blake2b
from typing import NamedTuple

from takeback.review import phrases
from takeback.review.arabic import normalised
from takeback.review.markup import REPLY_LINE, Shown

MAX_LINES = 10_000
MAX_LINE = 4_000
"""Characters; a longer line comes in pieces of that length, which have the same number."""


class Origin(StrEnum):
    OWN = "own"
    SIGNATURE = "signature"
    DISCLAIMER = "disclaimer"
    QUOTED = "quoted"
    FORWARDED = "forwarded"


class Line(NamedTuple):
    """`number` counts from 1; `plain` is the text as patterns read it (`normalised`)."""

    number: int
    text: str
    plain: str
    origin: Origin


_FIELDS_AHEAD = 8
_LONGEST_CLOSE = 12
"""Lines below a closing that may be a signature."""
_LONGEST_SIGNATURE_LINE = 90
_WORDS_OF_A_SENTENCE = 7
_SHORTEST_BLOCK = 20


def lines_of(shown: Iterable[Shown]) -> tuple[Line, ...]:
    """What each line is."""
    cut = [
        (number, text[at : at + MAX_LINE], quoted)
        for number, (text, quoted) in enumerate(shown, 1)
        if number <= MAX_LINES
        for at in range(0, max(1, len(text)), MAX_LINE)
    ]
    plain = [normalised(text).strip() for _, text, _ in cut]
    origins = _quotes(plain, [quoted for _, _, quoted in cut])
    _mark_signature(plain, origins)
    _mark_disclaimers(plain, origins)
    return tuple(
        Line(number, text, words, origin) for (number, text, _), words, origin in zip(cut, plain, origins, strict=True)
    )


def _quotes(plain: Sequence[str], quoted: Sequence[bool]) -> list[Origin]:
    """OWN, or what else; a block that only a heading announces reaches to the end of the message."""
    origins = [Origin.OWN] * len(plain)
    at = 0
    while at < len(plain):
        if quoted[at] or phrases.QUOTE_SIGN.match(plain[at]):
            origins[at] = Origin.QUOTED
        elif rest := _rest_begins(plain, at):
            first, origin = rest
            origins[first:] = [origin] * (len(plain) - first)
            return origins
        elif height := _attribution(plain, at):
            origins[at : at + height] = [Origin.QUOTED] * height
            following = next((i for i in range(at + height, len(plain)) if plain[i]), None)
            if following is None:
                return origins
            if not quoted[following] and not phrases.QUOTE_SIGN.match(plain[following]):
                origins[at:] = [Origin.QUOTED] * (len(plain) - at)
                return origins
            at += height - 1
        at += 1
    return origins


def _rest_begins(plain: Sequence[str], at: int) -> tuple[int, Origin] | None:
    """Whether all from here on is somebody else's, from which line on, and what it is."""
    line = plain[at]
    if not line:
        return None
    if phrases.FORWARDED.match(line):
        return at, Origin.FORWARDED
    if phrases.ORIGINAL.match(line):
        return at, Origin.QUOTED
    if line == REPLY_LINE or phrases.REPLY_RULE.match(line):
        below = next((i for i in range(at + 1, min(at + 4, len(plain))) if plain[i]), None)
        return (at, Origin.QUOTED) if below is not None and _heading(plain, below) else None
    if _heading(plain, at):
        return _heading_top(plain, at), Origin.QUOTED
    return None


def _heading(plain: Sequence[str], at: int) -> bool:
    """Whether the header of a message is written out here: who from and two fields more, or (as Notes does it, who from
    above in words) to, cc and subject."""
    first = phrases.FIELD_LINE.match(plain[at])
    if first is None:
        return False
    names = {first["name"]}
    for line in plain[at + 1 : at + 1 + _FIELDS_AHEAD]:
        if match := phrases.FIELD_LINE.match(line):
            names.add(match["name"])
    return len(names) >= 3 and (first["name"] in phrases.SENDERS or first["name"] in phrases.ADDRESSEES)


def _heading_top(plain: Sequence[str], at: int) -> int:
    """Notes writes the author and the time in the two lines above `To:`."""
    if phrases.FIELD_LINE.match(plain[at])["name"] not in phrases.ADDRESSEES:  # type: ignore[index]
        return at
    top = at
    while top > 0 and at - top < 3 and phrases.NAME_OR_DATE.match(plain[top - 1]):
        top -= 1
    return top if any(char.isdigit() for line in plain[top:at] for char in line) else at


def _attribution(plain: Sequence[str], at: int) -> int:
    """How many lines here say who wrote what follows; 0: none."""
    line = plain[at][:600]
    if line.endswith(":") and phrases.ATTRIBUTION.match(line):
        return 1
    if (
        at + 1 < len(plain)
        and line
        and phrases.ATTRIBUTION_BEGINS.match(line)
        and phrases.ATTRIBUTION_ENDS.match(plain[at + 1][:400])
    ):
        return 2
    return 0


def _mark_signature(plain: Sequence[str], origins: list[Origin]) -> None:
    """From a delimiter, or from what a phone adds, or from the words of farewell: to the end of that stretch of own
    text, or to a postscript."""
    at = 0
    while at < len(plain):
        if origins[at] is not Origin.OWN or not _signature_begins(plain, origins, at):
            at += 1
            continue
        while at < len(plain) and origins[at] is Origin.OWN and not phrases.POSTSCRIPT.match(plain[at]):
            origins[at] = Origin.SIGNATURE
            at += 1
        while at < len(plain) and origins[at] is Origin.OWN:
            at += 1


def _signature_begins(plain: Sequence[str], origins: Sequence[Origin], at: int) -> bool:
    line = plain[at]
    if not line or len(line) > 200:
        return False
    if phrases.DELIMITER.match(line) or (len(line) < 120 and phrases.SENT_FROM.match(line)):
        return True
    return (
        phrases.CLOSING.match(line) is not None
        and any(plain[above] and origins[above] is Origin.OWN for above in range(at))
        and _short_below(plain, origins, at + 1)
    )


def _short_below(plain: Sequence[str], origins: Sequence[Origin], at: int) -> bool:
    """Whether only what fits a signature stands below in this stretch."""
    lines = 0
    while at < len(plain) and origins[at] is Origin.OWN:
        line = plain[at]
        if phrases.POSTSCRIPT.match(line) or phrases.DELIMITER.match(line) or phrases.DISCLAIMER.search(line):
            return True
        lines += bool(line)
        if len(line) > _LONGEST_SIGNATURE_LINE or lines > _LONGEST_CLOSE or _is_sentence(line):
            return False
        at += 1
    return True


def _is_sentence(line: str) -> bool:
    return line.endswith((".", "?", "!")) and line.count(" ") >= _WORDS_OF_A_SENTENCE


def _mark_disclaimers(plain: Sequence[str], origins: list[Origin]) -> None:
    for start, end in _paragraphs(plain):
        if origins[start] in (Origin.OWN, Origin.SIGNATURE) and any(
            phrases.DISCLAIMER.search(line[:2_000]) for line in plain[start:end]
        ):
            for at in range(start, end):
                if origins[at] in (Origin.OWN, Origin.SIGNATURE):
                    origins[at] = Origin.DISCLAIMER


def _paragraphs(plain: Sequence[str]) -> Iterator[tuple[int, int]]:
    start = 0
    for at in range(len(plain) + 1):
        if at == len(plain) or not plain[at]:
            if at > start:
                yield start, at
            start = at + 1


def block_of(words: str) -> str:
    """The digest by which a paragraph of normalised text is known again, whatever its spacing and wrapping."""
    return blake2b(" ".join(words.split()).encode("utf-8", "replace"), digest_size=9).hexdigest()


def blocks_of(lines: Sequence[Line]) -> tuple[tuple[int, int, str], ...]:
    """The paragraphs of what is not quoted that are long enough to be known again: first index, end, digest."""
    found = []
    plain = [line.plain if line.origin not in (Origin.QUOTED, Origin.FORWARDED) else "" for line in lines]
    for start, end in _paragraphs(plain):
        words = " ".join(plain[start:end])
        if len(words) >= _SHORTEST_BLOCK:
            found.append((start, end, block_of(words)))
    return tuple(found)


class Sentence(NamedTuple):
    """A sentence of normalised text, or a line of a list; `number` is the line in which it begins."""

    number: int
    plain: str


def sentences(lines: Iterable[Line]) -> Iterator[Sentence]:
    """The sentences of these lines, put together where they were only wrapped."""
    for run in _wrapped(lines):
        words = " ".join(line.plain for line in run)
        starts = _starts(run)
        at = 0
        for match in _SENTENCE_END.finditer(words):
            if words[at : match.start()].strip():
                yield Sentence(_number_at(starts, at), words[at : match.end()].strip())
            at = match.end()
        if words[at:].strip():
            yield Sentence(_number_at(starts, at), words[at:].strip())


_SENTENCE_END = re.compile(r"[.!?;]++(?=\s)|\n")
_WRAPPED = 45
"""Characters of a line that may have been wrapped; what is shorter was ended on purpose."""


def _wrapped(lines: Iterable[Line]) -> Iterator[list[Line]]:
    run: list[Line] = []
    for line in lines:
        if run and (not line.plain or line.number > run[-1].number + 1 or len(run[-1].plain) < _WRAPPED):
            yield run
            run = []
        if line.plain:
            run.append(line)
    if run:
        yield run


def _starts(run: Sequence[Line]) -> list[tuple[int, int]]:
    """Where in the joined run each line begins, and its number."""
    found, at = [], 0
    for line in run:
        found.append((at, line.number))
        at += len(line.plain) + 1
    return found


def _number_at(starts: Sequence[tuple[int, int]], at: int) -> int:
    return starts[bisect_right(starts, (at, sys.maxsize)) - 1][1]
