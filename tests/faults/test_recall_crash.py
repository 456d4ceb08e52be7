"""A recall dies by SIGKILL at each of its steps, beside a real Dovecot; the next one finishes, and tells it once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from takeback.recall.outcomes import Outcome
from takeback.recall.report import Status
from tests.contract.mailboxes.stages import KINDS, section
from tests.doubles.recalls import ID, stored_copy
from tests.faults.aftermath import Undertaker, finish, prepare, told, undertaker
from tests.faults.crashing_recall import Fatality
from tests.services.dovecot import Dovecot
from tests.services.mail_servers import required_dovecot

IMAP = KINDS[0]


@pytest.fixture(scope="module")
def fates() -> Iterator[Undertaker]:
    with undertaker() as process:
        yield process


@pytest.fixture(scope="module")
def post() -> Iterator[Dovecot]:
    with required_dovecot() as server:
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
async def test_a_recall_that_died_is_finished_and_told_once(
    step: Step, tmp_path: Path, post: Dovecot, fates: Undertaker
) -> None:
    user = post.new_user()
    file = await gateway(tmp_path, post, user)
    put(post, user)
    fatality = await crashed(fates, file, step)
    assert (flags(post, user) == [frozenset()]) is step.untouched
    report = await finish(fatality)
    assert report.counts == {Outcome.RECALLED: 1} and report.status is Status.DONE
    [person] = report.recipients[0].people
    assert [copy.outcome for copy in person.copies] == [Outcome.RECALLED]
    assert flags(post, user) == []
    assert await told(file) == ["recall_recalled", "summary"]


@pytest.mark.parametrize("step", STEPS[8:10], ids=lambda step: step.where)
async def test_what_is_read_while_the_recall_is_dead_stays(
    step: Step, tmp_path: Path, post: Dovecot, fates: Undertaker
) -> None:
    user = post.new_user()
    file = await gateway(tmp_path, post, user)
    put(post, user)
    fatality = await crashed(fates, file, step)
    client = post.log_in(user)
    client.select_folder("INBOX")
    client.add_flags(client.search("ALL"), ["\\Seen"])
    client.logout()
    report = await finish(fatality)
    assert report.counts == {Outcome.ALREADY_READ: 1}
    assert flags(post, user) == [frozenset({b"\\Seen"})]


async def gateway(folder: Path, post: Dovecot, user: str) -> Path:
    return await prepare(folder, section(IMAP, post), post.lmtp_port, user)


def put(post: Dovecot, user: str) -> None:
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


async def crashed(fates: Undertaker, file: Path, step: Step) -> Fatality:
    _, verb, moment = step.where.split()
    fatality = Fatality(str(file), ID, verb, moment)
    assert await asyncio.to_thread(fates.play, fatality)
    return fatality
