"""A further copy that arrives after the first was taken back, while the watch lasts: it is taken back as well, what is
told stays true, and nothing is told twice."""

from __future__ import annotations

import pytest

from takeback.clock import DAY, HOUR, MINUTE, Instant
from takeback.flows.restore import Restored, restore
from takeback.recall.outcomes import Outcome, Reason
from takeback.recall.report import Report, Status
from takeback.recall.settings import RecallSettings
from tests.contract.store.trial import Trial
from tests.doubles.corrections import Correcting
from tests.doubles.mailboxes import Stored
from tests.doubles.recalls import ADMIN, RecallTrial, people, stored_copy

BOB, CAROL = "bob@example.com", "carol@example.com"
SMARTHOST = "smarthost.example.net"


@pytest.fixture
def trying(trial: Trial) -> RecallTrial:
    return RecallTrial(trial)


async def recalled(trying: RecallTrial, *more: str) -> Report:
    """A message that went over somebody else's server, and whose first copy was taken back."""
    message = await trying.send(BOB, *more, server=SMARTHOST, delivered=False)
    trying.post.put(BOB, stored_copy())
    report = await trying.recall(message)
    assert people(report)[BOB].outcome is Outcome.RECALLED and trying.post.boxes[BOB] == []
    return report


async def looked_again(trying: RecallTrial, report: Report, after: int = MINUTE) -> Report:
    await trying.advance(after)
    await trying.round()
    return await trying.report(report.id)


async def told(trying: RecallTrial, report: Report) -> list[str]:
    return [kind for kind in await trying.trial.kinds(report.message) if kind.startswith("recall_")]


def when(report: Report) -> Instant:
    return people(report)[BOB].at


async def test_it_is_taken_back_as_well_and_told_once(trying: RecallTrial) -> None:
    trying.settings = RecallSettings(notify="always")
    first = await recalled(trying)
    assert first.status is Status.DONE and len(await trying.system_mail()) == 2  # the summary and the notice
    trying.post.put(BOB, stored_copy(), folder="Spam")
    report = await looked_again(trying, first)
    assert trying.post.boxes[BOB] == []
    assert report.counts == {Outcome.RECALLED: 1} and when(report) == when(first)
    assert [copy.outcome for copy in people(report)[BOB].copies] == [Outcome.RECALLED] * 2
    assert await told(trying, report) == ["recall_recalled"]
    assert len(await trying.system_mail()) == 2


async def test_one_that_was_read_meanwhile_stays_and_is_told(trying: RecallTrial) -> None:
    first = await recalled(trying)
    trying.post.put(BOB, stored_copy(), "\\Seen")
    report = await looked_again(trying, first)
    assert report.counts == {Outcome.ALREADY_READ: 1} and when(report) > when(first)
    assert await told(trying, report) == ["recall_recalled", "recall_already_read"]
    assert len(trying.post.boxes[BOB]) == 1


async def test_while_others_are_still_waited_for(trying: RecallTrial) -> None:
    first = await recalled(trying, CAROL)
    assert first.status is Status.RUNNING
    trying.post.put(BOB, stored_copy())
    report = await looked_again(trying, first)
    assert trying.post.boxes[BOB] == [] and report.status is Status.RUNNING
    assert await told(trying, report) == ["recall_recalled"]


async def test_a_server_that_does_not_answer_takes_nothing_back_of_what_was_told(trying: RecallTrial) -> None:
    first = await recalled(trying)
    trying.post.put(BOB, stored_copy())
    for trouble in (trying.post.unreachable, trying.post.refused):
        trouble.add(BOB)
        report = await looked_again(trying, first, HOUR)
        assert report.counts == {Outcome.RECALLED: 1} and when(report) == when(first)
        assert people(report)[BOB].next_try_at is None
        trouble.clear()
    await looked_again(trying, first, 12 * HOUR)
    assert trying.post.boxes[BOB] == []


async def test_the_looks_grow_rarer_and_end_with_the_watch(trying: RecallTrial) -> None:
    first = await recalled(trying)
    looks = len(trying.post.opened)
    while (next_look := await trying.recalls.next_try()) is not None:
        await trying.advance(next_look - trying.trial.clock.now)
        await trying.round()
    assert trying.trial.clock.now == first.watch_until
    assert 10 < len(trying.post.opened) - looks < 16
    trying.post.put(BOB, stored_copy())
    await looked_again(trying, first, DAY)
    assert len(trying.post.boxes[BOB]) == 1


async def test_nobody_looks_again_where_the_mailbox_s_own_server_had_delivered_it(trying: RecallTrial) -> None:
    message = await trying.send(BOB)
    trying.post.put(BOB, stored_copy())
    await trying.recall(message)
    assert await trying.recalls.next_try() is None


async def test_an_identical_one_at_the_same_place(trying: RecallTrial) -> None:
    """Servers that name a message by its content give the second one the name of the first."""
    first = await recalled(trying)
    [(_, uid)] = trying.post.removed
    trying.post.boxes[BOB].append(Stored("INBOX", uid, stored_copy()))
    report = await looked_again(trying, first)
    assert trying.post.boxes[BOB] == [] and report.counts == {Outcome.RECALLED: 1}


@pytest.mark.parametrize("ways", [[], ["team@example.com"]], ids=["done", "another copy is waited for"])
async def test_what_was_restored_is_left_alone(trying: RecallTrial, ways: list[str]) -> None:
    trying.lists = {"team@example.com": [BOB]}
    message = await trying.send(BOB, *ways, server=SMARTHOST, delivered=False)
    trying.post.put(BOB, stored_copy())
    report = await trying.recall(message)
    restored = await restore(trying.trial.store, trying.recalls, trying.reach(), trying.quarantine, report.id, ADMIN)
    assert restored == [Restored(BOB, Outcome.RESTORED)]
    for _ in range(2):
        report = await looked_again(trying, report, 12 * HOUR)
        assert len(trying.post.boxes[BOB]) == 1 and report.counts == {Outcome.RESTORED: 1}


async def test_of_two_recalls_the_later_one_looks(trying: RecallTrial) -> None:
    first = await recalled(trying)
    second = await trying.recall(first.message)
    assert people(second)[BOB].reason is Reason.EARLIER
    trying.post.put(BOB, stored_copy())
    await looked_again(trying, first)
    assert trying.post.boxes[BOB] == []
    assert len(people(await trying.report(first.id))[BOB].copies) == 1
    assert len(people(await trying.report(second.id))[BOB].copies) == 1


async def test_a_further_one_of_what_was_replaced(
    trying: RecallTrial, tmp_path_factory: pytest.TempPathFactory
) -> None:
    correcting = Correcting(trying, tmp_path_factory.mktemp("corrected"))
    message = await trying.send(BOB, server=SMARTHOST, delivered=False)
    trying.post.put(BOB, stored_copy())
    report = await trying.work(await correcting.ask(message))
    [corrected] = trying.post.boxes[BOB]
    trying.post.put(BOB, stored_copy())
    report = await looked_again(trying, report)
    assert trying.post.boxes[BOB] == [corrected] and report.counts == {Outcome.REPLACED: 1}
    assert await told(trying, report) == ["recall_replaced"]
