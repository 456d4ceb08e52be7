"""Correction: those whom a recall could not reach are written to once, in the sender's name, and only if asked."""

from __future__ import annotations

from contextlib import suppress
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from takeback.clock import DAY, HOUR, MINUTE
from takeback.errors import StoreUnavailable
from takeback.flows.quota import QuotaLimits
from takeback.flows.recaller import CORRECTION_PATIENCE
from takeback.flows.submitter import Submitter
from takeback.hold.states import State
from takeback.ports.recall import Ending
from takeback.ports.store import Origin
from takeback.recall.correction import LONGEST_WORDS, CannotCorrect
from takeback.recall.outcomes import Outcome
from takeback.recall.report import Report, Status, document, for_sender
from takeback.recall.settings import RecallSettings
from tests.contract.store.trial import ANN, Trial
from tests.doubles.corrections import Correcting
from tests.doubles.recalls import BODY, FROM, ID, RecallTrial, pattern, stored_copy

BOB, CAROL, DAVE, EVE = (f"{name}@example.com" for name in ("bob", "carol", "dave", "eve"))
ABROAD, TEAM = "x@elsewhere.example", "team@example.com"


@pytest.fixture
def trying(trial: Trial) -> RecallTrial:
    return RecallTrial(trial)


async def correction_of(trying: RecallTrial, report: Report) -> str:
    """The id of the only one that was sent."""
    assert report.correction is not None and report.correction.message is not None
    submitted = [view.id for view in await trying.trial.store.outbox(None) if view.origin is Origin.SUBMISSION]
    assert submitted == [report.correction.message]
    return submitted[0]


async def written_to(trying: RecallTrial, report: Report) -> set[str]:
    states = await trying.trial.states(await correction_of(trying, report))
    assert report.correction is not None and report.correction.recipients == len(states)
    return set(states)


async def corrected(trying: RecallTrial, message: str, words: str = "") -> Report:
    return await trying.work(await trying.ask(message, correction=words))


async def test_exactly_those_who_were_not_reached_get_it(trying: RecallTrial) -> None:
    """Recalled, read, gone, refused, not certain, out of reach, protected, undone."""
    trying.settings = RecallSettings(protected=pattern("boss@example.com"))
    gone, refused, unclear, boss, held = (
        f"{name}@example.com" for name in ("gone", "refused", "unclear", "boss", "held")
    )
    everybody = [BOB, CAROL, gone, refused, unclear, boss, ABROAD, held]
    message = await trying.accept(*everybody, due_in=[0] * 7 + [None])
    await trying.deliver(message)
    trying.post.put(BOB, stored_copy())
    trying.post.put(CAROL, stored_copy(), "\\Seen")
    trying.post.put(unclear, stored_copy(BODY + b"A footer\r\n", lock=False))
    trying.post.refused.add(refused)
    report = await corrected(trying, message)
    assert report.status is Status.DONE
    assert await written_to(trying, report) == {CAROL, gone, refused, unclear, boss, ABROAD}
    told = document(report, full=False)
    assert told["correction"] == document(report, full=True)["correction"]
    assert told["correction"]["recipients"] == 6
    assert for_sender(report).counts[Outcome.OUT_OF_REACH] == 2, "the number tells nobody who is protected"


async def test_it_is_the_sender_s_mail(trying: RecallTrial) -> None:
    message = await trying.send(ABROAD)
    report = await corrected(trying, message, "The right price is 5.")
    id = await correction_of(trying, report)
    data = await trying.trial.body(id)
    mail = message_from_bytes(data, policy=default)
    assert mail["From"] == FROM and mail["In-Reply-To"] == ID and mail["Message-ID"] not in (None, ID)
    assert mail["Date"] and mail["Recall-Lock"] and mail["Received"]
    assert b"Figures" not in data and "The right price is 5." in mail.get_content()
    assert ABROAD.encode() not in data
    [view] = [view for view in await trying.trial.store.outbox(ANN) if view.id == id]
    assert view.account == ANN and await trying.recalls.envelope_sender(id) == "ann@example.com"
    assert "corrected" in await trying.trial.kinds(message)


async def test_nobody_is_written_to_where_nobody_asked(trying: RecallTrial) -> None:
    message = await trying.send(ABROAD, BOB)
    report = await trying.recall(message)
    assert report.status is Status.DONE and report.correction is None
    assert document(report, full=False)["correction"] is None
    assert [view for view in await trying.trial.store.outbox(None) if view.origin is Origin.SUBMISSION] == []


async def test_nobody_is_written_to_where_everybody_was_reached(trying: RecallTrial) -> None:
    message = await trying.send(BOB)
    trying.post.put(BOB, stored_copy())
    report = await corrected(trying, message)
    assert report.counts == {Outcome.RECALLED: 1}
    assert report.correction is not None and report.correction.message is None and report.correction.recipients == 0


async def test_it_waits_for_the_end(trying: RecallTrial) -> None:
    """A copy that has not arrived is caught late; whoever is looked for still is not written to."""
    message = await trying.send(BOB, ABROAD, delivered=False)
    recall = await trying.ask(message, correction="")
    report = await trying.work(recall)
    assert report.status is Status.RUNNING and report.correction is not None and report.correction.message is None
    trying.post.put(BOB, stored_copy())
    await trying.advance(HOUR)
    await trying.round()
    assert await written_to(trying, await trying.report(recall)) == {ABROAD}


async def test_lists(trying: RecallTrial) -> None:
    """One of which somebody was reached gets none; nobody is written to by two ways."""
    other, doubled = "other@example.com", "doubled@example.com"
    trying.lists = {TEAM: [BOB, CAROL], other: [DAVE, EVE], doubled: [CAROL]}
    message = await trying.send(TEAM, other, doubled, CAROL)
    trying.post.put(BOB, stored_copy())
    for address in (CAROL, DAVE, EVE):
        trying.post.put(address, stored_copy(), "\\Seen")
    report = await corrected(trying, message)
    assert report.counts == {Outcome.RECALLED: 1, Outcome.ALREADY_READ: 3}
    assert await written_to(trying, report) == {CAROL, other}


async def test_only_the_recipients_meant(trying: RecallTrial) -> None:
    message = await trying.send(ABROAD, "y@elsewhere.example")
    report = await trying.work(await trying.ask(message, ABROAD, correction=""))
    assert await written_to(trying, report) == {ABROAD}


async def test_beside_a_replacement(trying: RecallTrial, tmp_path: Path) -> None:
    message = await trying.send(BOB, CAROL)
    trying.post.put(BOB, stored_copy())
    trying.post.put(CAROL, stored_copy(), "\\Seen")
    recall = await Correcting(trying, tmp_path).ask(message, correction="See the new one.")
    report = await trying.work(recall)
    assert report.counts == {Outcome.REPLACED: 1, Outcome.ALREADY_READ: 1}
    assert report.correction is not None and report.correction.message is not None
    assert set(await trying.trial.states(report.correction.message)) == {CAROL}


# Once


@pytest.mark.parametrize("committed", [False, True])
async def test_a_worker_that_ends_with_the_end(
    trying: RecallTrial, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    """Killed before the commit or after it: there is one correction."""
    message = await trying.send(ABROAD)
    recall = await trying.ask(message, correction="")
    finish = trying.recalls.finish

    async def end(ending: Ending) -> bool:
        if committed:
            await finish(ending)
        raise StoreUnavailable("the process was killed")

    with monkeypatch.context() as patched, suppress(StoreUnavailable):
        patched.setattr(trying.recalls, "finish", end)
        await trying.round()
    assert ((await trying.report(recall)).status is Status.DONE) is committed
    await trying.round()
    await trying.round()
    assert await written_to(trying, await trying.report(recall)) == {ABROAD}


async def test_asking_again_while_it_runs_is_one(trying: RecallTrial) -> None:
    message = await trying.send(ABROAD)
    first = await trying.ask(message, correction="Sorry.")
    assert await trying.ask(message, correction="Sorry.") == first
    assert await trying.ask(message) != first, "without a correction it is another wish"
    await trying.round()
    assert await written_to(trying, await trying.report(first)) == {ABROAD}


# What a submission passes, it passes


async def test_who_may_not_write_as_the_author_begins_nothing(trying: RecallTrial) -> None:
    message = await trying.accept(BOB, due_in=None)
    trying.submitter = Submitter(ANN, "other@example.com")
    with pytest.raises(CannotCorrect, match=r"may not send as ann@example\.com"):
        await trying.ask(message, correction="")
    assert await trying.recalls.recalls(message) == []
    assert await trying.trial.states(message) == {BOB: State.HELD}


async def test_long_words_are_refused(trying: RecallTrial) -> None:
    message = await trying.send(ABROAD)
    with pytest.raises(CannotCorrect, match="short"):
        await trying.ask(message, correction="x" * (LONGEST_WORDS + 1))
    assert await trying.recalls.recalls(message) == []


async def test_whose_right_ends_meanwhile_sends_none_and_the_record_says_so(trying: RecallTrial) -> None:
    message = await trying.send(ABROAD)
    recall = await trying.ask(message, correction="")
    trying.submitter = Submitter(ANN, "other@example.com")
    report = await trying.work(recall)
    assert report.status is Status.DONE and report.correction is not None and report.correction.message is None
    assert "not_corrected" in await trying.trial.kinds(message)


async def test_limits_of_the_account_put_it_off(trying: RecallTrial) -> None:
    message = await trying.send(ABROAD)
    recall = await trying.ask(message, correction="")
    trying.limits = QuotaLimits(0, 0, 1)
    assert (await trying.work(recall)).status is Status.RUNNING
    await trying.advance(HOUR + MINUTE)
    await trying.round()
    assert await written_to(trying, await trying.report(recall)) == {ABROAD}


async def test_limits_do_not_put_off_the_end_for_ever(trying: RecallTrial) -> None:
    message = await trying.send(ABROAD)
    recall = await trying.ask(message, correction="")
    await trying.accept(BOB, due_in=None)
    trying.limits = QuotaLimits(1, 0, 0)
    assert (await trying.work(recall)).status is Status.RUNNING
    await trying.advance(DAY + CORRECTION_PATIENCE)
    await trying.round()
    assert (await trying.report(recall)).status is Status.DONE
    assert "not_corrected" in await trying.trial.kinds(message)
