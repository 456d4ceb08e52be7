"""A command by mail: what a message to `undo@` asks for.

The asker has just pressed Send too early, perhaps on a phone, in either language. An empty message means: stop the
latest. One word says more, in the subject or on the first line that he wrote himself. Which message is meant, says an
original that is attached or forwarded, its id, a Message-ID in the text, or what the mail is a reply to.
"""

from __future__ import annotations

import email.policy
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from enum import StrEnum
from html.parser import HTMLParser

from takeback.errors import TakebackError
from takeback.ids import ALPHABET
from takeback.mail.decoding import CHARSETS, decoded

NAMES = ("undo", "takeback")
"""The local parts, at the gateway's own name, that take commands."""
MOST_READ = 1 << 20
"""Octets of the message that are looked at; an original that is attached names itself at its top."""
_MOST_PARTS = 50
_MOST_TEXT = 64 * 1024


class Act(StrEnum):
    UNDO = "undo"
    RELEASE = "release"
    HOLD = "hold"
    RECALL = "recall"
    FINE = "fine"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Command:
    """`originals` are Message-IDs with their angle brackets, of which the first that is known is meant, or the one id
    that the gateway gave; none means the newest submission, for FINE the newest of which something was found. `words`
    is what follows the word of the command and names no message, as `10m` in `hold 10m`."""

    act: Act
    originals: tuple[str, ...] = ()
    words: str = ""


class NotUnderstood(TakebackError):
    """It says something, and nothing that is a command."""


_WORDS = {
    Act.UNDO: ("undo", "stop", "cancel", "تراجع", "التراجع", "أوقف", "إيقاف", "ألغ", "إلغاء"),
    Act.RELEASE: ("send", "release", "أرسل", "أرسلها", "إرسال"),
    Act.HOLD: ("hold", "keep", "wait", "علق", "علقها", "تعليق", "أبق"),
    Act.RECALL: ("recall", "استرجع", "استرجاع", "استرجعها"),
    Act.FINE: ("fine", "لا بأس", "لابأس", "سليمة", "سليم"),
    Act.LIST: ("list", "status", "outbox", "قائمة", "القائمة"),
}
_NEEDS_NO_WORDS = frozenset({Act.UNDO, Act.RELEASE, Act.RECALL})
_MARKS = re.compile("[\u064b-\u0652\u0640\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
_ALEF = str.maketrans("أإآى", "اااي")


def _folded(word: str) -> str:
    """A word as it is compared: without case, vowel signs, forms of alef and punctuation around it."""
    bare = _MARKS.sub("", unicodedata.normalize("NFKC", word)).casefold().translate(_ALEF)
    return bare.strip(".,:;!?،؛؟()[]«»\"'*_")


_ACTS = {" ".join(map(_folded, word.split())): act for act, words in _WORDS.items() for word in words}
_LONGEST_ACT = max(len(word.split()) for word in _ACTS)

_PREFIX = re.compile(r"^(?:(?:re|fwd?|fw|aw|wg|tr|رد|إعادة توجيه|تحويل)\s*(?:\[\d+\])?:\s*)+", re.IGNORECASE)
_QUOTE_BEGINS = re.compile(
    r"^(?:>|-- ?$|_{10,}$|-{3,}.*(?:Original Message|Forwarded|رسالة أصلية|رسالة معاد توجيهها)"
    r"|Begin forwarded message|بدء الرسالة المعاد توجيهها|On .{1,200} wrote:|(?:From|Von|من)\s*:\s)",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"^(?:Sent (?:from|with|via)\b|Get Outlook\b|(?:أُ?رسلت? من|مرسلة? من)\b)", re.IGNORECASE)
_ID = re.compile(r"<[^<>\s@]{1,400}@[^<>\s@]{1,400}>")
_GIVEN_ID = re.compile(f"[0-9][{ALPHABET}]{{15}}")
_NAMES_SOMETHING = re.compile(r"[0-9@<>#]")
_NAMED_ID = re.compile(r"message-id\s*:\s*(<[^<>\s]{1,800}>)", re.IGNORECASE)


def read(top: bytes) -> Command:
    """The command in a message, of which `top` is the whole or the first MOST_READ octets. Raises NotUnderstood."""
    message = BytesParser(policy=email.policy.compat32).parsebytes(top[:MOST_READ])
    text = _text_of(message)
    said = _PREFIX.sub("", _header(message, "subject")), _first_own_line(text)
    act, words = _act_in(said)
    given = _given_id([*words.split(), *said])
    originals = (given,) if given else _originals(message, text)
    if act is None:
        if any(said) and not originals:
            raise NotUnderstood(" ".join(said).strip())
        act = Act.UNDO
    words = " ".join(word for word in _ID.sub("", words).split() if _folded(word) != given)
    if act in _NEEDS_NO_WORDS and _NAMES_SOMETHING.search(words):  # never the newest where another one is named
        raise NotUnderstood(words)
    return Command(act, originals, words)


def _given_id(words: list[str]) -> str:
    """The first that is an id of the gateway's making, as its replies and lists tell it."""
    return next(filter(_GIVEN_ID.fullmatch, map(_folded, words)), "")


def _act_in(said: tuple[str, str]) -> tuple[Act | None, str]:
    for line in said:
        words = line.split()
        for count in range(_LONGEST_ACT, 0, -1):
            if act := _ACTS.get(" ".join(map(_folded, words[:count]))):
                return act, " ".join(words[count:])
    return None, ""


def _originals(message: Message, text: str) -> tuple[str, ...]:
    """What names the message that is meant; where nothing does, what suggests it."""
    for part in _parts(message):
        if part is not message and (own := _first_id(_header(part, "message-id"))):
            return (own,)
        if part.get_content_type() == "text/rfc822-headers" and (named := _NAMED_ID.search(_decoded_text(part))):
            return (named[1],)
    if named := _NAMED_ID.search(text):
        return (named[1],)
    own = next(filter(None, (_first_id(each) for each in (text, _header(message, "subject")))), "")
    if own:
        return (own,)
    suggested = " ".join(_header(message, name) for name in ("references", "in-reply-to", "x-forwarded-message-id"))
    return tuple(dict.fromkeys(reversed(_ID.findall(suggested))))


def _first_id(value: str) -> str:
    found = _ID.search(value)
    return found[0] if found else ""


def _header(message: Message, name: str) -> str:
    for each, value in message.raw_items():
        if each.lower() == name:
            return decoded(str(value).encode("utf-8", "surrogateescape").replace(b"\r\n", b""), 2000)
    return ""


def _parts(message: Message) -> Iterator[Message]:
    """The message and its parts, outermost first; not without end, and without recursion."""
    waiting, seen = [message], 0
    while waiting and seen < _MOST_PARTS:
        part = waiting.pop(0)
        seen += 1
        yield part
        payload = part.get_payload()
        if isinstance(payload, list):
            waiting += [each for each in payload if isinstance(each, Message)]


def _text_of(message: Message) -> str:
    """The first text that is not in an attached message, without markup."""
    html = ""
    for part in _outer_parts(message):
        if part.get_content_type() == "text/plain":
            return _decoded_text(part)
        if part.get_content_type() == "text/html" and not html:
            html = _decoded_text(part)
    return _without_markup(html)


def _outer_parts(message: Message) -> Iterator[Message]:
    waiting, seen = [message], 0
    while waiting and seen < _MOST_PARTS:
        part = waiting.pop(0)
        seen += 1
        payload = part.get_payload()
        if not isinstance(payload, list):
            yield part
        elif part.get_content_maintype() == "multipart":
            waiting += [each for each in payload if isinstance(each, Message)]


def _decoded_text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    data = payload[:_MOST_TEXT] if isinstance(payload, bytes) else b""
    charset = str(part.get_param("charset", "utf-8")).lower()
    return data.decode(CHARSETS.get(charset, "utf-8"), "replace")


class _Words(HTMLParser):
    """The text that a page shows, a line for each block."""

    _SILENT = frozenset({"head", "style", "script", "title"})
    _BLOCKS = frozenset({"br", "p", "div", "li", "tr", "blockquote"})

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._silent += tag in self._SILENT
        if tag in self._BLOCKS:
            self.text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(0, self._silent - (tag in self._SILENT))

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.text.append(data)


def _without_markup(html: str) -> str:
    words = _Words()
    with suppress(AssertionError):  # how the parser of some Python versions answers a malformed declaration
        words.feed(html)
    return "".join(words.text)


def _first_own_line(text: str) -> str:
    """What the asker wrote first; empty where there is only a signature or a quotation."""
    for line in text.splitlines():
        bare = line.strip()
        if _QUOTE_BEGINS.match(bare):
            return ""
        if bare and not _SIGNATURE.match(bare) and not _ID.fullmatch(bare):
            return bare[:200]
    return ""
