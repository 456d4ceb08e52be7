"""An IMAP client session without I/O: commands in, bytes out; bytes in, answers out (RFC 9051 §5.5 for pipelining).

Commands are answered in the order in which they were sent; a server that answers in another order is not understood.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from takeback.mailboxes.imap.responses import Begun, NotImap, Piece, Response, ResponseReader, Value, parse, values_of

MAX_KEPT = 8 << 20
"""Octets of data that are kept for one command."""
MAX_RESPONSES = 20_000
"""Responses that are kept for one command."""
LONGEST_NON_SYNCHRONIZING = 4096
"""Octets of a literal that LITERAL- allows to send at once (RFC 7888 §5). Larger ones wait for leave to be sent,
so that a full mailbox can refuse them first."""

_PLAIN_STRING = re.compile(rb"[\x20-\x7e]{0,500}")


@dataclass(frozen=True, slots=True)
class Literal:
    """Octets that are sent as a literal, for they may be any."""

    data: bytes


@dataclass(frozen=True, slots=True)
class StreamedLiteral:
    """A literal whose octets are given to `Session.send_data` once the server asks for them."""

    size: int


@dataclass(frozen=True, slots=True)
class Continuation:
    """A line that is sent when the server asks for it (AUTHENTICATE)."""

    line: bytes


Part: TypeAlias = "bytes | Literal | StreamedLiteral | Continuation"


@dataclass(frozen=True, slots=True)
class Command:
    """A command without its tag. With `streaming`, literals in the answer are given out in pieces."""

    parts: tuple[Part, ...]
    streaming: bool = False

    @classmethod
    def of(cls, *parts: Part, streaming: bool = False) -> Command:
        return cls(parts, streaming)


def string(data: bytes) -> Part:
    """A quoted string where that can carry the octets, else a literal. Raises ValueError for NUL, which neither can."""
    if b"\0" in data:
        raise ValueError("NUL cannot be said to an IMAP server")
    if _PLAIN_STRING.fullmatch(data):
        return b'"' + data.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    return Literal(data)


@dataclass(slots=True)
class Answer:
    """What came for one command: the data before it, and the tagged response itself."""

    data: list[Response] = field(default_factory=list)
    status: Response = field(default_factory=lambda: Response(b"", b""))
    kept: int = 0

    @property
    def ok(self) -> bool:
        return self.status.name == b"OK"

    def named(self, name: bytes) -> Sequence[Response]:
        return [each for each in self.data if each.name == name]

    def code(self, name: bytes) -> tuple[Value, ...] | None:
        """What stands in the response code of that name, in the answer or in an untagged OK before it."""
        for each in (self.status, *self.data):
            if each.code == name:
                return values_of(each.code_text)
        return None

    @property
    def words(self) -> str:
        """The tagged response as the server said it, shortened."""
        code = b"[" + self.status.code + b"] " if self.status.code else b""
        return b" ".join((self.status.name, code + self.status.text))[:300].decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class DataWanted:
    """The server waits for the octets of a StreamedLiteral."""


Event: TypeAlias = "Response | Answer | Begun | Piece | DataWanted"
"""A greeting is a Response, and so is a BYE."""


@dataclass(slots=True)
class _Outstanding:
    tag: bytes
    streaming: bool
    answer: Answer = field(default_factory=Answer)


@dataclass(frozen=True, slots=True)
class _Pause:
    """Where sending stops until the server says `+`; then `after` goes out, or so many octets of data do."""

    tag: bytes
    after: bytes = b""
    octets: int = 0


class Session:
    """One conversation. `events` raises NotImap; after that the session is of no more use."""

    def __init__(self) -> None:
        self._reader = ResponseReader()
        self._queue: deque[tuple[bytes, bytes] | _Pause] = deque()
        self._outstanding: deque[_Outstanding] = deque()
        self._count = 0
        self._greeted = False
        self._data_missing = 0
        self.non_synchronizing = False
        """Whether small literals may be sent without waiting (LITERAL+ or LITERAL-)."""

    @property
    def idle(self) -> bool:
        return self._greeted and not self._outstanding

    @property
    def unread(self) -> int:
        """Octets that came and were not looked at yet."""
        return self._reader.pending

    # Out

    def send(self, command: Command) -> None:
        """Afterwards it is in what `take_output` gives, or waits there for the server's leave."""
        self._count += 1
        tag = b"r%d" % self._count
        self._outstanding.append(_Outstanding(tag, command.streaming))
        text = tag + b" "
        for part in command.parts:
            match part:
                case bytes():
                    text += part
                case Literal(data) if self.non_synchronizing and len(data) <= LONGEST_NON_SYNCHRONIZING:
                    text += b"{%d+}\r\n" % len(data) + data
                case Literal(data):
                    self._queue.append((tag, text + b"{%d}\r\n" % len(data)))
                    self._queue.append(_Pause(tag, after=data))
                    text = b""
                case StreamedLiteral(size):
                    self._queue.append((tag, text + b"{%d}\r\n" % size))
                    self._queue.append(_Pause(tag, octets=size))
                    text = b""
                case Continuation(line):
                    self._queue.append((tag, text + b"\r\n"))
                    self._queue.append(_Pause(tag, after=line))
                    text = b""
        self._queue.append((tag, text + b"\r\n"))

    def take_output(self) -> bytes:
        """What may be sent now."""
        output = bytearray()
        while self._queue and not isinstance(self._queue[0], _Pause) and not self._data_missing:
            item = self._queue.popleft()
            assert isinstance(item, tuple)
            output += item[1]
        return bytes(output)

    def send_data(self, data: bytes) -> bytes:
        """What of the wanted octets is to be written. ValueError for more than were announced."""
        if len(data) > self._data_missing:
            raise ValueError("more octets than were announced")
        self._data_missing -= len(data)
        return data

    # In

    def receive(self, data: bytes) -> None:
        self._reader.feed(data)

    def next_event(self) -> Event | None:
        """The next thing that matters; None where more bytes are needed. Raises NotImap."""
        while True:
            streaming = bool(self._outstanding) and self._outstanding[0].streaming
            found = self._reader.next(streaming=streaming)
            if found is None or isinstance(found, Begun | Piece):
                return found
            response = parse(found)
            if not self._greeted:
                self._greeted = True
                if response.tag != b"*":
                    raise NotImap("no greeting")
                return response
            if response.tag == b"+":
                if self._go_on():
                    return DataWanted()
            elif response.tag == b"*":
                if response.name == b"BYE":
                    return response
                self._keep(response, found.size)
            else:
                return self._complete(response)

    def _go_on(self) -> bool:
        """Leave was given to send on. True where that is for data which must be asked for."""
        if self._data_missing or not self._queue or not isinstance(self._queue[0], _Pause):
            raise NotImap("it asks for something that there is not")
        pause = self._queue.popleft()
        assert isinstance(pause, _Pause)
        if pause.octets:
            self._data_missing = pause.octets
            return True
        self._queue.appendleft((pause.tag, pause.after))
        return False

    def _keep(self, response: Response, size: int) -> None:
        if not self._outstanding or not (response.values or response.code):
            return
        answer = self._outstanding[0].answer
        answer.kept += size + 100
        if answer.kept > MAX_KEPT or len(answer.data) >= MAX_RESPONSES:
            raise NotImap("more data than was asked for")
        answer.data.append(response)

    def _complete(self, response: Response) -> Answer:
        if not self._outstanding or self._outstanding[0].tag != response.tag:
            raise NotImap("an answer to a command that was not given")
        done = self._outstanding.popleft()
        if self._data_missing:
            raise NotImap("an answer in the middle of what it had asked for")
        while self._queue and _tag_of(self._queue[0]) == done.tag:
            self._queue.popleft()  # refused before it was all sent
        done.answer.status = response
        return done.answer


def _tag_of(item: tuple[bytes, bytes] | _Pause) -> bytes:
    return item.tag if isinstance(item, _Pause) else item[0]
