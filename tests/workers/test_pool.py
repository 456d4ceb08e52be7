"""The reviewer: whatever a rule or a message does, every question has an answer, and the next one too."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from takeback.ports.review import Assignment, Opinion, Remembered
from takeback.review.history import Change
from takeback.workers.frames import READING
from takeback.workers.limits import NICENESS, Limits, Progress
from takeback.workers.pool import Pool
from takeback.workers.process import Desk
from tests.doubles.bad_rules import ACTS
from tests.doubles.gateways import until

LIAR = (sys.executable, "-P", "-m", "tests.doubles.lying_worker")
FORGETFUL = (*LIAR[:3], "tests.doubles.forgetful_worker")
COMMAND = (sys.executable, "-P", "-m", "tests.doubles.bad_rules")
LIMITS = Limits(memory=300 << 20, rule=0.2, message=1.5)
ANN = "ann@example.com"


class Histories:
    """Where the pool loads histories from. `asked` counts how often it did."""

    def __init__(self) -> None:
        self.kept: dict[str, Remembered] = {}
        self.asked = 0

    async def load(self, account: str) -> Remembered:
        self.asked += 1
        return self.kept.get(account, Remembered(account, 0, ()))


@asynccontextmanager
async def pool(
    count: int = 1, histories: Histories | None = None, command: Sequence[str] = COMMAND
) -> AsyncIterator[Pool]:
    made = Pool(count, LIMITS, (histories or Histories()).load, command)
    try:
        yield made
    finally:
        await made.close()


def assignment(subject: str = "hello", version: int = 0, to: str = "bob@one.example") -> Assignment:
    content = f"From: Ann <{ANN}>\r\nTo: Bob <{to}>\r\nSubject: {subject}\r\n\r\nText.\r\n".encode()
    return Assignment(content, ANN, [to], ANN, version, [ANN], 1_800_000_000_000_000, ["example.com"])


def said_by_system(pid: int, what: str) -> bytes:
    return Path(f"/proc/{pid}/{what}").read_bytes()


def found(opinion: Opinion) -> list[str]:
    return [finding.code for finding in opinion.findings]


async def test_no_process_is_started_before_it_is_needed_and_none_is_left() -> None:
    async with pool() as reviewer:
        assert reviewer.pids == []
        assert found(await reviewer.review(assignment())) == ["empty_subject"]
        [pid] = reviewer.pids
        await reviewer.review(assignment())
        assert reviewer.pids == [pid]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_the_rules_hear_all_that_they_are_to_judge_by() -> None:
    async with pool() as reviewer:
        opinion = await reviewer.review(assignment())
        assert opinion.findings[0].reason.en == f"hello, sent 0 before, ['{ANN}']"
        assert opinion.score == 0.9
        inside = await reviewer.review(assignment(to="bob@mail.example.com"))
        assert inside.score == 0.1


@pytest.mark.parametrize("act", ACTS)
async def test_a_rule_costs_its_message_that_rule_and_nothing_else(act: str) -> None:
    async with pool() as reviewer:
        opinion = await reviewer.review(assignment(act))
        assert found(opinion) == ["empty_subject"]
        assert list(opinion.failures) == [act]
        assert opinion.whole
        assert (await reviewer.review(assignment())).failures == {}


async def test_two_rules_that_end_their_worker_cost_two_rules() -> None:
    async with pool() as reviewer:
        opinion = await reviewer.review(assignment("leave be_killed"))
        assert set(opinion.failures) == {"leave", "be_killed"}
        assert found(opinion) == ["empty_subject"]


async def test_a_message_that_ends_worker_after_worker_is_given_up() -> None:
    async with pool() as reviewer:
        opinion = await reviewer.review(assignment("leave be_killed touch_nothing"))
        assert not opinion.whole and len(opinion.failures) == 3
        assert (await reviewer.review(assignment())).whole


async def test_a_worker_that_is_killed_between_messages_is_started_anew() -> None:
    async with pool() as reviewer:
        await reviewer.review(assignment())
        os.kill(reviewer.pids[0], signal.SIGKILL)
        opinion = await reviewer.review(assignment())
        assert found(opinion) == ["empty_subject"] and opinion.whole and not opinion.failures


async def test_workers_work_beside_each_other() -> None:
    async with pool(2) as reviewer:
        slow = asyncio.create_task(reviewer.review(assignment("spin_where_python_does_not_get_to_run")))
        await until(lambda: bool(reviewer.pids), 30, "a worker")
        assert found(await reviewer.review(assignment())) == ["empty_subject"]
        assert not slow.done()
        assert list((await slow).failures) == ["spin_where_python_does_not_get_to_run"]


async def test_who_does_not_wait_for_an_answer_leaves_it_to_nobody_else() -> None:
    async with pool(2) as reviewer:
        await reviewer.review(assignment())
        left = asyncio.create_task(reviewer.review(assignment("wait 20")))
        [progress] = [worker._progress for worker in reviewer._workers if worker._progress]
        await until(lambda: progress.last() == "waits", 30, "the rule that waits")
        left.cancel()
        await asyncio.gather(left, return_exceptions=True)
        assert found(await reviewer.review(assignment())) == ["empty_subject"]
        assert len(reviewer.pids) == 2, "the other worker was asked"
        assert progress.last() == "waits"
    assert left.cancelled()


async def test_closing_ends_what_is_under_way() -> None:
    async with pool() as reviewer:
        task = asyncio.create_task(reviewer.review(assignment("spin_where_python_does_not_get_to_run")))
        await until(lambda: bool(reviewer.pids), 30, "a worker")
    await asyncio.gather(task, return_exceptions=True)
    assert task.done()


async def test_a_worker_takes_no_more_than_it_may() -> None:
    async with pool() as reviewer:
        await reviewer.review(assignment())
        [pid] = reviewer.pids
        assert resource.prlimit(pid, resource.RLIMIT_AS) == (LIMITS.memory, LIMITS.memory)
        assert os.getpriority(os.PRIO_PROCESS, pid) >= NICENESS
        environment = said_by_system(pid, "environ").split(b"\0")
        assert {line.partition(b"=")[0] for line in environment if line} <= {b"PYTHONPATH", b"LC_ALL"}


async def test_a_worker_ends_with_the_line_to_its_gateway() -> None:
    async with pool() as reviewer:
        await reviewer.review(assignment())
        [pid] = reviewer.pids
        line = reviewer._workers[0]._line
        assert line is not None
        line.close()
        await until(lambda: said_by_system(pid, "stat").split()[2] == b"Z", 10, "the worker to end")


# Histories


async def learn(reviewer: Pool, version: int, subject: str = "hello") -> Change:
    change = await reviewer.learn(assignment(subject, version))
    assert change is not None
    return change


async def said(reviewer: Pool, version: int) -> int:
    """How many copies the rules believe were sent before."""
    opinion = await reviewer.review(assignment(version=version))
    return int(opinion.findings[0].reason.en.split("sent ")[1].split()[0])


async def test_what_was_learned_is_known_to_the_next_review_without_loading_it() -> None:
    histories = Histories()
    async with pool(histories=histories) as reviewer:
        for version in range(3):
            reviewer.learned(ANN, version + 1, await learn(reviewer, version))
        assert await said(reviewer, 3) == 3
        assert histories.asked == 1


async def test_what_was_learned_and_not_stored_does_not_count() -> None:
    async with pool() as reviewer:
        await learn(reviewer, 0)
        assert await said(reviewer, 0) == 0


async def test_another_worker_is_told_what_has_changed_since_it_saw_the_history() -> None:
    histories = Histories()
    async with pool(2, histories) as reviewer:
        first, second = reviewer._workers
        reviewer._idle.get_nowait()
        assert await said(reviewer, 0) == 0
        reviewer._idle.get_nowait()
        reviewer._idle.put_nowait(second)
        for version in range(3):
            reviewer.learned(ANN, version + 1, await learn(reviewer, version))
        reviewer._idle.get_nowait()
        reviewer._idle.put_nowait(first)
        assert await said(reviewer, 3) == 3
        assert histories.asked == 2, "once for each worker"


async def test_a_history_that_changed_elsewhere_is_loaded_anew() -> None:
    histories = Histories()
    async with pool(histories=histories) as reviewer:
        change = await learn(reviewer, 0)
        histories.kept[ANN] = Remembered(ANN, 7, change.changed)
        assert await said(reviewer, 7) == 1
        histories.kept[ANN] = Remembered(ANN, 8, ())
        assert await said(reviewer, 8) == 0, "it was erased"


async def test_a_worker_that_makes_room_for_a_fresh_one_takes_no_history_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("takeback.workers.worker._MOST_ANSWERED", 2)
    histories = Histories()
    async with pool(histories=histories) as reviewer:
        change = await learn(reviewer, 0)
        histories.kept[ANN] = Remembered(ANN, 1, change.changed)
        reviewer.learned(ANN, 1, change)
        assert [await said(reviewer, 1) for _ in range(6)] == [1] * 6


@pytest.mark.parametrize("learned", ["before", "after"])
async def test_a_worker_that_dies_takes_no_history_with_it(learned: str) -> None:
    histories = Histories()
    async with pool(histories=histories) as reviewer:
        change = await learn(reviewer, 0)
        histories.kept[ANN] = Remembered(ANN, 1, change.changed)
        if learned == "before":
            reviewer.learned(ANN, 1, change)
        await reviewer.review(replace(assignment("be_killed"), account="eve@example.com"))
        if learned == "after":
            reviewer.learned(ANN, 1, change)
        assert await said(reviewer, 1) == 1


async def test_a_worker_keeps_few_histories_and_is_told_the_others_again() -> None:
    histories = Histories()
    async with pool(histories=histories, command=FORGETFUL) as reviewer:
        change = await learn(reviewer, 0)
        histories.kept[ANN] = Remembered(ANN, 1, change.changed)
        reviewer.learned(ANN, 1, change)
        for other in ("eve@example.com", "sam@example.com"):
            histories.kept[other] = Remembered(other, 1, change.changed)
            assert (await reviewer.review(replace(assignment(version=1), account=other))).findings
            assert await said(reviewer, 1) == 1


async def test_a_worker_that_failed_over_a_history_is_told_it_again() -> None:
    histories = Histories()
    async with pool(command=LIAR, histories=histories) as reviewer:
        failed = replace(assignment(), content=b'{"failed": "MemoryError"}')
        for _ in range(3):
            await reviewer.review(failed)
        assert histories.asked == 3


def test_a_worker_says_nothing_by_a_history_that_it_was_not_told(tmp_path: Path) -> None:
    asked: dict[str, object] = {"ask": READING, "account": ANN, "rows": None, "changes": []}
    with (tmp_path / "progress").open("wb") as file, pytest.raises(KeyError, match=ANN):
        Desk((), LIMITS, Progress(file.fileno())).answer(asked, b"")


FINDING: dict[str, object] = {
    "code": "x",
    "probability": 0.5,
    "en": "",
    "ar": "",
    "where": [None, None, None],
    "about": "",
}

WRONG: list[dict[str, object]] = [
    {"probability": "much"},
    {"probability": float("nan")},
    {"where": []},
    {"where": [1, "x", 2]},
]


@pytest.mark.parametrize(
    "answer",
    [
        b"large",
        b"no json",
        b"list",
        b"{}",
        b'{"failed": "MemoryError"}',
        b'{"score": 2, "findings": [], "failures": {}}',
        b'{"score": 0.5, "findings": 7, "failures": {}}',
        b'{"score": 0.5, "findings": [], "failures": []}',
        b'{"gone": 7}',
        b'{"gone": [["x"]]}',
        *(json.dumps({"score": 0.5, "findings": [FINDING | wrong], "failures": {}}).encode() for wrong in WRONG),
    ],
)
async def test_an_answer_that_is_none_counts_as_not_reviewed(answer: bytes) -> None:
    async with pool(command=LIAR) as reviewer:
        opinion = await reviewer.review(replace(assignment(), content=answer))
        assert not opinion.whole and opinion.failures and not opinion.findings
        assert await reviewer.learn(replace(assignment(), content=answer)) is None
