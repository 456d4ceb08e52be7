"""The dialogs again, over a real socket: the real connection, on the loop that serves.

From 127.0.0.1 AUTH is always offered, from elsewhere only under TLS; a unix socket is elsewhere. Behind the
connection stand an acceptor and a door that answer what the dialog says. A dialog in which somebody answers a question
that the connection answers by itself is left out.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
import trustme
import uvloop

from takeback.clock import MINUTE
from takeback.flows.accept import Accepted, Acceptor, Refused, Submission
from takeback.flows.ask import Who
from takeback.flows.commands import Commands
from takeback.flows.reports import Reporter
from takeback.flows.spool import Spool
from takeback.flows.submitter import Submitter
from takeback.listener.connection import Connection, Service
from takeback.listener.door import Door
from takeback.listener.listener import Listener
from takeback.ports.review import ReviewStore
from takeback.ports.store import Store
from takeback.quantities import parse_duration
from takeback.smtp.events import Credentials
from takeback.smtp.replies import Reply
from takeback.smtp.settings import SmtpLimits
from tests.dialogs.dialog import Dialog, all_dialogs, play
from tests.dialogs.session_peer import NOON
from tests.end_to_end.running import Aside

_HOSTNAME = "mail.example.com"
_ANSWERED_ELSEWHERE = frozenset({"Mail", "BodyEnds", "Credentials"})
"""The questions that the connection passes on; it answers the others by itself."""
_ANYBODY = Submitter("anybody", "anybody@example.com")
Answers = Mapping[str, Iterator[Reply]]


class AgreeingAcceptor(Acceptor):
    """Agrees to every message, after the refusals it was told."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def refusal_of_sender(self, submitter: Submitter, sender: str) -> Reply | None:
        return next(self._answers["Mail"], None)

    async def refusal_for_want_of_room(self, submitter: Submitter, size: int) -> Reply | None:
        return None

    async def accept(self, submission: Submission, spool: Spool) -> Accepted:
        if (reply := next(self._answers["BodyEnds"], None)) is not None:
            raise Refused(reply)
        return Accepted("id", None, Reply.of(250, "2.0.0", "Kept"))


async def _no_recall(reference: str, who: Who) -> Sequence[str]:
    raise AssertionError("nobody commands here")


class AgreeingDoor(Door):
    """Lets everybody in, after the refusals it was told."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def trusted(self, client: str) -> Submitter | None:
        return _ANYBODY

    async def authenticate(self, credentials: Credentials, client: str) -> tuple[Reply, Submitter | None]:
        reply = next(self._answers["Credentials"], Reply.of(235, "2.7.0", "Welcome"))
        return reply, _ANYBODY if reply.positive else None


class SocketPeer:
    """The client's end of a dialog. The inside cannot be seen."""

    def __init__(self, wire: socket.socket, trusting: ssl.SSLContext) -> None:
        self._wire = wire
        self._trusting = trusting
        self._unread = b""

    def send(self, data: bytes) -> None:
        self._wire.sendall(data)

    def read_line(self) -> str | None:
        while b"\r\n" not in self._unread:
            data = self._wire.recv(1 << 16)
            if not data:
                assert not self._unread, "the server closed in the middle of a line"
                return None
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\r\n")
        return line.decode()

    def start_tls(self) -> None:
        assert not self._unread, "the server said more before TLS"
        self._wire = self._trusting.wrap_socket(self._wire, server_hostname=_HOSTNAME)

    def happened(self) -> Iterable[str] | None:
        return None

    def close(self) -> None:
        self._wire.close()

    def all_was_read(self) -> bool:
        """Whether nothing comes any more: a command with a known answer is answered with just that."""
        self.send(b"NOOP\r\n")
        return self.read_line() in ("250 2.0.0 Ok", None)


@pytest.fixture(scope="module")
def loop() -> Iterator[Aside]:
    loop = Aside(uvloop.new_event_loop())
    yield loop
    loop.close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


Connect = Callable[[Dialog], SocketPeer]


@pytest.fixture
def connect(loop: Aside, authority: trustme.CA, tmp_path: Path) -> Iterator[Connect]:
    """Serves a dialog's setup and connects to it."""
    here, there = ssl.create_default_context(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.configure_trust(here)
    authority.issue_cert(_HOSTNAME).configure_cert(there)
    peers: list[SocketPeer] = []
    servers: list[asyncio.Server] = []

    def begin(dialog: Dialog) -> SocketPeer:
        service = make_service(dialog, there, tmp_path)
        is_secure = "secure" in dialog.setup
        elsewhere = "" if "may_authenticate_in_clear" in dialog.setup else str(tmp_path / "smtp")
        servers.append(loop.run(_serve(service, elsewhere, there if is_secure else None)))
        wire = _connect(servers[-1])
        peers.append(SocketPeer(here.wrap_socket(wire, server_hostname=_HOSTNAME) if is_secure else wire, here))
        return peers[-1]

    yield begin
    for peer in peers:
        peer.close()
    for server in servers:
        loop.run(_stop(server))


async def _serve(service: Service, elsewhere: str, tls: ssl.SSLContext | None) -> asyncio.Server:
    reception = Listener(service, 100, 100)
    loop = asyncio.get_running_loop()

    def new_connection() -> Connection:
        return Connection(service, reception, tls is not None)

    if elsewhere:
        return await loop.create_unix_server(new_connection, elsewhere, ssl=tls)
    return await loop.create_server(new_connection, "127.0.0.1", 0, ssl=tls)


def _connect(server: asyncio.Server) -> socket.socket:
    there = server.sockets[0]
    wire = socket.socket(there.family)
    wire.settimeout(20)
    wire.connect(there.getsockname())
    return wire


async def _stop(server: asyncio.Server) -> None:
    server.close()
    await server.wait_closed()


def make_service(dialog: Dialog, tls: ssl.SSLContext, folder: Path) -> Service:
    limits: dict[str, Any] = {}
    answers: dict[str, list[Reply]] = {kind: [] for kind in _ANSWERED_ELSEWHERE}
    for line in dialog.setup:
        match line.split(maxsplit=4):
            case ["limits", name, value]:
                limits[name] = int(value) if value.isdigit() else parse_duration(value)
            case ["answer", kind, code, enhanced, text] if not _is_what_we_say_anyway(kind, code):
                answers[kind].append(Reply.of(int(code), enhanced, text))
    given = {kind: iter(replies) for kind, replies in answers.items()}
    return Service(
        hostname=_HOSTNAME,
        limits=SmtpLimits(**limits),
        idle=MINUTE,
        spool_folder=folder,
        acceptor=AgreeingAcceptor(given),
        commands=Commands(  # nobody commands here
            cast(Store, None), cast(ReviewStore, None), _no_recall, cast(Reporter, None), _HOSTNAME
        ),
        door=AgreeingDoor(given),
        now=lambda: NOON,
        starttls=tls if "may_start_tls" in dialog.setup else None,
    )


def _is_what_we_say_anyway(kind: str, code: str) -> bool:
    return (kind, code) == ("BodyBegins", "354")


def can_be_set_up(dialog: Dialog) -> bool:
    answered = [line.split(maxsplit=4)[1:3] for line in dialog.setup if line.startswith("answer ")]
    return all(kind in _ANSWERED_ELSEWHERE or _is_what_we_say_anyway(kind, code) for kind, code in answered)


POSSIBLE = [dialog for dialog in all_dialogs() if can_be_set_up(dialog)]


@pytest.mark.parametrize("dialog", POSSIBLE, ids=lambda dialog: dialog.name)
def test_dialog_over_a_socket(dialog: Dialog, connect: Connect) -> None:
    peer = connect(dialog)
    play(dialog, peer)
    if not any(step.kind == "S." for step in dialog.steps):
        assert peer.all_was_read(), "the server said more than the dialog expects"


def test_few_dialogs_are_left_out() -> None:
    left_out = {dialog.name for dialog in all_dialogs()} - {dialog.name for dialog in POSSIBLE}
    assert left_out == {
        "bdat_refused",
        "body_refused_by_listener",
        "closed_by_listener",
        "greeted_with_421",
        "too_many_recipients",
        "turned_away",
    }
