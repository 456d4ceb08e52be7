"""The sealed record over both databases: what is recorded, how it is sealed, and what tampering comes to."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, text

from takeback.chain import Act, Head
from takeback.clock import DAY, Instant
from takeback.flows import audit as flow
from takeback.flows.audit import Verdict
from takeback.ports.audit import NewAct
from takeback.ports.store import HoldRequest, ReleaseRequest, Selection
from takeback.sealing import Seal
from takeback.store.accounts import Grant, NewAccount, Rehash
from takeback.store.audit_store import RecordUnreadable, SqlAudit
from takeback.store.recall_store import SqlRecallStore
from takeback.store.store import SqlStore
from takeback.store.writer import Transition, Urgency
from tests.contract.store.trial import ANN, BOB, CAROL, Trial

KEY = Seal(bytes(32))


def audit_of(store: SqlStore, key: Seal = KEY) -> SqlAudit:
    return SqlAudit(store.access, key)


async def all_acts(trial: Trial) -> list[Act]:
    await flow.seal_all(audit_of(trial.store))
    return [sealed.act async for sealed in flow.pages(audit_of(trial.store)) if sealed.act is not None]


async def tamper(trial: Trial, *statements: str, **values: Any) -> None:
    """What somebody with the database's password would type."""

    def work(connection: Connection, now: Instant, requests: Sequence[None]) -> list[None]:
        for statement in statements:
            connection.execute(text(statement), values)
        return [None]

    await trial.store.access.submit(Transition(work, Urgency.PERSON), None)


async def ten_sealed(trial: Trial) -> SqlAudit:
    audit = audit_of(trial.store)
    for number in range(10):
        await audit.note(NewAct("dry_run", ANN, ANN, f"m{number}", {"recipients": number}))
    assert await flow.seal_all(audit) == 10
    return audit


async def test_acts_that_change_something_are_on_the_record(trial: Trial) -> None:
    id = await trial.accept(BOB, CAROL, due_in=DAY)
    some = Selection([id], "local:root", frozenset({BOB}))
    await trial.store.hold(HoldRequest(some, None))
    await trial.store.undo(some)
    await trial.store.undo(some)
    await trial.store.release(ReleaseRequest(Selection([id], ANN)))
    told = [(act.kind, act.actor, act.account, act.message, act.detail) for act in await all_acts(trial)]
    addresses = f'{{"recipients":1,"addresses":["{BOB}"]'
    assert told == [
        ("hold", "local:root", ANN, id, addresses + ',"until":null}'),
        ("undo", "local:root", ANN, id, addresses + "}"),
        ("release", ANN, ANN, id, '{"recipients":1}'),
    ]


async def test_what_happens_to_accounts_is_on_the_record(trial: Trial) -> None:
    store = trial.store
    for hashed in ("one", "two"):
        await store.set_account(NewAccount(ANN, ANN, hashed, "local:root"))
    await store.replace_hash(Rehash(ANN, "two", "three"))
    for given in (True, True, False, False):
        await store.set_grant(Grant(ANN, "*@x.example", given, "local:root"))
    await store.remove_account(ANN, "local:root")
    await store.remove_account(ANN, "local:root")
    told = [(act.kind, act.actor, act.account) for act in await all_acts(trial)]
    kinds = ["account_add", "account_password", "grant", "revoke", "account_remove"]
    assert told == [(kind, "local:root", ANN) for kind in kinds]


async def test_a_commit_whose_answer_was_lost_records_one_act(trial: Trial) -> None:
    id = await trial.accept(BOB, due_in=DAY)
    trial.lose_answer_to_commit()
    assert await trial.undo(id) == ([BOB], [])
    assert [act.kind for act in await all_acts(trial)] == ["undo"]


async def test_sealing_twice_or_from_two_nodes_seals_once(trial: Trial) -> None:
    audit, other = audit_of(trial.store), audit_of(await trial.another())
    for number in range(30):
        await audit.note(NewAct("dry_run", ANN, ANN, f"m{number}"))
    sealed = await asyncio.gather(*(each.seal() for each in (audit, other) * 3))
    assert sum(sealed) >= 30  # a batch that shares a transaction answers each of its requests alike
    assert await audit.unsealed() == 0 == await audit.seal()
    verdict = await flow.verify(other)
    assert verdict.broken is None and verdict.head.position == 30


async def test_a_seal_whose_answer_was_lost_seals_once(trial: Trial) -> None:
    audit = audit_of(trial.store)
    await audit.note(NewAct("dry_run", ANN))
    trial.lose_answer_to_commit()
    await audit.seal()
    assert await flow.verify(audit) == Verdict(await audit.head(), 0, None)
    assert (await audit.head()).position == 1


CHANGES = {
    "an act changed": ("UPDATE act SET actor = 'nobody' WHERE position = 4", 4, "was changed"),
    "its time changed": ("UPDATE act SET at = at + 1 WHERE position = 4", 4, "was changed"),
    "an act removed": ("DELETE FROM act WHERE position = 4", 4, "was removed"),
    "an act moved": ("UPDATE act SET position = 44 WHERE position = 4", 4, "was removed"),
    "a link changed": ("UPDATE act_link SET sealed_at = sealed_at + 1 WHERE position = 4", 4, "does not follow"),
    "a link removed": ("DELETE FROM act_link WHERE position = 4", 4, "no link 4"),
    "a link put in": (
        "INSERT INTO act_link SELECT position + 100, sealed_at, digest, link FROM act_link WHERE position = 4",
        11,
        "no link 11",
    ),
    "cut short": ("DELETE FROM act_link WHERE position > 6", 7, "ends at 6, and was noted as far as 10"),
    "all of it": ("DELETE FROM act_link", 1, "ends at 0, and was noted as far as 10"),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_tampering_is_found_and_its_first_place_named(trial: Trial, change: str) -> None:
    statement, position, reason = CHANGES[change]
    audit = await ten_sealed(trial)
    assert (await flow.verify(audit)).broken is None
    await tamper(trial, statement)
    verdict = await flow.verify(audit)
    assert verdict.broken is not None
    assert verdict.broken.position == position and reason in verdict.broken.reason
    assert verdict.head.position == position - 1


async def test_who_cuts_the_chain_cannot_note_a_new_end(trial: Trial) -> None:
    """The note is sealed: what was noted by another key, or is no note at all, is told apart."""
    audit = await ten_sealed(trial)
    await tamper(trial, "UPDATE fact SET value = 'bm90aGluZw==' WHERE name = 'audit_head'")
    verdict = await flow.verify(audit)
    assert verdict.broken is not None and "not noted by this installation" in verdict.broken.reason
    stranger = audit_of(trial.store, Seal(os.urandom(32)))
    await stranger.note(NewAct("dry_run", ANN))
    await stranger.seal()
    assert (await flow.verify(audit)).broken is not None
    assert (await flow.verify(stranger)).broken is None


async def test_a_head_from_elsewhere_finds_a_chain_made_anew(trial: Trial) -> None:
    audit = await ten_sealed(trial)
    noted = await audit.head()
    assert (await flow.verify(audit, [noted])).broken is None
    await tamper(
        trial,
        "UPDATE act SET position = NULL",
        "DELETE FROM act_link",
        "UPDATE act SET actor = 'nobody' WHERE message = 'm3'",
    )
    await flow.seal_all(audit)
    assert (await flow.verify(audit)).broken is None
    verdict = await flow.verify(audit, [noted, Head(99, bytes(32))])
    assert verdict.broken is not None and "not the one that was noted" in verdict.broken.reason


async def test_what_no_row_should_hold_is_one_line(sqlite: Trial) -> None:
    audit = await ten_sealed(sqlite)
    await tamper(sqlite, "UPDATE act_link SET digest = 'text' WHERE position = 4")
    with pytest.raises(RecordUnreadable, match="behind position 0"):
        await flow.verify(audit)


async def test_what_is_forgotten_leaves_its_link_and_says_so(trial: Trial) -> None:
    audit = await ten_sealed(trial)
    trial.clock.advance(100 * DAY)
    await audit.note(NewAct("dry_run", ANN))
    await flow.seal_all(audit)
    assert await audit.forget(90 * DAY) == 10
    assert await audit.forget(90 * DAY) == 0
    await flow.seal_all(audit)
    verdict = await flow.verify(audit)
    assert verdict.broken is None and verdict.head.position == 12
    assert [act.kind for act in await all_acts(trial)] == ["dry_run", "forget"]
    await tamper(trial, "DELETE FROM act WHERE position = 11")
    broken = (await flow.verify(audit)).broken
    assert broken is not None and broken.position == 11


async def test_nothing_younger_than_thirty_days_is_forgotten(trial: Trial) -> None:
    audit = await ten_sealed(trial)
    trial.clock.advance(29 * DAY)
    assert await audit.forget(0) == 0
    detail = f'{{"sealed_before":{trial.clock.now}}}'
    await tamper(
        trial,
        "INSERT INTO act (at, kind, actor, account, message, detail, salt) "
        "VALUES (:at, 'forget', 'takeback', '', '', :detail, :salt)",
        "DELETE FROM act WHERE position = 4",
        at=trial.clock.now,
        detail=detail,
        salt=bytes(16),
    )
    await flow.seal_all(audit)
    broken = (await flow.verify(audit)).broken
    assert broken is not None and broken.position == 4


async def test_how_often_something_was_done_lately(trial: Trial) -> None:
    audit, recalls = audit_of(trial.store), SqlRecallStore(trial.store.access)
    began = trial.clock.now
    for kind in ("recall", "dry_run", "recall"):
        await audit.note(NewAct(kind, "local:root", ANN))
        trial.clock.advance(DAY)
    assert await recalls.times(ANN, ["recall"], began) == [began, began + 2 * DAY]
    assert await recalls.times(ANN, ["recall", "dry_run"], began + 1) == [began + DAY, began + 2 * DAY]
    assert await recalls.times("local:root", ["recall"], began) == []
