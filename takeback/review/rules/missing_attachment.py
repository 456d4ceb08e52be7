"""An attachment is promised, and there is none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from takeback.review.arabic import normalised
from takeback.review.finding import Finding, Where
from takeback.review.history import History
from takeback.review.message import Message
from takeback.review.own import own_lines
from takeback.review.promises import FILE_ENDINGS, Promise, Strength, promise
from takeback.review.rule import Context
from takeback.review.saying import excerpt, reason
from takeback.review.text import Line, sentences
from takeback.review.threads import latest

CODE = "missing_attachment"

_PROBABILITY = {Strength.CLEAR: 0.7, Strength.HINT: 0.25}
_IN_A_FORWARD = 0.5
"""A forward promises what the one before it had attached, and clients differ in taking that along."""
_PASSED_ON = 0.3
"""The message that is forwarded promises a file. Some clients leave it behind, and some people mean to."""
_LENGTHY = 25
"""Lines of a text in which "here is the list" means what follows."""

_MARKER = re.compile(
    rf"<<[^<>]{{1,120}}\.(?:{FILE_ENDINGS})>>|\(see attached file: [^()]{{1,120}}\)|\[cid:"
    rf"|^- [^/]{{1,80}}\.(?:{FILE_ENDINGS})$"
)
"""Where a client has shown an attachment in the text."""
_MARKED = re.compile(r"<<|\(see attached file|\[cid:|^- ", re.MULTILINE)
_FILE_AS_SUBJECT = re.compile(rf"[^/@:]{{1,100}}\.(?:{FILE_ENDINGS})$")
"""What clients fill in when a file is attached before anything is written."""
_UUENCODED = re.compile(r"begin [0-7]{3} \S")
_URL = re.compile(r"https?://|www\.|\bftp://|\\\\\w")
_SHARED = re.compile(
    r"(?:drive|docs)\.google\.|dropbox\.com|1drv\.ms|onedrive\.|sharepoint\.com|wetransfer\.com|we\.tl/|box\.com/"
    r"|icloud\.com"
    r"|mega\.nz|egnyte\.|sharefile\.|mediafire\.|transfernow\.|filemail\."
)
_LINK_WORDS = re.compile(
    r"\b(?:link|url|dropbox|sharepoint|one ?drive|google drive|wetransfer)\b|(?<!\w)(?:ال|بال|لل)?رابط(?!\w)"
    r"|(?<!\w)(?:ال)?لينك"
)
_PICTURE = re.compile(
    r"\b(?:pictures?|photos?|images?|screen ?shots?|logo|chart|snapshot|pics?)\b|صور|لقطه|سكرين"
    r"|شعار"
)
_RELAYED = re.compile(r"\s*+(?:re|fwd?|aw|wg|رد|توجيه|اعاده توجيه)\s?:")


def check(message: Message, history: History, context: Context) -> list[Finding]:
    if _has_file(message) or message.invitation or message.automatic or message.unreadable:
        return []
    if found := _strongest(_promises(message, history)):
        number, said = found
        probability = _PROBABILITY[said.strength]
        if message.is_forward:
            probability = min(probability, _IN_A_FORWARD)
        why = reason("You wrote “{words}”, but nothing is attached", words=excerpt(said.words))
        return [Finding(CODE, probability, why, Where(line=number) if number else Where())]
    if message.is_forward and (found := _strongest(_passed_on(message))):
        number, said = found
        why = reason("What you pass on says “{words}”, but nothing is attached", words=excerpt(said.words))
        return [Finding(CODE, _PASSED_ON, why, Where(line=number))]
    return []


def _strongest(promises: Iterable[tuple[int, Promise]]) -> tuple[int, Promise] | None:
    return max(promises, key=lambda item: item[1].strength, default=None)


def _has_file(message: Message) -> bool:
    return any(not attachment.inline for attachment in message.attachments) or any(
        _UUENCODED.match(line.plain) for line in message.lines
    )


def _promises(message: Message, history: History) -> Iterator[tuple[int, Promise]]:
    """Each promise and the line in which it begins; 0 is the subject."""
    own = own_lines(message, history)
    if _is_shared(message, own):
        return
    subject = normalised(message.subject)
    if not _RELAYED.match(subject):
        said = promise(subject)
        if said.strength is Strength.CLEAR or _FILE_AS_SUBJECT.match(subject):
            yield 0, Promise(Strength.CLEAR, subject)
    above_quote = any(True for _ in message.passed_on())
    found = list(_said(message, own, above_quote=above_quote))
    if found and above_quote and not message.is_forward and _strongest(_said(message, latest(message))):
        found = list(_said(message, own, above_quote=True, answers_promise=True))
    yield from found


def _passed_on(message: Message) -> Iterator[tuple[int, Promise]]:
    """What the message that is forwarded promises clearly. What that one quotes had its files once, and lost them; and
    what a letter calls enclosed is paper as often as not."""
    lines = latest(message)
    if _is_shared(message, lines):
        return
    for number, said in _said(message, lines):
        if said.strength is Strength.CLEAR and "enclos" not in said.words:
            yield number, said


def _is_shared(message: Message, lines: Sequence[Line]) -> bool:
    """Whether the files lie where a link leads to."""
    return any(_SHARED.search(line.plain) for line in lines) or any(
        _SHARED.search(link.target) for link in message.links
    )


def _said(
    message: Message, lines: Sequence[Line], *, above_quote: bool = False, answers_promise: bool = False
) -> Iterator[tuple[int, Promise]]:
    text = "\n".join(line.plain for line in lines)
    has_picture = any(attachment.inline for attachment in message.attachments)
    linked = _linked(message, lines) if _URL.search(text) or message.links else frozenset()
    marked = _MARKED.search(text) is not None
    lengthy = sum(bool(line.plain) for line in lines) > _LENGTHY
    for sentence in sentences(lines):
        if marked and _MARKER.search(sentence.plain):
            yield sentence.number, Promise(Strength.CLEAR, sentence.plain)
            continue
        said = promise(sentence.plain, above_quote=above_quote, answers_promise=answers_promise)
        if (
            said.strength is Strength.NONE
            or (said.strength is Strength.HINT and lengthy)
            or _LINK_WORDS.search(sentence.plain)
        ):
            continue
        if linked.intersection(range(sentence.number, sentence.number + 3)) or (
            has_picture and _PICTURE.search(sentence.plain)
        ):
            continue
        yield sentence.number, said


def _linked(message: Message, lines: Sequence[Line]) -> frozenset[int]:
    """The lines that hold a link to somewhere."""
    return frozenset(line.number for line in lines if _URL.search(line.plain)) | {
        link.line for link in message.links if _URL.match(link.target)
    }
