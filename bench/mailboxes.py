"""A real Dovecot full of mailboxes, what there is to find in them, and the bare calls to measure beside."""

from __future__ import annotations

import asyncio
import os
import pwd
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bench import places
from bench.results import Skipped
from takeback.mailboxes.connectors import make_connector
from takeback.mailboxes.settings import MailboxSettings
from takeback.ports.mailbox import Connector, Reference, Removal
from tests.doubles.plain_imap import PlainImap
from tests.services import dovecot
from tests.services.dovecot import DOMAIN, Dovecot

AT_ONCE = 20
"""Mailboxes that each side works on together."""
OneMailbox = Callable[[str], Awaitable[None]]
"""Takes the message out of the mailbox of that user; raises where it is not there."""
_BODY = b"".join(b"line %d of a message like many others\r\n" % number for number in range(40))


@dataclass
class Mailboxes:
    """`users` have each so many messages that were read long ago, and whatever `deliver` puts beside them."""

    server: Dovecot
    users: Sequence[str]
    _delivered: int = 0
    _names: dict[str, str] = field(default_factory=dict)

    def deliver(self) -> str:
        """The Message-ID of a new message that is unread in every mailbox."""
        self._delivered += 1
        message_id = f"<recall-{self._delivered}@{DOMAIN}>"
        for user in self.users:
            _write(self.server.maildir(user) / "new" / f"2.{self._delivered}.bench", _message(message_id))
        return message_id

    def deliver_this(self, content: bytes) -> None:
        """Afterwards everybody has it, unread."""
        self._delivered += 1
        for user in self.users:
            _write(self.server.maildir(user) / "new" / f"2.{self._delivered}.bench", content)

    def per_second(self, make: Callable[[str], OneMailbox]) -> float:
        """Mailboxes a second, out of each of which one message is taken."""
        work = make(self.deliver())
        begun = time.perf_counter()
        asyncio.run(self._work(work))
        return len(self.users) / (time.perf_counter() - begun)

    async def _work(self, one: OneMailbox) -> None:
        waiting = iter(self.users)

        async def worker() -> None:
            for user in waiting:
                await one(user)

        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))


@contextmanager
def mailboxes(count: int, messages: int) -> Iterator[Mailboxes]:
    """Dovecot has looked through each of them once when this is entered, as it has where people use theirs."""
    if os.geteuid() != 0 or not dovecot.PROGRAM.exists():
        raise Skipped("Dovecot is not installed, or this is not run as root")
    with places.folder() as folder, dovecot.dovecot(folder / "dovecot") as server:
        users = [server.new_user() for _ in range(count)]
        for user in users:
            _fill(server.maildir(user), messages)
        full = Mailboxes(server, users)
        full.per_second(lambda message_id: bare_imap(server, message_id))
        yield full


def _fill(maildir: Path, messages: int) -> None:
    for part in ("new", "cur", "tmp"):
        (maildir / part).mkdir(parents=True)
    for number in range(messages):
        _write(maildir / "cur" / f"1.{number}.bench:2,S", _message(f"<old-{number}@{DOMAIN}>"))
    owner = pwd.getpwnam("mail")
    for path in (maildir, *maildir.rglob("*")):
        os.chown(path, owner.pw_uid, owner.pw_gid)


def _message(message_id: str) -> bytes:
    header = f"From: ann@{DOMAIN}\r\nTo: all@{DOMAIN}\r\nSubject: figures\r\nMessage-ID: {message_id}\r\n\r\n"
    return header.encode() + _BODY


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o666)


# The two sides


def bare_imap(server: Dovecot, message_id: str) -> OneMailbox:
    """What the protocol needs, and nothing else: no look at folders, header or outcome."""

    async def take(user: str) -> None:
        client = await PlainImap.log_in(server.imap_port, f"{user}*{dovecot.MASTER}", dovecot.MASTER_PASSWORD)
        answers = await client.say("SELECT INBOX (CONDSTORE)", f'UID SEARCH HEADER Message-ID "{message_id}"')
        uid = _number(rb"\* SEARCH (\d+)", answers[1])
        (looked,) = await client.say(f"UID FETCH {uid} (FLAGS MODSEQ BODY.PEEK[HEADER.FIELDS (Message-ID)])")
        modseq = _number(rb"MODSEQ \((\d+)\)", looked)
        await client.say(
            f"UID STORE {uid} (UNCHANGEDSINCE {modseq}) FLAGS.SILENT (\\Deleted)", f"UID EXPUNGE {uid}", "LOGOUT"
        )
        client.close()

    return take


def bare_doveadm(server: Dovecot, message_id: str) -> OneMailbox:
    """A look and a deletion: two calls, of which the second says nothing of what it did."""
    client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.http_port}", auth=("doveadm", dovecot.API_KEY))
    mailbox = ["mailbox", "INBOX", "header", "message-id", message_id]

    async def call(command: str, **parameters: object) -> httpx.Response:
        answer = await client.post("/doveadm/v1", json=[[command, parameters, "t"]])
        return answer.raise_for_status()

    async def take(user: str) -> None:
        found = await call("fetch", user=user, field=["uid", "mailbox-guid", "flags", "hdr"], query=mailbox)
        assert message_id in found.text
        await call("expunge", user=user, query=[*mailbox, "unseen"])

    return take


def connected(kind: str, server: Dovecot, message_id: str) -> OneMailbox:
    """The connector: find in every folder, compare, remove on the condition, make sure."""
    connector = connector_of(kind, server)

    async def take(user: str) -> None:
        mailbox = await connector.open(f"{user}@{DOMAIN}")
        try:
            (copy,) = await mailbox.find(Reference(message_id, to_remove=True))
            removed = await mailbox.remove(copy, only_if_unread=True)
        finally:
            await mailbox.close()
        assert removed.removal is Removal.REMOVED

    return take


def connector_of(kind: str, server: Dovecot) -> Connector:
    common = {"for": [f"*@{DOMAIN}"], "kind": kind, "connections": AT_ONCE}
    imap = {
        "url": f"imap://127.0.0.1:{server.imap_port}",
        "username": dovecot.MASTER,
        "password": dovecot.MASTER_PASSWORD,
    }
    http = {"url": f"http://127.0.0.1:{server.http_port}", "username": "doveadm", "password": dovecot.API_KEY}
    return make_connector(MailboxSettings.model_validate(common | (imap if kind == "imap" else http)))


def _number(pattern: bytes, lines: Sequence[bytes]) -> int:
    match = re.search(pattern, b"".join(lines))
    assert match, lines
    return int(match[1])
