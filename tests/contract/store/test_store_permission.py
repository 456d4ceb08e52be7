"""Who may take back now, by what both databases know of the account."""

from __future__ import annotations

import pytest

from takeback.clock import HOUR, MINUTE
from takeback.flows.ask import Who
from takeback.flows.permission import check_permission
from takeback.ports.audit import NewAct
from takeback.recall.permission import Limits, NotNow
from takeback.sealing import Seal
from takeback.store.accounts import NewAccount
from takeback.store.audit_store import SqlAudit
from takeback.store.recall_store import SqlRecallStore
from tests.contract.store.trial import ANN, BOB, Trial

LIMITS = Limits(per_hour=2, after_password_change=HOUR, second_person_above=500)


async def may(trial: Trial, who: Who) -> None:
    await trial.store.read_clock()
    await check_permission(trial.store, SqlRecallStore(trial.store.access), LIMITS, who)


async def test_acts_of_the_last_hour_count_for_the_account(trial: Trial) -> None:
    audit = SqlAudit(trial.store.access, Seal(bytes(32)))
    for kind in ("recall", "dry_run", "undo", "restore"):
        await audit.note(NewAct(kind, "mail:ann", ANN))
    await may(trial, Who(ANN, ANN))
    await audit.note(NewAct("replace", "local:root", ANN))
    with pytest.raises(NotNow, match="2 recalls"):
        await may(trial, Who(ANN, ANN))
    await may(trial, Who(BOB, BOB))
    await may(trial, Who("local:root"))
    trial.clock.advance(HOUR)
    await may(trial, Who(ANN, ANN))


async def test_a_changed_password_waits_and_a_first_one_does_not(trial: Trial) -> None:
    await trial.store.set_account(NewAccount(ANN, ANN, "first"))
    await may(trial, Who(ANN, ANN))
    trial.clock.advance(MINUTE)
    await trial.store.set_account(NewAccount(ANN, ANN, "second"))
    with pytest.raises(NotNow, match="password"):
        await may(trial, Who(ANN, ANN))
    trial.clock.advance(HOUR)
    await may(trial, Who(ANN, ANN))
