"""Random sequences of whatever can be asked of the store, against the table of states and the promises.

The model knows each recipient's state, token and due time, and the moves that `TRANSITIONS` allows; how the store finds
and changes its rows is none of its business.
"""

from __future__ import annotations

import asyncio
import atexit
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule
from sqlalchemy import select

from takeback.clock import HOUR, MINUTE, Duration, Instant
from takeback.hold.states import FINAL, TRANSITIONS, Act, State, given_back
from takeback.ids import new_token
from takeback.ports import Outcome, Verdict
from takeback.ports.store import (
    Answer,
    ClaimRequest,
    DotMark,
    Handback,
    HoldRequest,
    ParkReason,
    ParkRequest,
    ReleaseRequest,
    Result,
    Selection,
    Settlement,
)
from takeback.store import schema, tables
from takeback.store.database import Database, database_url
from takeback.store.settling import ACT_OF_VERDICT
from tests.contract.store.trial import ANN, Place, Trial

T = TypeVar("T")
LEASE: Duration = 10 * MINUTE
ADDRESSES = ["a@one.example", "b@two.example", "c@two.example"]


@dataclass(eq=False)
class Copy:
    """What the model knows of one recipient."""

    state: State
    due_at: Instant | None
    token: str = ""
    lease_until: Instant = 0
    attempts: int = 0
    claimed_before: bool = False

    def move(self, act: Act) -> bool:
        """Whether the table allows the act; then it is done."""
        then = TRANSITIONS[act].get(self.state)
        if then is not None:
            self.state = then
        return then is not None

    def put_back(self) -> None:
        self.state, self.token = given_back(self.attempts), ""


@dataclass(frozen=True)
class Held:
    """What one claim got of one message."""

    token: str
    message: str
    copies: tuple[tuple[int, str], ...]
    """Row and address of each."""


@cache
def template() -> Path:
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    database = Database(database_url("sqlite", folder))
    schema.prepare(database)
    database.close()
    return folder / "takeback.db"


class StoreMachine(RuleBasedStateMachine):
    """Rules are requests; after each, every recipient must be where the model has it."""

    messages: Bundle[str] = Bundle("messages")
    claims: Bundle[Held] = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(template(), self.folder)
        self.runner = asyncio.Runner()
        self.trial = Trial(Place(self.folder))
        self.model: dict[str, dict[str, Copy]] = {}
        self.undone: set[tuple[str, str]] = set()
        self.run(self.trial.__aenter__())

    def run(self, request: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(request)

    def teardown(self) -> None:
        self.run(self.trial.__aexit__())
        self.runner.close()
        shutil.rmtree(self.folder)

    @property
    def now(self) -> Instant:
        return self.trial.clock.now

    @initialize(target=messages)
    def first(self) -> str:
        return self._accept(ADDRESSES, [0, 0, None])

    @initialize(target=claims)
    def first_claim(self) -> Any:
        self._accept(ADDRESSES, [0, 0, 0])
        return self._claim(100)

    @rule(
        target=messages,
        addresses=st.lists(st.sampled_from(ADDRESSES), min_size=1, unique=True),
        waits=st.lists(st.sampled_from([0, 0, MINUTE, None]), min_size=3, max_size=3),
    )
    def accept(self, addresses: list[str], waits: list[Duration | None]) -> str:
        return self._accept(addresses, waits[: len(addresses)])

    def _accept(self, addresses: list[str], waits: list[Duration | None]) -> str:
        message = self.run(self.trial.accept(*addresses, due_in=waits))
        dues = [None if wait is None else self.now + wait for wait in waits]
        pairs = zip(addresses, dues, strict=True)
        self.model[message] = {address: Copy(State.HELD, due_at) for address, due_at in pairs}
        return message

    @rule(duration=st.sampled_from([MINUTE, LEASE // 2, LEASE, 2 * HOUR]))
    def pass_time(self, duration: Duration) -> None:
        self.trial.clock.advance(duration)

    @rule(target=claims, limit=st.sampled_from([1, 2, 100]))
    def claim(self, limit: int) -> Any:
        return self._claim(limit)

    @rule(target=claims, held=claims, verdict=st.sampled_from(list(ACT_OF_VERDICT)))
    def take_over(self, held: Held, verdict: Verdict) -> Any:
        """A worker pauses past its lease, another gets what it had, and the first goes on as if nothing had been."""
        self.trial.clock.advance(LEASE)
        self.reap(everything=False)
        taken = self._claim(100)
        self.mark_dot(held)
        self.record(held, verdict, wait=0)
        return taken

    def _claim(self, limit: int) -> Any:
        token = new_token()
        got = self.run(self.trial.store.claim(ClaimRequest(token, limit, LEASE, self.now)))
        due = [
            copy
            for copies in self.model.values()
            for copy in copies.values()
            if copy.state in TRANSITIONS[Act.CLAIM] and copy.due_at is not None and copy.due_at <= self.now
        ]
        assert sum(len(message.recipients) for message in got) == min(limit, len(due))
        held = []
        order = list(self.model)  # ids hold chance, and the machine must go the same way again
        for message in sorted(got, key=lambda message: order.index(message.id)):
            for claimed in message.recipients:
                copy = self.model[message.id][claimed.recipient.address]
                assert copy in due
                assert copy.move(Act.CLAIM)
                copy.token, copy.lease_until, copy.claimed_before = token, self.now + LEASE, True
                assert claimed.attempts == copy.attempts
            held.append(
                Held(token, message.id, tuple((each.id, each.recipient.address) for each in message.recipients))
            )
        return multiple(*held)

    def _owned(self, held: Held) -> list[Copy]:
        copies = [self.model[held.message][address] for _, address in held.copies]
        return [copy for copy in copies if copy.token == held.token]

    @rule(held=claims)
    def mark_dot(self, held: Held) -> None:
        marked = self.run(self.trial.store.mark_dot(DotMark(held.token, [row for row, _ in held.copies])))
        able = [copy for copy in self._owned(held) if copy.state in {State.CLAIMED, State.LEAVING}]
        assert marked == (len(able) == len(held.copies))
        for copy in able:
            if marked:
                copy.state = State.LEAVING
            else:
                copy.put_back()

    @rule(held=claims, verdict=st.sampled_from(list(ACT_OF_VERDICT)), wait=st.sampled_from([0, HOUR]))
    def record(self, held: Held, verdict: Verdict, wait: Duration) -> None:
        due_at = self.now + wait if verdict is Verdict.DEFERRED else None
        results = [Result(row, Outcome(verdict, verdict.value), due_at) for row, _ in held.copies]
        standing = self.run(self.trial.store.record(Settlement(held.token, results)))
        expected = []
        for row, address in held.copies:
            copy = self.model[held.message][address]
            if copy.token != held.token:
                continue
            if copy.move(ACT_OF_VERDICT[verdict]):
                copy.attempts += verdict is Verdict.DEFERRED
                copy.due_at = due_at or copy.due_at
            elif copy.state not in TRANSITIONS[ACT_OF_VERDICT[verdict]].values():
                continue
            expected.append(row)
        assert list(standing) == expected

    @rule(held=claims)
    def give_back(self, held: Held) -> None:
        self.run(self.trial.store.give_back(Handback(held.token, [row for row, _ in held.copies])))
        for copy in self._owned(held):
            if copy.state is State.CLAIMED:
                copy.put_back()

    @rule(held=claims)
    def renew(self, held: Held) -> None:
        self.run(self.trial.store.renew([held.token], LEASE))
        for copies in self.model.values():
            for copy in copies.values():
                if copy.token == held.token:
                    copy.lease_until = self.now + LEASE

    @rule()
    def restart(self) -> None:
        self.reap(everything=True)

    def reap(self, everything: bool) -> None:
        count = self.run(self.trial.store.reap(everything))
        stale = [
            copy
            for copies in self.model.values()
            for copy in copies.values()
            if copy.state in {State.CLAIMED, State.LEAVING} and (everything or copy.lease_until <= self.now)
        ]
        assert count == len(stale)
        for copy in stale:
            if not copy.move(Act.LOSE):
                copy.put_back()

    @rule(message=messages, some=st.none() | st.frozensets(st.sampled_from(ADDRESSES), min_size=1))
    def undo(self, message: str, some: frozenset[str] | None) -> None:
        answers = self.run(self.trial.store.undo(Selection([message], ANN, some)))
        for address in self._meant(message, some):
            copy = self.model[message][address]
            if copy.move(Act.UNDO):
                copy.token = ""
            if copy.state is State.UNDONE:
                self.undone.add((message, address))
        self._check(answers, message, some, lambda copy: copy.state is State.UNDONE)

    @rule(message=messages, some=st.none() | st.frozensets(st.sampled_from(ADDRESSES), min_size=1), again=st.booleans())
    def release(self, message: str, some: frozenset[str] | None, again: bool) -> None:
        answers = self.run(self.trial.store.release(ReleaseRequest(Selection([message], ANN, some), again)))
        moved = []
        for address in self._meant(message, some):
            copy = self.model[message][address]
            if copy.move(Act.RELEASE) or (again and copy.move(Act.SEND_AGAIN)):
                copy.due_at, copy.token = self.now, ""
                moved.append(copy)
        self._check(answers, message, some, lambda copy: copy in moved)

    @rule(message=messages, wait=st.sampled_from([0, HOUR, None]))
    def hold(self, message: str, wait: Duration | None) -> None:
        due_at = None if wait is None else self.now + wait
        answers = self.run(self.trial.store.hold(HoldRequest(Selection([message], ANN), due_at)))
        moved = []
        for copy in self.model[message].values():
            if copy.move(Act.HOLD):
                copy.due_at, copy.token = due_at, ""
                moved.append(copy)
        self._check(answers, message, None, lambda copy: copy in moved)

    @rule(reason=st.sampled_from(list(ParkReason)))
    def park(self, reason: ParkReason) -> None:
        before = self.now - HOUR if reason is ParkReason.LATE else None
        parked = self.run(self.trial.store.park(ParkRequest(reason, before, 1000)))
        expected = set()
        for message, copies in self.model.items():
            for address, copy in copies.items():
                late = before is None or ((copy.due_at or 0) < before and not copy.claimed_before)
                if copy.state is State.HELD and copy.due_at is not None and late:
                    copy.due_at = None
                    expected.add((message, address))
        assert {(each.message, address) for each in parked for address in each.recipients} == expected

    def _meant(self, message: str, some: frozenset[str] | None) -> list[str]:
        return [address for address in self.model[message] if some is None or address in some]

    def _check(self, answers: Any, message: str, some: frozenset[str] | None, is_done: Any) -> None:
        """The answer names every recipient that was meant, once, on the right side, in its true state."""
        meant = {address: self.model[message][address] for address in self._meant(message, some)}
        answer: Answer = answers[0] if answers else Answer(message, [], [])
        done = {view.address: view.state for view in answer.done}
        refused = {view.address: view.state for view in answer.refused}
        assert done == {address: copy.state for address, copy in meant.items() if is_done(copy)}
        assert refused == {address: copy.state for address, copy in meant.items() if not is_done(copy)}

    @invariant()
    def every_recipient_is_where_it_should_be(self) -> None:
        columns = tables.recipient.c
        query = select(columns.message, columns.address, columns.state)
        with self.trial.database.reader.connect() as connection:
            found = {(row.message, row.address): State(row.state) for row in connection.execute(query)}
        assert found == {
            (message, address): copy.state for message, copies in self.model.items() for address, copy in copies.items()
        }

    @invariant()
    def what_was_undone_stays_undone(self) -> None:
        for message, address in self.undone:
            assert self.model[message][address].state is State.UNDONE

    @rule()
    def the_outbox_is_what_is_open(self) -> None:
        listed = {view.id for view in self.run(self.trial.store.outbox())}
        open_ = {id for id, copies in self.model.items() if any(copy.state not in FINAL for copy in copies.values())}
        assert listed == open_


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(
    max_examples=120, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
