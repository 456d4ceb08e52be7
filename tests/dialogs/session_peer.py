"""A session as the server's side of a wire, and a listener that agrees to everything but what it was told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from takeback.clock import Instant, parse_rfc3339
from takeback.quantities import parse_duration
from takeback.smtp import events
from takeback.smtp.events import NEED_DATA, WAITING, BodyChunk, Closed, Event, Question, StartTls
from takeback.smtp.replies import Reply
from takeback.smtp.server import ServerSession
from takeback.smtp.settings import SmtpLimits

NOON: Instant = parse_rfc3339("2026-11-24T12:00:00Z")
AGREEMENT: Mapping[type[Question], Reply] = {
    events.Connected: Reply.of(220, None, "mail.example.com ESMTP"),
    events.Credentials: Reply.of(235, "2.7.0", "Welcome"),
    events.Mail: Reply.of(250, "2.1.0", "Sender ok"),
    events.Rcpt: Reply.of(250, "2.1.5", "Recipient ok"),
    events.BodyBegins: Reply.of(354, None, "Go ahead"),
    events.BodyEnds: Reply.of(250, "2.0.0", "Kept"),
}


def new_session(limits: Mapping[str, Any] | None = None, **options: bool) -> ServerSession:
    return ServerSession(SmtpLimits(**(limits or {})), hostname="mail.example.com", now=lambda: NOON, **options)


class Listener:
    """Drives a session. `answers` holds the replies to the questions of a kind, in order, before it agrees."""

    def __init__(self, session: ServerSession, answers: Mapping[type[Question], Sequence[Reply]] | None = None) -> None:
        self.session = session
        self._answers = answers or {}
        self._asked: Counter[type[Question]] = Counter()
        self.events: list[Event] = []
        self.output = b""
        self.ended = False
        self.most_buffered = 0
        self._run()

    def feed(self, data: bytes, size: int | None = None) -> None:
        """Afterwards the session has dealt with `data`, handed over in pieces of `size` octets."""
        size = size or max(1, len(data))
        for start in range(0, len(data), size):
            self.session.receive(data[start : start + size])
            self._run()

    def hang_up(self) -> None:
        self.session.receive(b"")
        self._run()

    def body(self) -> bytes:
        return b"".join(event.data for event in self.events if isinstance(event, BodyChunk))

    def _run(self) -> None:
        while not self.ended and (event := self.session.next_event()) is not NEED_DATA:
            assert event is not WAITING, "every question has been answered"
            self._note(event)
            if isinstance(event, get_args(Question)):
                assert self.session.next_event() is WAITING
                self.session.answer(self._answer(type(event)))
            self.ended = isinstance(event, Closed)
        self.most_buffered = max(self.most_buffered, self.session.buffered)
        self.output += self.session.take_output()

    def _note(self, event: Event) -> None:
        last = self.events[-1] if self.events else None
        if isinstance(event, BodyChunk) and isinstance(last, BodyChunk):
            self.events[-1] = BodyChunk(last.data + event.data)
        else:
            self.events.append(event)

    def _answer(self, kind: type[Question]) -> Reply:
        special = self._answers.get(kind, ())
        place = self._asked[kind]
        self._asked[kind] += 1
        return special[place] if place < len(special) else AGREEMENT[kind]


class SessionPeer:
    """For dialogs. `setup` knows: secure, may_start_tls, may_authenticate_in_clear; `limits NAME VALUE`; and
    `answer EVENT CODE ENHANCED TEXT`, once for each time it shall be given ("-" for no enhanced code)."""

    def __init__(self, setup: Sequence[str], piece: int | None) -> None:
        limits: dict[str, int] = {}
        options: dict[str, bool] = {}
        answers: dict[type[Question], list[Reply]] = {}
        for line in setup:
            match line.split(maxsplit=4):
                case ["limits", name, value]:
                    limits[name] = int(value) if value.isdigit() else parse_duration(value)
                case ["answer", event, code, enhanced, text]:
                    reply = Reply.of(int(code), None if enhanced == "-" else enhanced, text)
                    answers.setdefault(getattr(events, event), []).append(reply)
                case [option]:
                    options[option] = True
                case _:
                    raise ValueError(f"no such setup: {line}")
        self.listener = Listener(new_session(limits, **options), answers)
        self._piece = piece
        self._shown = 0
        self._read = 0

    def send(self, data: bytes) -> None:
        self.listener.feed(data, self._piece)

    def read_line(self) -> str | None:
        end = self.listener.output.find(b"\r\n", self._read)
        if end < 0:
            assert self.listener.ended, "the server said nothing, and did not close"
            return None
        line = self.listener.output[self._read : end]
        self._read = end + 2
        return line.decode()

    def start_tls(self) -> None:
        assert isinstance(self.listener.events[-1], StartTls)
        assert self.all_was_read()
        self.listener.session.secured()

    def happened(self) -> Iterable[str]:
        seen = self.listener.events
        may_grow = bool(seen) and isinstance(seen[-1], BodyChunk)
        shown, self._shown = self._shown, len(seen) - may_grow
        return [repr(event) for event in seen[shown : self._shown]]

    def all_was_read(self) -> bool:
        return self._read == len(self.listener.output)
