"""The sealed record of acts: a chain in which no link can be changed, taken out or put in unnoticed.

Each act has a digest, and each link is the hash of the link before it, its own position, the time of sealing and the
digest. When an act is deleted because its time has passed, its link stays, so the chain still holds; the deletion is
an act too (`FORGET`), and the only one that explains a link without its act.

    digest = SHA256(JSON array of id, at, kind, actor, account, message, detail, salt in hexadecimal)
    link   = SHA256(link before, position, sealed_at, digest)        numbers as 8 bytes, most significant first

The chain shows tampering only to those who know where it ended. So the head is noted elsewhere too: in the log, and
by whoever exports it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from takeback.clock import DAY, Duration, Instant

GENESIS = bytes(32)
"""What stands before the first link."""
FORGET = "forget"
"""The act of deleting acts whose time has passed."""
LEAST_KEPT: Duration = 30 * DAY
"""No act is deleted earlier, whatever the configuration says: a younger one that is missing was removed."""
SALT_SIZE = 16

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did. `account` is whose mail or rights it was about, `message` which message; both may be empty.

    `detail` is JSON as it is stored. `salt` is deleted with the act: what a digest was made of cannot be guessed
    afterwards.
    """

    id: int
    at: Instant
    kind: str
    actor: str
    account: str
    message: str
    detail: str
    salt: bytes


@dataclass(frozen=True, slots=True)
class Link:
    """One sealed act in the chain; positions count from 1."""

    position: int
    sealed_at: Instant
    digest: bytes
    link: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends. It is written `position:link`, the link in hexadecimal."""

    position: int
    link: bytes

    def __str__(self) -> str:
        return f"{self.position}:{self.link.hex()}"


BEGINNING = Head(0, GENESIS)


@dataclass(frozen=True, slots=True)
class Broken:
    """The first place at which a chain does not hold."""

    position: int
    reason: str


def parse_head(text: str) -> Head:
    """The head that `str()` of one gives; ValueError says what was expected."""
    position, _, link = text.strip().partition(":")
    if not (position.isdecimal() and position.isascii() and len(position) < 19):
        raise ValueError(f"{text!r} is no head; it is a number, a colon, and 64 hexadecimal digits")
    try:
        raw = bytes.fromhex(link)
    except ValueError:
        raw = b""
    if len(raw) != len(GENESIS):
        raise ValueError(f"{text!r} is no head; it is a number, a colon, and 64 hexadecimal digits")
    return Head(int(position), raw)


def digest(act: Act) -> bytes:
    values = [act.id, act.at, act.kind, act.actor, act.account, act.message, act.detail, act.salt.hex()]
    return hashlib.sha256(_to_json(values).encode()).digest()


def link(before: bytes, position: int, sealed_at: Instant, digest: bytes) -> bytes:
    return hashlib.sha256(before + position.to_bytes(8) + sealed_at.to_bytes(8) + digest).digest()


def seal(head: Head, acts: Iterable[Act], sealed_at: Instant) -> list[Link]:
    """The links that the acts add behind that head, in their order."""
    links = []
    for act in acts:
        made = digest(act)
        head = Head(head.position + 1, link(head.link, head.position + 1, sealed_at, made))
        links.append(Link(head.position, sealed_at, made, head.link))
    return links


class Verifier:
    """Follows a chain from its first link. `known` are heads that were noted elsewhere; links sealed before
    `forgotten_before` may be without their act."""

    def __init__(self, known: Sequence[Head] = (), forgotten_before: Instant = 0) -> None:
        self.head = BEGINNING
        self._known = sorted(known, key=lambda head: head.position)
        self._forgotten_before = forgotten_before
        self._sealed_at: Instant = 0

    def follow(self, sealed: Link, act: Act | None) -> Broken | None:
        """Whether the chain holds as far as this link; once it does not, the rest proves nothing."""
        position = self.head.position + 1
        if sealed.position != position:
            return Broken(position, f"there is no link {position}: it was removed, or links were put in or renumbered")
        if (
            sealed.sealed_at < self._sealed_at
            or link(self.head.link, position, sealed.sealed_at, sealed.digest) != sealed.link
        ):
            return Broken(position, f"link {position} does not follow from the one before it")
        if (reason := self._objection(sealed, act)) is not None:
            return Broken(position, reason)
        self.head, self._sealed_at = Head(position, sealed.link), sealed.sealed_at
        for known in self._known:
            if known.position == position and known.link != sealed.link:
                return Broken(position, f"link {position} is not the one that was noted")
        return None

    def finish(self) -> Broken | None:
        """To be asked after the last link: whether the chain goes as far as it is known to have gone."""
        if self._known and (furthest := self._known[-1].position) > self.head.position:
            missing = self.head.position + 1
            return Broken(missing, f"the chain ends at {self.head.position}, and was noted as far as {furthest}")
        return None

    def _objection(self, sealed: Link, act: Act | None) -> str | None:
        if act is None:
            if sealed.sealed_at < self._forgotten_before:
                return None
            return f"the act of link {sealed.position} was removed"
        if digest(act) != sealed.digest:
            return f"the act of link {sealed.position} ({act.kind}) was changed"
        return None


def may_forget(now: Instant, kept: Duration) -> Instant:
    """Acts sealed before this have had their time."""
    return now - max(kept, LEAST_KEPT)
