"""Replace: the corrected message stands where the old one stood; never both, never neither, and past no filter."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from takeback.clock import MINUTE
from takeback.errors import Ambiguous, LimitReached, NotFound, StoreUnavailable
from takeback.flows.ask import Who
from takeback.flows.permission import confirm
from takeback.flows.quota import QuotaLimits
from takeback.flows.recaller import LEASE
from takeback.flows.replace import ReviewObjects
from takeback.flows.submitter import Submitter
from takeback.hold.states import State
from takeback.mail import headers, recall_lock
from takeback.recall.outcomes import Outcome, Reason
from takeback.recall.people import PeopleUnknown
from takeback.recall.permission import NotNow
from takeback.recall.replacement import CannotReplace
from takeback.recall.report import Status
from takeback.recall.settings import RecallSettings
from takeback.review.settings import ReviewSettings
from takeback.store.accounts import NewAccount
from takeback.store.recall_reading import facts
from tests.contract.store.trial import ANN, Trial
from tests.doubles.corrections import FILE, Correcting, finding
from tests.doubles.mailboxes import Stored
from tests.doubles.recalls import ADMIN, FROM, ID, OWNER, RecallTrial, people, stored_copy

BOB, CAROL, DAVE = "bob@example.com", "carol@example.com", "dave@example.com"


@pytest.fixture
def trying(trial: Trial) -> RecallTrial:
    return RecallTrial(trial)


@pytest.fixture
def correcting(trying: RecallTrial, tmp_path: Path) -> Correcting:
    return Correcting(trying, tmp_path)


def subjects(trying: RecallTrial, address: str) -> list[str]:
    """What a reader of that mailbox sees: what is marked as removed is not shown."""
    return [headers.split(each.header).text("subject") for each in trying.post.boxes[address] if not each.removing]


async def replacement_of(trying: RecallTrial, recall: str) -> str:
    about = await trying.trial.query(lambda connection: facts(connection, recall))
    assert about is not None and about.replacement is not None
    return about.replacement.id


async def test_it_takes_place_flags_and_date_of_the_old_one(trying: RecallTrial, correcting: Correcting) -> None:
    message = await trying.send(BOB)
    trying.post.put(BOB, stored_copy(), "$Label1", folder="Projects/Figures", delivered_at=99_000_000)
    recall = await correcting.ask(message)
    report = await trying.work(recall)
    assert report.counts == {Outcome.REPLACED: 1} and report.whole and report.status is Status.DONE
    [new] = trying.post.boxes[BOB]
    assert (new.folder, *new.flags, new.delivered_at) == ("Projects/Figures", "$Label1", 99_000_000)
    id = await replacement_of(trying, recall)
    assert new.data == await trying.trial.body(id)
    header = headers.split(new.header)
    assert header.text("from") == FROM and header.text("supersedes") == ID
    assert header.text("subject") == "Figures, corrected" and new.data.endswith(b"\r\n\r\nRight.\r\n")
    assert header.text("message-id") not in ("", ID) and header.count("date") == 1 and not header.count("bcc")
    assert header.count("recall-lock") == 1 and header.count("received") == 1
    assert (await trying.trial.states(id)) == {BOB: State.SENT}


async def test_it_can_itself_be_recalled(trying: RecallTrial, correcting: Correcting) -> None:
    message = await trying.send(BOB)
    trying.post.put(BOB, stored_copy())
    first = await correcting.ask(message)
    await trying.work(first)
    report = await trying.recall(await replacement_of(trying, first))
    assert report.counts == {Outcome.RECALLED: 1} and report.status is Status.DONE
    assert trying.post.boxes[BOB] == []


async def test_who_has_read_it_keeps_it_and_gets_nothing(trying: RecallTrial, correcting: Correcting) -> None:
    message = await trying.send(BOB)
    trying.post.put(BOB, stored_copy(), "\\Seen")
    recall = await correcting.ask(message)
    report = await trying.work(recall)
    assert report.counts == {Outcome.ALREADY_READ: 1}
    assert subjects(trying, BOB) == ["Figures"]
    assert await trying.trial.states(await replacement_of(trying, recall)) == {}


async def test_who_reads_it_at_the_last_moment_keeps_it(trying: RecallTrial, correcting: Correcting) -> None:
    message = await trying.send(BOB)
    stored = trying.post.put(BOB, stored_copy())

    async def read(_: str) -> None:
        stored.flags = frozenset({"\\Seen"})

    trying.post.before_remove = read
    report = await trying.work(await correcting.ask(message))
    assert report.counts == {Outcome.ALREADY_READ: 1} and subjects(trying, BOB) == ["Figures"]


async def test_those_whose_copy_had_not_left_get_the_corrected_one_by_mail(
    trying: RecallTrial, correcting: Correcting
) -> None:
    """One is held, one was undone long before, one has it in the mailbox."""
    message = await trying.accept(BOB, CAROL, DAVE, due_in=[0, None, None])
    await trying.deliver(message)
    await trying.trial.undo(message, frozenset({DAVE}))
    trying.post.put(BOB, stored_copy())
    recall = await correcting.ask(message)
    report = await trying.work(recall)
    assert report.counts == {Outcome.REPLACED: 1, Outcome.NEVER_LEFT: 2}
    id = await replacement_of(trying, recall)
    assert await trying.trial.states(message) == {BOB: State.SENT, CAROL: State.UNDONE, DAVE: State.UNDONE}
    assert await trying.trial.states(id) == {CAROL: State.HELD, BOB: State.SENT}
    [carol, _] = await trying.trial.rows(id)
    assert carol.due_at is not None and carol.due_at > trying.trial.clock.now, "held like any submission"
    assert await trying.trial.undo(id, frozenset({CAROL})) == ([CAROL], [])


async def test_several_copies_in_one_mailbox_become_one(trying: RecallTrial, correcting: Correcting) -> None:
    message = await trying.send(BOB)
    for folder in ("INBOX", "Lists/Team"):
        trying.post.put(BOB, stored_copy(), folder=folder)
    report = await trying.work(await correcting.ask(message))
    assert report.counts == {Outcome.REPLACED: 1}
    assert subjects(trying, BOB) == ["Figures, corrected"]


async def test_people_behind_a_list(trying: RecallTrial, correcting: Correcting) -> None:
    trying.lists = {"team@example.com": [BOB, CAROL]}
    message = await trying.send("team@example.com")
    trying.post.put(BOB, stored_copy())
    trying.post.put(CAROL, stored_copy())
    recall = await correcting.ask(message)
    report = await trying.work(recall)
    assert report.counts == {Outcome.REPLACED: 2}
    assert await trying.trial.states(await replacement_of(trying, recall)) == {"team@example.com": State.SENT}


# Crashes and failures: at rest never both, never neither


BREAKS = ("lost_after_mark", "lost_after_append", "lost_after_remove")


@pytest.mark.parametrize("where", BREAKS)
async def test_a_connection_lost_in_the_middle(trying: RecallTrial, correcting: Correcting, where: str) -> None:
    message = await trying.send(BOB)
    trying.post.put(BOB, stored_copy(), "$Label1", folder="Projects", delivered_at=99_000_000)
    getattr(trying.post, where).add(BOB)
    recall = await correcting.ask(message)
    assert (await trying.work(recall)).counts == {Outcome.PENDING: 1}
    assert len(subjects(trying, BOB)) <= 1, "a reader sees one of them at most"
    await trying.advance(MINUTE)
    await trying.round()
    assert (await trying.report(recall)).counts == {Outcome.REPLACED: 1}
    [new] = trying.post.boxes[BOB]
    assert subjects(trying, BOB) == ["Figures, corrected"]
    assert (new.folder, *new.flags) == ("Projects", "$Label1")
    assert len(trying.post.removed) == 1


@pytest.mark.parametrize("step", ["plan", "settle_copy", "settle_person"])
@pytest.mark.parametrize("committed", [False, True])
async def test_a_worker_that_ends_at_any_commit(
    trying: RecallTrial, correcting: Correcting, monkeypatch: pytest.MonkeyPatch, step: str, committed: bool
) -> None:
    """The next one, after the lease, finds whatever was done and does what was not."""
    message = await trying.send(BOB)
    trying.post.put(BOB, stored_copy())
    recall = await correcting.ask(message)
    carry_out = getattr(trying.recalls, step)
    ended: list[str] = []

    async def end(request: Any) -> Any:
        if ended:
            return await carry_out(request)
        ended.append(step)
        if committed:
            await carry_out(request)
        raise StoreUnavailable("the process was killed")

    monkeypatch.setattr(trying.recalls, step, end)
    with suppress(StoreUnavailable):
        await trying.round()
    assert ended and len(subjects(trying, BOB)) == 1
    await trying.advance(2 * LEASE)
    await trying.round()
    assert (await trying.report(recall)).counts == {Outcome.REPLACED: 1}
    assert subjects(trying, BOB) == ["Figures, corrected"] and len(trying.post.removed) == 1
    assert await trying.trial.states(await replacement_of(trying, recall)) == {BOB: State.SENT}


async def test_a_mail_program_that_removes_what_is_marked(trying: RecallTrial, correcting: Correcting) -> None:
    """Between the mark and the append, an EXPUNGE of somebody else."""
    message = await trying.send(BOB)
    trying.post.put(BOB, stored_copy(), folder="Projects")
    trying.post.lost_after_mark.add(BOB)
    recall = await correcting.ask(message)
    await trying.work(recall)
    trying.post.boxes[BOB].clear()
    await trying.advance(MINUTE)
    await trying.round()
    assert (await trying.report(recall)).counts == {Outcome.REPLACED: 1}
    assert subjects(trying, BOB) == ["Figures, corrected"] and trying.post.boxes[BOB][0].folder == "Projects"


async def test_a_full_mailbox_keeps_the_old_one(trying: RecallTrial, correcting: Correcting) -> None:
    message = await trying.send(BOB)
    old = trying.post.put(BOB, stored_copy())
    trying.post.full.add(BOB)
    recall = await correcting.ask(message)
    report = await trying.work(recall)
    assert report.counts == {Outcome.GAVE_UP: 1}
    assert people(report)[BOB].reason in (Reason.QUOTA, Reason.REFUSED_BY_SERVER)
    assert trying.post.boxes[BOB] == [old] and not old.removing
    assert await trying.trial.states(await replacement_of(trying, recall)) == {}


async def test_a_reader_who_deletes_the_new_one_is_not_given_it_again(
    trying: RecallTrial, correcting: Correcting
) -> None:
    message = await trying.send(BOB, delivered=False)
    trying.post.put(BOB, stored_copy())
    recall = await correcting.ask(message)
    await trying.work(recall)
    trying.post.boxes[BOB].clear()
    await trying.advance(10 * MINUTE)
    await trying.round()
    assert trying.post.boxes[BOB] == []


async def test_the_same_request_twice_is_one(trying: RecallTrial, correcting: Correcting) -> None:
    message = await trying.accept(BOB, due_in=None)
    trying.trial.lose_answer_to_commit()
    recall = await correcting.ask(message)
    id = await replacement_of(trying, recall)
    assert await trying.trial.states(id) == {BOB: State.HELD}
    assert await trying.recalls.recalls(message) == [recall]


# What a submission passes, it passes


async def nothing_was_done(trying: RecallTrial, message: str) -> None:
    assert await trying.recalls.recalls(message) == []
    assert await trying.trial.states(message) == {BOB: State.SENT}
    assert subjects(trying, BOB) == ["Figures"]
    assert [view.id for view in await trying.trial.store.outbox(None)] == []


async def prepared(trying: RecallTrial) -> tuple[str, Stored]:
    message = await trying.send(BOB)
    return message, trying.post.put(BOB, stored_copy())


async def test_an_account_that_may_not_write_as_the_author_any_more(
    trying: RecallTrial, correcting: Correcting
) -> None:
    message, _ = await prepared(trying)
    correcting.submitter = Submitter(ANN, "other@example.com")
    with pytest.raises(CannotReplace, match=r"may not send as ann@example\.com"):
        await correcting.ask(message, who=ADMIN)
    await nothing_was_done(trying, message)


async def test_limits_of_the_account(trying: RecallTrial, correcting: Correcting) -> None:
    message, _ = await prepared(trying)
    correcting.limits = QuotaLimits(0, 0, 1)
    with pytest.raises(CannotReplace, match="More than 1 messages in an hour"):
        await correcting.ask(message)
    correcting.max_size = 50
    with pytest.raises(CannotReplace, match="larger than 50 B"):
        await correcting.ask(message)
    await nothing_was_done(trying, message)


@pytest.mark.parametrize("probability", [0.3, 0.99])
async def test_what_the_review_would_hold(trying: RecallTrial, correcting: Correcting, probability: float) -> None:
    message, _ = await prepared(trying)
    correcting.reviewer.findings = [finding(probability)]
    with pytest.raises(ReviewObjects, match="It holds a key") as caught:
        await correcting.ask(message)
    assert [each.code for each in caught.value.findings] == ["secret"]
    await nothing_was_done(trying, message)
    [seen] = correcting.reviewer.seen
    assert seen.content.endswith(b"Right.\r\n") and seen.recipients == [BOB] and seen.account == ANN
    assert (await trying.work(await correcting.ask(message, despite=True))).counts == {Outcome.REPLACED: 1}


async def test_what_the_review_only_notes(trying: RecallTrial, correcting: Correcting) -> None:
    message, _ = await prepared(trying)
    correcting.reviewer.findings = [finding(0.01)]
    assert (await trying.work(await correcting.ask(message))).counts == {Outcome.REPLACED: 1}


async def test_a_review_that_fails_counts_as_policy_says(trying: RecallTrial, correcting: Correcting) -> None:
    message, _ = await prepared(trying)
    correcting.reviewer.failures = {"secret": "it broke"}
    correcting.review = ReviewSettings(on_failure="hold")
    with pytest.raises(ReviewObjects, match="could not be reviewed"):
        await correcting.ask(message)
    correcting.review = ReviewSettings()
    assert (await trying.work(await correcting.ask(message))).counts == {Outcome.REPLACED: 1}


@pytest.mark.parametrize(
    "file",
    [
        FILE.replace(b"ann@example.com", b"ben@example.com"),
        FILE.replace(b"From:", b"From: eve@example.com\nFrom:"),
        FILE.replace(b"To:", b"Sender: ben@example.com\nTo:"),
        b"",
        b"\x00",
        b"no header at all",
        b"DKIM-Signature: h=from\n" + FILE,
    ],
)
async def test_the_wrong_file(trying: RecallTrial, correcting: Correcting, file: bytes) -> None:
    message, _ = await prepared(trying)
    with pytest.raises(CannotReplace):
        await correcting.ask(message, file=file)
    await nothing_was_done(trying, message)


async def test_strangers_can_replace_nothing(trying: RecallTrial, correcting: Correcting) -> None:
    message, _ = await prepared(trying)
    for reference in (message, ID):
        with pytest.raises(NotFound):
            await correcting.ask(reference, who=Who("eve", "eve@example.com"))
    with pytest.raises(NotFound):
        await correcting.ask(message, "nobody@example.com")
    await nothing_was_done(trying, message)


async def test_which_of_several_must_be_said(trying: RecallTrial, correcting: Correcting) -> None:
    await trying.send(BOB)
    await trying.send(BOB)
    with pytest.raises(Ambiguous, match="was submitted 2 times"):
        await correcting.ask(ID)


async def test_what_is_too_old_is_not_replaced(trying: RecallTrial, correcting: Correcting) -> None:
    message, _ = await prepared(trying)
    await trying.advance(trying.settings.max_age + MINUTE)
    with pytest.raises(LimitReached):
        await correcting.ask(message)


async def test_a_large_one_is_staged_and_put_in_place_whole(trying: RecallTrial, correcting: Correcting) -> None:
    message, _ = await prepared(trying)
    body = b"x" * 70 + b"\n"
    recall = await correcting.ask(message, file=FILE + body * 40_000)
    assert (await trying.work(recall)).counts == {Outcome.REPLACED: 1}
    [new] = trying.post.boxes[BOB]
    assert new.data.count(b"x" * 70 + b"\r\n") == 40_000
    lock = headers.split(new.header).text("recall-lock")
    assert lock.startswith("sha256:") and not recall_lock.matches(lock, b"\7" * 32, ANN, ID)


# Two people


async def test_many_mailboxes_wait_for_a_second_person(trying: RecallTrial, correcting: Correcting) -> None:
    trying.settings = RecallSettings(second_person_above=1)
    trying.lists = {"team@example.com": [BOB, CAROL]}
    message = await trying.send("team@example.com", BOB)
    for address in (BOB, CAROL):
        trying.post.put(address, stored_copy())
    recall = await correcting.ask(message)
    waiting = await trying.work(recall)
    assert waiting.status is Status.WAITING and waiting.counts == {Outcome.PENDING: 2}
    await trying.round()
    assert trying.post.opened == []
    for nobody in (OWNER, Who("mail:ann", ANN)):
        with pytest.raises(NotNow, match="somebody else"):
            await confirm(trying.recalls, recall, nobody)
    with pytest.raises(NotFound):
        await confirm(trying.recalls, recall, Who("eve", "eve@example.com"))
    with pytest.raises(NotFound):
        await confirm(trying.recalls, "0" * 16, ADMIN)
    await trying.advance(trying.settings.watch)
    await confirm(trying.recalls, recall, ADMIN)
    await confirm(trying.recalls, recall, OWNER)
    report = await trying.work(recall)
    assert report.counts == {Outcome.REPLACED: 2} and report.status is Status.DONE


async def test_one_person_is_enough_for_few_and_for_what_has_not_left(
    trying: RecallTrial, correcting: Correcting
) -> None:
    trying.settings = RecallSettings(second_person_above=1)
    message = await trying.accept(BOB, CAROL, DAVE, "x@elsewhere.example", due_in=[0, None, None, 0])
    await trying.deliver(message)
    trying.post.put(BOB, stored_copy())
    report = await trying.work(await correcting.ask(message))
    assert report.status is Status.DONE and report.counts[Outcome.REPLACED] == 1


async def test_what_has_not_left_is_stopped_before_anybody_confirms(trying: RecallTrial) -> None:
    trying.settings = RecallSettings(second_person_above=1)
    message = await trying.accept(BOB, CAROL, DAVE, due_in=[0, 0, None])
    await trying.deliver(message)
    recall = await trying.ask(message)
    assert (await trying.report(recall)).status is Status.WAITING
    assert (await trying.trial.states(message))[DAVE] is State.UNDONE


async def test_nobody_knows_how_many(trying: RecallTrial, monkeypatch: pytest.MonkeyPatch) -> None:
    message = await trying.send(BOB)

    async def fail(address: str) -> list[str]:
        raise PeopleUnknown("the list server does not answer")

    monkeypatch.setattr(trying, "expand", fail)
    assert (await trying.report(await trying.ask(message))).status is Status.WAITING


async def test_too_many_recalls_and_a_fresh_password(trying: RecallTrial, correcting: Correcting) -> None:
    trying.settings = RecallSettings(per_hour=2)
    for _ in range(2):
        await trying.ask(await trying.send(BOB))
    third = await trying.send(BOB)
    for ask in (trying.ask, correcting.ask):
        with pytest.raises(NotNow, match="2 recalls"):
            await ask(third)
    await trying.ask(third, who=ADMIN)
    await trying.advance(61 * MINUTE)
    await trying.trial.store.set_account(NewAccount(ANN, ANN, "first"))
    await trying.advance(MINUTE)
    await trying.trial.store.set_account(NewAccount(ANN, ANN, "second"))
    with pytest.raises(NotNow, match="password"):
        await trying.ask(await trying.send(BOB))
