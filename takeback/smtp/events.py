"""What a client did, as a submission server sees it.

Those of `Question` wait: the session stands still until `ServerSession.answer` got the reply.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Literal, TypeAlias

from takeback.clock import Duration, Instant
from takeback.mail.envelope import Body, Recipient, Ret
from takeback.smtp.replies import Reply


@dataclass(frozen=True, slots=True)
class Connected:
    """The session has begun. The answer is the greeting; any but 220 leaves the client nothing but QUIT."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The client says who it is (RFC 4954). The answer is 235, or 535 5.7.8, 454 4.7.0, …

    `authzid` is whom it wants to act as, "" where it did not say. No part holds NUL.
    """

    mechanism: str
    authzid: str
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """A message begins. The answer is 250, or a refusal (530 5.7.0 where credentials are asked for).

    `sender` is "" for the null path. At most one of `hold_for` and `hold_until` is given, neither reaching
    further than the limit; `hold_until` may have passed. `size` is what the client announced.
    """

    sender: str
    body: Body | None = None
    smtputf8: bool = False
    ret: Ret | None = None
    envid: str | None = None
    hold_for: Duration | None = None
    hold_until: Instant | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Rcpt:
    """One more recipient, perhaps the same once more. The answer is 250 or a refusal of this one."""

    recipient: Recipient


@dataclass(frozen=True, slots=True)
class BodyBegins:
    """The client wants to send the message, by DATA or BDAT. The answer is 354 or a refusal, which ends the
    transaction; the session knows what is said, and what is swallowed, in each of the two ways."""


@dataclass(frozen=True, slots=True)
class BodyEnds:
    """All of the message has been handed out: empty, or lines that end with CRLF, without a bare CR or LF or a NUL.

    The answer is the final reply, and ends the transaction. `size` is in octets, `eight_bit` was observed.
    """

    size: int
    eight_bit: bool


@dataclass(frozen=True, slots=True)
class Hello:
    """The client gave its name; `extended` is true for EHLO. Harmless in a Received line."""

    name: str
    extended: bool


@dataclass(frozen=True, slots=True)
class BodyChunk:
    """More of the message, free of SMTP's dots; cut anywhere."""

    data: bytes


@dataclass(frozen=True, slots=True)
class BodyRefused:
    """The session itself refuses the message: what was handed out of it must be dropped, and no more comes.

    `reply` is what the client hears, perhaps later, once it has sent everything.
    """

    reply: Reply


@dataclass(frozen=True, slots=True)
class Reset:
    """The transaction under way is dropped (RSET, or EHLO in its midst)."""


@dataclass(frozen=True, slots=True)
class StartTls:
    """220 is the last of the output. Once that is sent, shake hands, then call `ServerSession.secured`."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The session is over, and with it a transaction that has not had its final reply. What output there is
    should be sent before the connection is closed."""


class Pause(Enum):
    """Why there is no event."""

    NEED_DATA = "need data"
    WAITING = "waiting"


NEED_DATA: Final = Pause.NEED_DATA
"""Everything received so far has been dealt with."""
WAITING: Final = Pause.WAITING
"""A question has no answer yet; what the client pipelined behind it is kept."""

Question: TypeAlias = Connected | Credentials | Mail | Rcpt | BodyBegins | BodyEnds
Event: TypeAlias = Question | Hello | BodyChunk | BodyRefused | Reset | StartTls | Closed
NextEvent: TypeAlias = Event | Literal[Pause.NEED_DATA, Pause.WAITING]
