"""A message as the rules see it: read once, within limits, and never written again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Literal, NamedTuple

from takeback.clock import Instant, from_datetime
from takeback.mail.address import domain_of, identity
from takeback.mail.decoding import decoded
from takeback.review.attachments import Attachment, read_attachments
from takeback.review.markup import Link, Page, Shown, page
from takeback.review.mime import MAX_TEXT, Fields, Part, leaves, split
from takeback.review.text import Line, Origin, blocks_of, lines_of

MAX_RECIPIENTS = 5_000
_MAX_ADDRESS_LIST = 256 << 10
_LONGEST_ADDRESS = 400
_MAX_REFERENCES = 100
_SLIGHT = 4
"""A plain text that is so many times shorter than the page beside it only says that there is a page."""

Place = Literal["to", "cc", "bcc"]


class Addressee(NamedTuple):
    """`address` is canonical (`takeback.mail.address.identity`); `name` as the sender's client wrote it."""

    address: str
    name: str
    field: Place

    @property
    def domain(self) -> str:
        return domain_of(self.address)


@dataclass(frozen=True, slots=True)
class Message:
    """What was submitted. All addresses are canonical; all text is as others wrote it."""

    sender: str
    """Whom it says it is from; the envelope's sender where it does not say."""
    sender_name: str
    envelope_sender: str
    recipients: tuple[Addressee, ...]
    """Everybody in the envelope, each once; those whom neither To nor Cc names are `bcc`."""
    named: tuple[Addressee, ...]
    """Everybody in To and Cc, whether in the envelope or not."""
    reply_to: tuple[str, ...]
    subject: str
    message_id: str
    in_reply_to: str
    references: tuple[str, ...]
    date: Instant | None
    automatic: bool
    """Written by a program or for a list."""
    lines: tuple[Line, ...]
    attachments: tuple[Attachment, ...]
    links: tuple[Link, ...]
    blocks: tuple[str, ...]
    """Digests of the paragraphs that are not quoted, by which a recurring one is known."""
    is_reply: bool
    is_forward: bool
    invitation: bool
    """Asks people to a meeting, or answers or cancels that."""
    unreadable: bool
    """Encrypted: there is no text to look at."""

    def written(self) -> Iterator[Line]:
        """The lines that the sender wrote just now."""
        return (line for line in self.lines if line.origin is Origin.OWN)

    def passed_on(self) -> Iterator[Line]:
        """The lines that are quoted or forwarded."""
        return (line for line in self.lines if line.origin in (Origin.QUOTED, Origin.FORWARDED))


def read(content: bytes, sender: str = "", recipients: Sequence[str] | None = None) -> Message:
    """The message with the sender and recipients of its envelope. Without recipients it goes to those whom To, Cc and
    Bcc name. Never raises; takes time and memory in proportion to the content, up to the limits of `mime`."""
    fields, body = split(content)
    parts = list(leaves(fields, body))
    texts, pages, others = _sorted(parts)
    plain = "\n".join(part.text() for part in texts)[:MAX_TEXT]
    shown = page("\n".join(part.text() for part in pages)[:MAX_TEXT]) if pages else Page()
    lines = lines_of(_shown(plain, shown))
    author = next(iter(addresses(fields.first("from"))), None)
    named = _named(fields)
    subject = fields.text("subject")
    return Message(
        sender=author[0] if author else identity(sender),
        sender_name=author[1] if author else "",
        envelope_sender=identity(sender),
        recipients=_recipients(recipients, named, fields),
        named=named,
        reply_to=tuple(address for address, _ in addresses(fields.first("reply-to"))),
        subject=subject,
        message_id=fields.text("message-id"),
        in_reply_to=fields.text("in-reply-to"),
        references=tuple(fields.text("references", 20_000).split()[-_MAX_REFERENCES:]),
        date=_date(fields),
        automatic=_automatic(fields),
        lines=lines,
        attachments=read_attachments(others, shown.pictures),
        links=tuple(shown.links),
        blocks=tuple(digest for _, _, digest in blocks_of(lines)),
        is_reply="in-reply-to" in fields or "references" in fields or _REPLY.match(subject) is not None,
        is_forward=_forwards(subject, lines, others),
        invitation=any(part.kind == "text/calendar" for part in parts),
        unreadable=any(part.kind in _ENCRYPTED for part in parts) and not lines,
    )


_ENCRYPTED = frozenset(("application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"))
_REPLY = re.compile(r"\s{0,9}(?:re|aw|sv|antw|رد|ردّ)\s?(?:\[\d{1,3}\])?\s?[:：]", re.IGNORECASE)
_FORWARD = re.compile(
    r"\s{0,9}(?:fwd?|wg|tr|إعادة توجيه|اعادة توجيه|إعادة إرسال|توجيه|تحويل|محوّ?لة?|مُعاد توجيهها)"
    r"\s?(?:\[\d{1,3}\])?\s?[:：]",
    re.IGNORECASE,
)


def _sorted(parts: Sequence[Part]) -> tuple[list[Part], list[Part], list[Part]]:
    """Plain texts and pages that are shown as the message, and all else."""
    texts: list[Part] = []
    pages: list[Part] = []
    others: list[Part] = []
    for part in parts:
        if part.disposition == "attachment" or part.name:
            others.append(part)
        elif part.kind == "text/html":
            pages.append(part)
        elif part.kind in ("text/plain", "text/enriched", "text"):
            texts.append(part)
        else:
            others.append(part)
    return texts, pages, others


def _shown(plain: str, shown: Page) -> list[Shown]:
    """The plain text, or the page where that is all there is to read."""
    if shown.lines and len(plain) * _SLIGHT <= sum(len(line.text) for line in shown.lines):
        return shown.lines
    return [Shown(line, quoted=False) for line in plain.splitlines()]


_ADDRESS = re.compile(r"[^\s<>,;:\"()@]{1,200}@[^\s<>,;\"()@]{1,255}")
_TOKEN = re.compile(
    r'"(?P<quoted>(?:[^"\\]|\\.){0,400}+)"|<(?P<angle>[^<>]*+)>|\([^()]*+\)|(?P<end>[,;])|(?P<colon>:)|(?P<word>[^"<>(),;:]++)|.',
    re.DOTALL,
)


def addresses(value: bytes) -> list[tuple[str, str]]:
    """Canonical address and name of everybody whom a field lists, however badly it is written."""
    text = value[:_MAX_ADDRESS_LIST].decode("utf-8", "replace")
    found: list[tuple[str, str]] = []
    words: list[str] = []
    angle = ""
    for match in _TOKEN.finditer(text):
        match match.lastgroup:
            case "quoted":
                words.append(match["quoted"].replace('\\"', '"').replace("\\\\", "\\"))
            case "angle":
                angle = match["angle"].strip()
            case "word":
                words.append(match["word"].strip())
            case "end":
                _add(found, words, angle)
                words, angle = [], ""
            case "colon":
                words = []
    _add(found, words, angle)
    return found[:MAX_RECIPIENTS]


def _add(found: list[tuple[str, str]], words: list[str], angle: str) -> None:
    name = " ".join(word for word in words if word)
    if not angle and (match := _ADDRESS.search(name)):
        angle, name = match[0], name.replace(match[0], "").strip()
    if "@" in angle and len(angle) <= _LONGEST_ADDRESS:
        found.append((identity(angle), decoded(name.encode("utf-8", "replace"), 200)))


def _named(fields: Fields) -> tuple[Addressee, ...]:
    """Each once, where it stands first."""
    found: dict[str, Addressee] = {}
    listed: tuple[Literal["to", "cc"], ...] = ("to", "cc")
    for place in listed:
        for value in fields.all(place):
            for address, name in addresses(value):
                found.setdefault(address, Addressee(address, name, place))
    return tuple(found.values())


def _recipients(envelope: Sequence[str] | None, named: tuple[Addressee, ...], fields: Fields) -> tuple[Addressee, ...]:
    if envelope is None:
        known = {addressee.address for addressee in named}
        hidden = (Addressee(*found, "bcc") for found in addresses(fields.first("bcc")))
        return (*named, *(addressee for addressee in hidden if addressee.address not in known))
    by_address = {addressee.address: addressee for addressee in named}
    wanted = dict.fromkeys(identity(address) for address in envelope[:MAX_RECIPIENTS])
    return tuple(by_address.get(address) or Addressee(address, "", "bcc") for address in wanted)


def _date(fields: Fields) -> Instant | None:
    written = fields.first("date")[:100].decode("ascii", "replace")
    try:
        moment = parsedate_to_datetime(written)
        return from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _automatic(fields: Fields) -> bool:
    submitted = fields.first("auto-submitted")[:40].lower()
    precedence = fields.first("precedence")[:20].strip().lower()
    return (
        (bool(submitted) and submitted.partition(b";")[0].strip() != b"no")
        or precedence in (b"bulk", b"list", b"junk")
        or any(name in fields for name in ("list-id", "list-unsubscribe", "list-post"))
    )


def _forwards(subject: str, lines: Sequence[Line], others: Sequence[Part]) -> bool:
    return (
        _FORWARD.match(subject) is not None
        or any(line.origin is Origin.FORWARDED for line in lines)
        or any(part.kind == "message/rfc822" for part in others)
    )
