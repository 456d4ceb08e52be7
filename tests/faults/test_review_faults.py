"""A gateway, its workers and its messages, when something ends in the middle: nothing is lost, nothing leaves that must
not leave yet, and nothing waits for ever."""

from __future__ import annotations

import asyncio
import os
import platform
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from takeback.clock import SECOND, Instant
from takeback.hold.states import State
from takeback.ports.store import EventView, MessageView
from takeback.store.opening import open_store
from takeback.store.store import SqlStore
from tests.doubles.gateways import GatewayProcess, configuration, gateway_process, parsed, until
from tests.doubles.recording_sink import RecordingSink
from tests.doubles.submitter import Submitter

COMMAND = (sys.executable, "-m", "tests.faults.reviewing_gateway")
BOB = "bob@one.test"
QUIET = 'rules = { empty_subject = "notice" }'


@dataclass
class Place:
    """A gateway's configuration and data, with a sink behind it."""

    folder: Path
    sink: RecordingSink
    file: Path
    text: str

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[GatewayProcess]:
        async with gateway_process(self.file, COMMAND) as gateway:
            yield gateway

    @asynccontextmanager
    async def store(self) -> AsyncIterator[SqlStore]:
        async with open_store(parsed(self.text, self.folder).data) as store:
            yield store

    async def seen(
        self, message: str, condition: Callable[[MessageView, Sequence[EventView]], bool]
    ) -> tuple[MessageView, Sequence[EventView]]:
        """The message and its events as soon as they are so."""
        async with self.store() as store, asyncio.timeout(40):
            while not condition(*await _look(store, message)):  # noqa: ASYNC110 - another process changes it
                await asyncio.sleep(0.02)
            return await _look(store, message)


async def _look(store: SqlStore, message: str) -> tuple[MessageView, Sequence[EventView]]:
    [view] = await store.find(message)
    return view, await store.events(message)


@asynccontextmanager
async def place(folder: Path, review: str, window: str = "0s") -> AsyncIterator[Place]:
    async with RecordingSink() as sink:
        text = configuration({"*@one.test": sink.port}, window=window, review=review)
        file = folder / "takeback.toml"
        file.write_text(text)
        yield Place(folder, sink, file, text)


async def submit(gateway: GatewayProcess, *subjects: str) -> list[str]:
    """The ids of messages with those subjects."""
    async with Submitter.connected(gateway.port) as session:
        return [
            await session.submit([BOB], f"From: ann@example.com\r\nSubject: {subject}\r\n\r\nText.\r\n".encode())
            for subject in subjects
        ]


def is_sent(view: MessageView, events: Sequence[EventView]) -> bool:
    return all(each.state is State.SENT for each in view.recipients)


def has(kind: str) -> Callable[[MessageView, Sequence[EventView]], bool]:
    return lambda view, events: any(event.kind == kind for event in events)


def at(events: Sequence[EventView], kind: str) -> Instant:
    [moment] = [event.at for event in events if event.kind == kind]
    return moment


def detail(events: Sequence[EventView], kind: str) -> dict[str, object]:
    [found] = [event.detail for event in events if event.kind == kind]
    return found


def workers_of(gateway: GatewayProcess) -> list[int]:
    pid = gateway.process.pid
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for thread in threads for child in (thread / "children").read_text().split()]


async def test_a_gateway_killed_between_accept_and_review_reviews_at_the_next_start(tmp_path: Path) -> None:
    """With `on_failure = "hold"` nothing can leave meanwhile either."""
    async with place(tmp_path, f'on_failure = "hold"\ntimeout = "60s"\n{QUIET}') as here:
        async with here.serving() as gateway:
            [message] = await submit(gateway, "wait 1")
            await until(lambda: bool(workers_of(gateway)), 20, "a worker")
            gateway.send(signal.SIGKILL)
            await gateway.ended()
        assert here.sink.taken[BOB] == 0
        async with here.serving():
            _, events = await here.seen(message, is_sent)
        assert at(events, "reviewed") <= at(events, "sent")
        assert here.sink.taken[BOB] == 1


async def test_with_a_window_of_zero_each_message_of_a_backlog_waits_for_its_own_review(tmp_path: Path) -> None:
    async with place(tmp_path, f'timeout = "60s"\n{QUIET}') as here, here.serving() as gateway:
        messages = await submit(gateway, *["wait 0.2"] * 8)
        for message in messages:
            _, events = await here.seen(message, is_sent)
            assert at(events, "reviewed") <= at(events, "sent")
        assert here.sink.taken[BOB] == 8


async def test_what_is_not_reviewed_in_time_leaves_then_and_not_before(tmp_path: Path) -> None:
    async with place(tmp_path, f'timeout = "2s"\n{QUIET}') as here, here.serving() as gateway:
        [message] = await submit(gateway, "wait 6")
        view, events = await here.seen(message, is_sent)
        assert at(events, "sent") - at(events, "accepted") >= 2 * SECOND
        assert has("unreviewed")(view, events) and not has("reviewed")(view, events)


async def test_what_is_not_reviewed_in_time_is_kept_where_the_policy_says_so(tmp_path: Path) -> None:
    async with place(tmp_path, f'on_failure = "hold"\ntimeout = "1s"\n{QUIET}') as here, here.serving() as gateway:
        [message] = await submit(gateway, "wait 20")
        view, _ = await here.seen(message, has("review_failed"))
        assert [each.due_at for each in view.recipients] == [None]
        assert here.sink.taken[BOB] == 0


async def test_a_worker_that_is_killed_costs_the_message_its_rule(tmp_path: Path) -> None:
    async with place(tmp_path, 'timeout = "60s"\nrules = { empty_subject = "until released" }') as here:
        async with here.serving() as gateway:
            [message] = await submit(gateway, "wait 30")
            await until(lambda: bool(workers_of(gateway)), 20, "a worker")
            # It has to be at the rule: before that, its message could not be read, which is another matter.
            [worker] = workers_of(gateway)
            await until(lambda: _sleeps(worker), 20, "the worker to be at its rule")
            os.kill(worker, signal.SIGKILL)
            view, events = await here.seen(message, has("reviewed"))
        assert detail(events, "reviewed")["failed"] == {"waits": "ended by signal 9"}
        assert [each.finding.code for each in view.findings] == ["empty_subject"], "the other rules were run"
        assert here.sink.taken[BOB] == 0


_SLEEPING = {"35", "230"} if platform.machine() == "x86_64" else {"101", "115"}
"""The numbers of nanosleep and clock_nanosleep."""


def _sleeps(pid: int) -> bool:
    """Whether it waits for time to pass, and not for a question."""
    return Path(f"/proc/{pid}/syscall").read_text().split()[0] in _SLEEPING


async def test_rules_that_misbehave_hold_up_nothing_else(tmp_path: Path) -> None:
    subjects = ["crash", "hello", "leave", "eat", "hello", "spin", "hello"]
    async with place(tmp_path, f'timeout = "60s"\n{QUIET}') as here, here.serving() as gateway:
        messages = await submit(gateway, *subjects)
        for subject, message in zip(subjects, messages, strict=True):
            _, events = await here.seen(message, is_sent)
            failed = detail(events, "reviewed").get("failed", {})
            assert isinstance(failed, dict)
            assert list(failed) == ([] if subject == "hello" else [subject])
        assert here.sink.taken[BOB] == len(subjects)
        assert gateway.process.poll() is None


async def test_no_worker_outlives_its_gateway(tmp_path: Path) -> None:
    async with place(tmp_path, f'timeout = "60s"\n{QUIET}') as here:
        for number in (signal.SIGTERM, signal.SIGKILL):
            async with here.serving() as gateway:
                await submit(gateway, "hello")
                await until(lambda gateway=gateway: bool(workers_of(gateway)), 20, "a worker")  # type: ignore[misc]
                workers = workers_of(gateway)
                gateway.send(number)
                await gateway.ended()
            await until(lambda workers=workers: not any(map(_runs, workers)), 20, "its worker to end")  # type: ignore[misc]


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
