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
from tests.contract.store.trial import ANN, BOB, Trial

LIMITS = Limits(per_hour=2, dry_runs_per_hour=1, after_password_change=HOUR, second_person_above=500)


async def test_acts_of_the_last_hour_count_for_the_account(trial: Trial) -> None:
    audit = SqlAudit(trial.store.access, Seal(bytes(32)))
    for kind in ("recall", "dry_run", "undo"):
        await audit.note(NewAct(kind, "mail:ann", ANN))
    await check_permission(trial.store, audit, LIMITS, Who(ANN, ANN))
    with pytest.raises(NotNow, match="1 dry runs"):
        await check_permission(trial.store, audit, LIMITS, Who(ANN, ANN), dry_run=True)
    await audit.note(NewAct("restore", ANN, ANN))
    with pytest.raises(NotNow, match="2 recalls"):
        await check_permission(trial.store, audit, LIMITS, Who(ANN, ANN))
    await check_permission(trial.store, audit, LIMITS, Who(BOB, BOB))
    await check_permission(trial.store, audit, LIMITS, Who("local:root"))
    trial.clock.advance(HOUR)
    await trial.store.read_clock()
    await check_permission(trial.store, audit, LIMITS, Who(ANN, ANN))


async def test_a_changed_password_waits_and_a_first_one_does_not(trial: Trial) -> None:
    audit = SqlAudit(trial.store.access, Seal(bytes(32)))
    await trial.store.set_account(NewAccount(ANN, ANN, "first"))
    await check_permission(trial.store, audit, LIMITS, Who(ANN, ANN))
    trial.clock.advance(MINUTE)
    await trial.store.read_clock()
    await trial.store.set_account(NewAccount(ANN, ANN, "second"))
    with pytest.raises(NotNow, match="password"):
        await check_permission(trial.store, audit, LIMITS, Who(ANN, ANN))
    trial.clock.advance(HOUR)
    await trial.store.read_clock()
    await check_permission(trial.store, audit, LIMITS, Who(ANN, ANN))
