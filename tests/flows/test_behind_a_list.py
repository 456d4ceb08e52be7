"""Who is behind a list, and whose mailbox is protected, is not the sender's business: wherever the sender may look."""

from __future__ import annotations

import pytest

from takeback.flows import documents
from takeback.flows.ask import find, recount
from takeback.flows.restore import restore
from takeback.ports.store import Listing
from takeback.recall.outcomes import Outcome
from takeback.recall.settings import RecallSettings
from tests.contract.store.trial import ANN, Trial
from tests.doubles.recalls import ADMIN, OWNER, RecallTrial, pattern, people, stored_copy

TEAM, NAMED = "team@example.com", "named@example.com"
UNREAD, READ, KEPT = "unread@example.com", "read@example.com", "kept@example.com"
MEMBERS = (UNREAD, READ, KEPT)


@pytest.fixture
def trying(trial: Trial) -> RecallTrial:
    trying = RecallTrial(trial)
    trying.lists = {TEAM: MEMBERS}
    trying.settings = RecallSettings(notify="always", protected=pattern(KEPT, NAMED))
    return trying


async def recalled(trying: RecallTrial) -> str:
    """A message to a list and to somebody who is protected; everybody who may be told of it has been."""
    message = await trying.send(TEAM, NAMED)
    trying.post.put(UNREAD, stored_copy())
    trying.post.put(READ, stored_copy(), "\\Seen")
    report = await trying.recall(message)
    told = people(report)
    assert [told[each].outcome for each in MEMBERS] == [Outcome.RECALLED, Outcome.ALREADY_READ, Outcome.PROTECTED]
    await trying.round()
    return report.id


async def seen_by_the_sender(trying: RecallTrial, message: str) -> str:
    """Everything that commands, API and pages are made of, as far as the sender's account leads to it."""
    store = trying.trial.store
    listed = await store.messages(Listing(frozenset({ANN}), 100, with_reports=True))
    views = [*await store.outbox(ANN, None), *listed]
    shown = [
        documents.shown(*(await recount(store, each.id, OWNER)))
        for each in [*views, *await find(store, message, OWNER)]
    ]
    return repr(shown)


async def test_no_record_names_those_behind_a_list(trying: RecallTrial) -> None:
    report = await trying.report(await recalled(trying))
    assert len(await trying.system_mail()) == 3  # two notices, and the summary
    seen = await seen_by_the_sender(trying, report.message)
    assert TEAM in seen and NAMED in seen
    for member in MEMBERS:
        assert member not in seen
    assert "protected" not in seen and "by_policy" not in seen


async def test_notices_are_there_for_an_administrator(trying: RecallTrial) -> None:
    await recalled(trying)
    notified = {each.address for view in await trying.trial.store.outbox(None, None) for each in view.recipients}
    assert {UNREAD, READ} <= notified


async def test_putting_back_names_nobody_behind_a_list(trying: RecallTrial) -> None:
    recall = await recalled(trying)
    message = (await trying.report(recall)).message
    restored = await restore(trying.trial.store, trying.recalls, trying.reach(), trying.quarantine, recall, OWNER)
    assert [(each.address, each.outcome, each.detail) for each in restored] == [(TEAM, Outcome.RESTORED, "")]
    assert UNREAD not in await seen_by_the_sender(trying, message)
    full = await restore(trying.trial.store, trying.recalls, trying.reach(), trying.quarantine, recall, ADMIN)
    assert [each.address for each in full] == [UNREAD]
