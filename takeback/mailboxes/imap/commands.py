"""The commands that recall gives, and what their answers mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from takeback.clock import Instant, from_datetime, to_datetime
from takeback.mailboxes.imap.responses import NotImap, Response, Value
from takeback.mailboxes.imap.session import Answer, Command, StreamedLiteral, string
from takeback.mailboxes.marks import canonical
from takeback.mailboxes.wanted import MOST_HEADER, MOST_OFFERS
from takeback.ports.mailbox import Kept, Reference

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(rb" ?(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)")
_FLAG = re.compile(r"\\?[A-Za-z0-9$_.+:;,<>=!#&'/?@^`|~-]{1,200}")
_LARGEST_UID = 0xFFFFFFFF
_HEADER = "BODY[HEADER]<0>"
_TEXT = "BODY[TEXT]<0>"
MOST_TEXT = 64 * 1024
"""Octets behind the header that are asked for together with it. A copy that has more is read when its turn comes."""


def select(wire: bytes, *, writable: bool) -> Command:
    return Command.of(b"SELECT " if writable else b"EXAMINE ", string(wire), b" (CONDSTORE)")


def search(reference: Reference, *, extended: bool) -> Command:
    """UIDs of messages whose Message-ID contains that one."""
    wanted = reference.message_id.encode("utf-8", "surrogateescape")
    result = b"RETURN (ALL) " if extended else b""
    charset = b"" if wanted.isascii() else b"CHARSET UTF-8 "
    return Command.of(b"UID SEARCH " + result + charset + b"HEADER Message-ID ", string(wanted))


def look(uids: Sequence[int], *, text: bool) -> Command:
    """Everything that is told of a copy; with `text`, also its bytes behind the header, where they are few."""
    items = b"UID FLAGS MODSEQ INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER]<0.%d>" % MOST_HEADER
    if text:
        items += b" BODY.PEEK[TEXT]<0.%d>" % MOST_TEXT
    return Command.of(b"UID FETCH %s (%s)" % (b",".join(b"%d" % uid for uid in uids), items))


def look_at_flags(uid: int) -> Command:
    return Command.of(b"UID FETCH %d (UID FLAGS MODSEQ INTERNALDATE)" % uid)


def fetch_body(uid: int) -> Command:
    return Command.of(b"UID FETCH %d (UID BODY.PEEK[])" % uid, streaming=True)


def store_if_unchanged(uid: int, modseq: int, flags: Iterable[str]) -> Command:
    """The whole set of flags, not `+FLAGS`: a server may let that pass although another flag was set meanwhile
    (RFC 7162 §3.1.12)."""
    return Command.of(b"UID STORE %d (UNCHANGEDSINCE %d) FLAGS.SILENT (%s)" % (uid, modseq, b" ".join(spelled(flags))))


def take_flags_off(uid: int, flags: Iterable[str]) -> Command:
    return Command.of(b"UID STORE %d -FLAGS.SILENT (%s)" % (uid, b" ".join(spelled(flags))))


def expunge(uid: int) -> Command:
    return Command.of(b"UID EXPUNGE %d" % uid)


def append(wire: bytes, kept: Kept) -> Command:
    flags = b" ".join(spelled(canonical(kept.flags)))
    date = b"" if kept.delivered_at is None else b'"%s" ' % _date(kept.delivered_at)
    return Command.of(b"APPEND ", string(wire), b" (%s) %s" % (flags, date), StreamedLiteral(kept.size))


def spelled(flags: Iterable[str]) -> Iterator[bytes]:
    """Those that can be said; no server gives others."""
    return (flag.encode() for flag in sorted(flags) if _FLAG.fullmatch(flag))


def _date(instant: Instant) -> bytes:
    """Every server understands UTC; which zone it was is not kept."""
    moment = to_datetime(instant)
    month = _MONTHS[moment.month - 1]
    return f"{moment.day:2d}-{month}-{moment:%Y %H:%M:%S} +0000".encode()


@dataclass(frozen=True, slots=True)
class Selection:
    """What SELECT or EXAMINE told of a folder."""

    validity: str
    writable: bool
    conditional: bool
    """False where the folder keeps no mod-sequences (NOMODSEQ)."""
    permanent: frozenset[str] | None
    """Flags that can be changed for good; `\\*` among them says that new keywords can be made. None: any."""

    def permits(self, flag: str) -> bool:
        return (
            self.permanent is None or flag in self.permanent or (not flag.startswith("\\") and "\\*" in self.permanent)
        )


def selection_in(answer: Answer) -> Selection:
    """Raises NotImap."""
    validity = answer.code(b"UIDVALIDITY")
    permanent = answer.code(b"PERMANENTFLAGS")
    return Selection(
        validity=str(number(validity[0] if validity else None, _LARGEST_UID)),
        writable=answer.status.code != b"READ-ONLY",
        conditional=answer.code(b"NOMODSEQ") is None and answer.code(b"HIGHESTMODSEQ") is not None,
        permanent=None if permanent is None else canonical(_texts(permanent[0] if permanent else [])),
    )


def uids_in(answer: Answer) -> list[int]:
    """What a search found. Raises NotImap, also for more than anybody has."""
    found: list[int] = []
    for response in answer.named(b"SEARCH"):
        found += [number(each, _LARGEST_UID) for each in response.values if isinstance(each, bytes)]
    for response in answer.named(b"ESEARCH"):
        for key, value in zip(response.values, response.values[1:], strict=False):
            if isinstance(key, bytes) and key.upper() == b"ALL" and isinstance(value, bytes):
                found += _numbers(value)
    if len(found) > MOST_OFFERS:
        raise NotImap(f"more than {MOST_OFFERS} copies of one message")
    return sorted(set(found))


def _numbers(text: bytes) -> list[int]:
    """The numbers of a set such as `3:5,9`."""
    found: list[int] = []
    for part in text.split(b","):
        first, _, last = part.partition(b":")
        low, high = sorted((number(first, _LARGEST_UID), number(last or first, _LARGEST_UID)))
        if high - low + len(found) >= MOST_OFFERS:
            raise NotImap(f"more than {MOST_OFFERS} copies of one message")
        found += range(low, high + 1)
    return found


@dataclass(frozen=True, slots=True)
class Seen:
    """A copy as FETCH showed it. What the server left out is None."""

    flags: frozenset[str] | None
    modseq: int | None
    delivered_at: Instant | None
    size: int
    header: bytes | None
    text: bytes | None = None

    @property
    def whole(self) -> bytes | None:
        """The message, if all of it was shown."""
        if self.header is None or self.text is None or len(self.header) + len(self.text) != self.size:
            return None
        return self.header + self.text


def fetched(answers: Iterable[Answer]) -> dict[int, Seen]:
    """What FETCH told of each UID; what came later counts. Data without a UID is somebody else's news. Raises
    NotImap."""
    found: dict[int, Seen] = {}
    for answer in answers:
        for response in answer.named(b"FETCH"):
            items = _items(response)
            if "UID" in items:
                uid = number(items["UID"], _LARGEST_UID)
                found[uid] = _seen(items, found.get(uid, _NOTHING))
    return found


_NOTHING = Seen(None, None, None, 0, None)


def _items(response: Response) -> dict[str, Value]:
    if len(response.values) != 1 or not isinstance(response.values[0], list) or len(response.values[0]) % 2:
        raise NotImap("a FETCH that cannot be read")
    pairs = response.values[0]
    if not all(isinstance(key, bytes) for key in pairs[::2]):
        raise NotImap("a FETCH that cannot be read")
    return {
        key.decode("ascii", "replace").upper(): value
        for key, value in zip(pairs[::2], pairs[1::2], strict=True)
        if isinstance(key, bytes)
    }


def _seen(items: dict[str, Value], before: Seen) -> Seen:
    flags, modseq, date, size, header, text = (
        items.get(key) for key in ("FLAGS", "MODSEQ", "INTERNALDATE", "RFC822.SIZE", _HEADER, _TEXT)
    )
    return Seen(
        canonical(_texts(flags)) if isinstance(flags, list) else before.flags,
        number(modseq[0], 1 << 63) if isinstance(modseq, list) and modseq else before.modseq,
        _read_date(date) if isinstance(date, bytes) else before.delivered_at,
        number(size, 1 << 40) if size is not None else before.size,
        header if isinstance(header, bytes) else before.header,
        text if isinstance(text, bytes) else before.text,
    )


def _texts(value: Value) -> Iterator[str]:
    return (each.decode("utf-8", "replace") for each in value or () if isinstance(each, bytes))


def number(value: Value, largest: int) -> int:
    """Raises NotImap unless it is one, from 0 to the largest."""
    if not isinstance(value, bytes) or not value.isdigit() or len(value) > 19 or int(value) > largest:
        raise NotImap("something else where a number belongs")
    return int(value)


def _read_date(text: bytes) -> Instant | None:
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = (part.decode() for part in match.groups())
    offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes)) * (-1 if sign == "-" else 1)
    try:
        position = _MONTHS.index(month.capitalize()) + 1
        moment = datetime(int(year), position, int(day), int(hour), int(minute), int(second), tzinfo=timezone(offset))
        return from_datetime(moment.astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def appended(answer: Answer) -> tuple[str, str]:
    """UIDVALIDITY and UID of what was appended; empty where the server does not tell. Raises NotImap."""
    match answer.code(b"APPENDUID"):
        case (validity, uid):
            return str(number(validity, _LARGEST_UID)), str(number(uid, _LARGEST_UID))
    return "", ""


def modified(answer: Answer, uid: int) -> bool:
    """Whether a conditional STORE was refused because the message had changed."""
    found = answer.code(b"MODIFIED")
    if found is None:
        return False
    return any(isinstance(each, bytes) and uid in _numbers(each) for each in found)
