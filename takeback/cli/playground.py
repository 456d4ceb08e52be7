"""The playground behind `takeback demo`: a gateway, three local mailboxes, a few messages on hold; nothing leaves
the machine."""

from __future__ import annotations

import asyncio
import shlex
import shutil
import signal
import smtplib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

from rich.console import Group
from rich.live import Live
from rich.text import Text

from takeback.app import Gateway
from takeback.auth.passwords import Passwords
from takeback.cli import recall_words, words
from takeback.cli.terms import UsageError, console, say
from takeback.cli.tongue import Said, listed, number, t, theirs
from takeback.config import load
from takeback.hold.states import FINAL, State
from takeback.ids import new_token
from takeback.ports.store import MessageView
from takeback.store.accounts import NewAccount
from takeback.store.recall_store import SqlRecallStore
from takeback.store.store import SqlStore

DOMAIN = "demo.example"
SENDER = f"you@{DOMAIN}"
PEOPLE = ("sara", "omar", "lina")
_FIRST_LINE = "# Written by `takeback demo`, and written anew each time."
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Sample:
    to: tuple[str, ...]
    subject: str
    text: str
    hold: str = ""


SAMPLES = (
    Sample(("sara",), "Resignation", "Dear Sara, I have thought about this for a while ...", "until released"),
    Sample(("omar", "lina"), "Draft contract (do not forward)", "Here is the draft, with our margins in it.", "3m"),
    Sample(("lina",), "عرض الأسعار", "مرحبًا لينا، تجدين عرض الأسعار أدناه.", "1m"),
    Sample(("sara",), "Lunch on Thursday?", "At the usual place?"),
    Sample(("omar",), "Salaries of all departments", "This was meant for another Omar.", "0s"),
)


def prepare(folder: Path, port: int, pages: int) -> Path:
    """The configuration file of a fresh playground. Raises UsageError where something else is in its place."""
    file = folder / "takeback.toml"
    if folder.exists() and any(folder.iterdir()) and not _is_ours(file):
        raise UsageError("{folder} holds something else; name another place with --folder", folder=folder)
    for part in ("data", "mailboxes"):
        shutil.rmtree(folder / part, ignore_errors=True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(_configuration(folder, port, pages), "utf-8")
    except OSError as error:
        raise UsageError(
            "{folder} cannot be written: {why}; name another place with --folder", folder=folder, why=error.strerror
        ) from None
    return file


def _is_ours(file: Path) -> bool:
    try:
        return file.read_text("utf-8").startswith(_FIRST_LINE)
    except (OSError, UnicodeDecodeError):
        return False


def _configuration(folder: Path, port: int, pages: int) -> str:
    mailboxes = folder.absolute() / "mailboxes"
    return f"""{_FIRST_LINE}
[data]
folder = "data"
reserve = "1MB"
[smtp]
hostname = "{DOMAIN}"
listen = ["127.0.0.1:{port}"]
[[smtp.trusted]]                # no password needed: only programs on this machine can connect
network = "127.0.0.1/32"
account = "{SENDER}"
may_send_as = ["*@{DOMAIN}"]
[http]
listen = "127.0.0.1:{pages}"
url = "http://127.0.0.1:{pages or 8025}"
[organisation]
domains = ["{DOMAIN}"]
[hold]
window = "30s"
[[relay]]                       # every address is a local mailbox
to = "maildir://{mailboxes}/{{user}}"
[[mailboxes]]                   # and what was delivered there can be recalled
for = ["*@{DOMAIN}"]
kind = "maildir"
url = "{mailboxes}/{{user}}"
test_mailbox = "omar@{DOMAIN}"
[recall.drill]                  # `takeback drill` tries it here
mailboxes = ["drill@{DOMAIN}"]
"""


@dataclass(slots=True)
class _Seen:
    """The messages of this run, as they were when last looked at."""

    views: dict[str, MessageView] = field(default_factory=dict)
    recalls: dict[str, str] = field(default_factory=dict)
    """What became of each recall, in a line."""

    async def look(self, store: SqlStore) -> list[MessageView]:
        """What has changed since the last look, oldest first."""
        for view in await store.outbox(None, None):
            self.views.setdefault(view.id, view)
        changed = []
        for id, before in list(self.views.items()):
            if all(each.state in FINAL for each in before.recipients):
                continue
            (now,) = await store.find(id)
            if now != before:
                self.views[id] = now
                changed.append(now)
        return sorted(changed, key=lambda view: view.accepted_at)

    async def look_at_recalls(self, recalls: SqlRecallStore) -> list[str]:
        """The lines that have changed since the last look."""
        before = dict(self.recalls)
        for message in self.views:
            for id in await recalls.recalls(message):
                self.recalls[id] = recall_words.in_a_line(message, await recalls.counts(id))
        return [line for id, line in self.recalls.items() if before.get(id) != line]

    def newest_first(self) -> list[MessageView]:
        return sorted(self.views.values(), key=lambda view: (view.accepted_at, view.id), reverse=True)


async def run(file: Path) -> None:
    gateway = Gateway(load(file))
    stopping = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stopping.set)
    await gateway.start()
    port, pages = gateway.endpoints[0][1], gateway.endpoints[-1][1]
    seen = _Seen()
    try:
        await asyncio.to_thread(_send_samples, port)
        show = _show_live if console.is_terminal else _show_lines
        invitation = await _invite(gateway.store, pages)
        await show(gateway.store, seen, stopping, [*invitation, *_instructions(file, port)])
    finally:
        await gateway.stop()
    _say_goodbye(seen, file.parent)


async def _invite(store: SqlStore, pages: int) -> list[str]:
    """Where the pages are, and a password for them that is good for this run of the demo only."""
    password = new_token()
    passwords = Passwords()
    await store.set_account(NewAccount(SENDER, SENDER, passwords.hash_now(password)))
    passwords.close()
    return [
        t(
            "The outbox in a browser: {url} (address {address}, password {password})",
            url=f"http://127.0.0.1:{pages}/",
            address=SENDER,
            password=password,
        )
    ]


def _send_samples(port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port) as client:
        for sample in SAMPLES:
            message = EmailMessage()
            message["From"] = SENDER
            message["To"] = ", ".join(f"{name}@{DOMAIN}" for name in sample.to)
            message["Subject"] = sample.subject
            if sample.hold:
                message["Takeback-Hold"] = sample.hold
            message.set_content(sample.text)
            client.send_message(message)


def _instructions(file: Path, port: int) -> list[str]:
    """What to type in another terminal. The first line needs nothing but the Python that is there."""
    program = shlex.quote(sys.argv[0] if Path(sys.argv[0]).name == "takeback" else "takeback")
    config = f"--config {shlex.quote(str(file))}"
    return [
        t("Send one of your own, from another terminal in this folder:"),
        f"  python3 -c \"import smtplib; smtplib.SMTP('127.0.0.1', {port}).sendmail('{SENDER}', 'omar@{DOMAIN}', "
        f"'From: {SENDER}\\nSubject: Oops\\n\\nSent too early.')\"",
        t("Undo the newest, or send one now, or see what became of it:"),
        f"  {program} undo last {config}",
        f"  {program} release MESSAGE {config}",
        f"  {program} show MESSAGE {config}",
        t("Take back what was delivered and nobody has read:"),
        f"  {program} recall MESSAGE {config}",
    ]


async def _show_live(store: SqlStore, seen: _Seen, stopping: asyncio.Event, instructions: Sequence[str]) -> None:
    recalls = SqlRecallStore(store.access)
    with Live(console=console, auto_refresh=False) as live:
        while not stopping.is_set():
            await seen.look(store)
            await seen.look_at_recalls(recalls)
            table = words.outbox(seen.newest_first()[:_SHOWN], store.now())
            told = map(Text, list(seen.recalls.values())[-_SHOWN:])
            shown = Group(_title(), table, *told, *map(_instruction, instructions), _how_to_stop())
            live.update(shown, refresh=True)
            await _pause(stopping)


def _title() -> Text:
    people = listed([theirs(person) for person in PEOPLE])
    return Text.assemble(
        (t("Takeback demo"), "bold"),
        t(": {people} at {domain} have mailboxes here; nothing leaves this machine.", people=people, domain=DOMAIN),
    )


def _instruction(line: str) -> Text:
    return Text(line, style="bold" if line.startswith(" ") else "", no_wrap=False)


def _how_to_stop() -> Text:
    return Text(t("Ctrl-C ends the demo."), style="dim")


async def _show_lines(store: SqlStore, seen: _Seen, stopping: asyncio.Event, instructions: Sequence[str]) -> None:
    say(_title())
    for line in instructions:
        say(line)
    recalls = SqlRecallStore(store.access)
    told: set[str] = set()
    while not stopping.is_set():
        changed = {view.id for view in await seen.look(store)}
        for view in reversed(seen.newest_first()):
            if view.id in changed or view.id not in told:
                told.add(view.id)
                leaving = words.leaving(view.recipients, store.now())
                parts = [theirs(view.id), words.states(view.recipients).plain, leaving, words.subject_of(view)]
                say(Said("  ".join(filter(None, parts))))
        for line in await seen.look_at_recalls(recalls):
            say(line)
        await _pause(stopping)


async def _pause(stopping: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(0.25):
            await stopping.wait()
    except TimeoutError:
        return


def _say_goodbye(seen: _Seen, folder: Path) -> None:
    states = [each.state for view in seen.views.values() for each in view.recipients]
    say(
        t(
            "Delivered {delivered}, stopped {stopped}. "
            "The mailboxes are in {mailboxes}; remove {folder} when you like.",
            delivered=number(states.count(State.SENT)),
            stopped=number(states.count(State.UNDONE)),
            mailboxes=folder / "mailboxes",
            folder=folder,
        )
    )
