"""A recall dies by SIGKILL at each of its steps, beside a real Dovecot; the next one finishes, and tells it once."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from takeback.config import load
from takeback.flows.recall import Wish, start
from takeback.mail import recall_lock
from takeback.mail.envelope import Envelope, Recipient
from takeback.ports import Outcome as RelayOutcome
from takeback.ports import Verdict
from takeback.ports.store import ClaimRequest, DotMark, NewMessage, Origin, Result, Settlement
from takeback.recall.outcomes import Outcome
from takeback.recall.report import Report, Status
from takeback.recalls import Recalls
from takeback.store.keys import open_seal
from takeback.store.opening import open_store
from tests.doubles.gateways import ROOT
from tests.doubles.recalls import DATE, FROM, ID, SECRET, stored_copy
from tests.faults.crashing_recall import LEASE, WHO
from tests.services.dovecot import MASTER, MASTER_PASSWORD, PROGRAM, Dovecot, dovecot
from tests.services.requirement import missing

ANN = "ann@example.com"


@pytest.fixture(scope="module")
def post() -> Iterator[Dovecot]:
    if not PROGRAM.exists():
        missing("Dovecot (dovecot-imapd, dovecot-lmtpd)")
    if os.geteuid() != 0:
        pytest.skip("a mail server that keeps its users apart can only be started by root")
    with dovecot() as server:
        yield server


@dataclass(frozen=True, slots=True)
class Step:
    """Where the recall dies, and whether the copy is still whole and unmarked in its folder then."""

    where: str
    untouched: bool


STEPS = [
    Step("1 start before", True),
    Step("2 start after", True),
    Step("3 claim after", True),
    Step("4 expand before", True),
    Step("5 expand after", True),
    Step("6 find before", True),
    Step("7 find after", True),
    Step("8 plan before", True),
    Step("9 plan after", True),
    Step("10 remove before", True),
    Step("11 expunge before", False),
    Step("12 expunge after", False),
    Step("13 remove after", False),
    Step("14 settle_copy before", False),
    Step("15 settle_copy after", False),
    Step("16 settle_person before", False),
    Step("17 settle_person after", False),
    Step("18 finish before", False),
    Step("19 finish after", False),
]


_ALWAYS = (1, 4, 8, 9, 10, 11, 13, 16, 18)
"""Those whose step leaves something new behind; the rest are for the long run."""


def _cases() -> Iterator[object]:
    for number, step in enumerate(STEPS, start=1):
        yield pytest.param(step, id=step.where, marks=[] if number in _ALWAYS else [pytest.mark.soak])


@pytest.mark.parametrize("step", list(_cases()))
async def test_a_recall_that_died_is_finished_and_told_once(step: Step, tmp_path: Path, post: Dovecot) -> None:
    user = post.new_user()
    file = await prepare(tmp_path, post, user)
    put(post, user)
    await asyncio.to_thread(crash, file, step)
    assert (flags(post, user) == [frozenset()]) is step.untouched
    report = await finish(file)
    assert report.counts == {Outcome.RECALLED: 1} and report.status is Status.DONE
    [person] = report.recipients[0].people
    assert [copy.outcome for copy in person.copies] == [Outcome.RECALLED]
    assert flags(post, user) == []
    assert await told(file) == ["recall_recalled", "summary"]


@pytest.mark.parametrize("step", STEPS[8:10], ids=lambda step: step.where)
async def test_what_is_read_while_the_recall_is_dead_stays(step: Step, tmp_path: Path, post: Dovecot) -> None:
    user = post.new_user()
    file = await prepare(tmp_path, post, user)
    put(post, user)
    await asyncio.to_thread(crash, file, step)
    client = post.log_in(user)
    client.select_folder("INBOX")
    client.add_flags(client.search("ALL"), ["\\Seen"])
    client.logout()
    report = await finish(file)
    assert report.counts == {Outcome.ALREADY_READ: 1}
    assert flags(post, user) == [frozenset({b"\\Seen"})]


async def prepare(folder: Path, post: Dovecot, user: str) -> Path:
    """The configuration of a gateway that has delivered one message to that user."""
    file = folder / "takeback.toml"
    file.write_text(f"""
[data]
folder = "data"
reserve = "0B"
[smtp]
hostname = "gateway.example"
[[relay]]
to = "lmtp://127.0.0.1:{post.lmtp_port}"
[[mailboxes]]
for = ["*@example.com"]
kind = "imap"
url = "imap://127.0.0.1:{post.imap_port}"
username = "{MASTER}"
password = "{MASTER_PASSWORD}"
""")
    async with open_store(load(file).data) as store:
        now = store.now()
        message = NewMessage(
            id="1nmkmg0000000000",
            account=ANN,
            origin=Origin.SUBMISSION,
            envelope=Envelope(ANN, (Recipient(f"{user}@example.com"),)),
            due_at=[now],
            accepted_at=now,
            size=len(stored_copy()),
            eight_bit=False,
            content=[stored_copy()],
            lock_secret=SECRET,
            body_digest=b"\0" * 32,
            message_id=ID,
            header_from=FROM,
            header_date=DATE,
        )
        await store.accept(message)
        [claimed] = await store.claim(ClaimRequest("token", 10, 60_000_000, now))
        ids = [each.id for each in claimed.recipients]
        assert await store.mark_dot(DotMark("token", ids))
        outcome = RelayOutcome(Verdict.SENT, "250 ok", f"127.0.0.1:{post.lmtp_port}", delivered=True)
        await store.record(Settlement("token", [Result(id, outcome) for id in ids]))
    return file


def put(post: Dovecot, user: str) -> None:
    assert recall_lock.lock(SECRET, ANN, ID).encode() in stored_copy()
    client = post.log_in(user)
    client.append("INBOX", stored_copy())
    client.logout()


def flags(post: Dovecot, user: str) -> list[frozenset[bytes]]:
    """Of every message in the mailbox."""
    client = post.log_in(user)
    client.select_folder("INBOX", readonly=True)
    found = [frozenset(each) - {b"\\Recent"} for each in client.get_flags(client.search("ALL")).values()]
    client.logout()
    return found


def crash(file: Path, step: Step) -> None:
    _, verb, moment = step.where.split()
    command = [sys.executable, "-m", "tests.faults.crashing_recall", str(file), ID, verb, moment]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL


async def finish(file: Path) -> Report:
    """What `takeback recall` comes to when it is asked again."""
    config = load(file)
    async with open_store(config.data) as store:
        recalls = Recalls(config, store, await open_seal(store.access, config.data), LEASE)
        known = await recalls.store.recalls("1nmkmg0000000000")
        [id] = known or await start(store, recalls.store, recalls.reach, Wish(ID), WHO)
        await recalls.recaller.work_off(id, _nothing)
        report = await recalls.store.report(id)
        await recalls.close()
    assert report is not None
    return report


async def _nothing() -> None: ...


async def told(file: Path) -> list[str]:
    """What was recorded of outcomes, and the summaries that wait to be sent."""
    async with open_store(load(file).data) as store:
        kinds = [each.kind for each in await store.events("1nmkmg0000000000")]
        mail = [view for view in await store.outbox(None, None) if view.origin is Origin.SYSTEM]
    return [kind for kind in kinds if kind.startswith("recall_")] + ["summary"] * len(mail)
