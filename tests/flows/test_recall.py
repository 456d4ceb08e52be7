"""Recall: one truthful outcome for everybody, whatever their mailboxes do."""

from __future__ import annotations

import asyncio

import pytest

from takeback.clock import DAY, HOUR, MINUTE, SECOND
from takeback.config import parse
from takeback.doctor.database import examine_database
from takeback.errors import LimitReached, NotFound
from takeback.flows.ask import Who
from takeback.hold.states import State
from takeback.ports import Verdict
from takeback.ports.mailbox import MailboxUnavailable
from takeback.recall.outcomes import Outcome, Reason
from takeback.recall.report import Status, document
from takeback.recall.settings import RecallSettings
from tests.contract.store.trial import Trial
from tests.doubles.recalls import ADMIN, BODY, ID, RecallTrial, pattern, people, stored_copy

BOB, CAROL, DAVE = "bob@example.com", "carol@example.com", "dave@example.com"


@pytest.fixture
def trying(trial: Trial) -> RecallTrial:
    return RecallTrial(trial)


async def test_an_unread_copy_is_removed_and_nothing_else(trying: RecallTrial) -> None:
    message = await trying.send(BOB)
    trying.post.put(BOB, stored_copy())
    other = trying.post.put(BOB, stored_copy(id="<other@example.com>"))
    report = await trying.recall(message)
    assert report.counts == {Outcome.RECALLED: 1} and report.status is Status.DONE and report.whole
    assert trying.post.boxes[BOB] == [other]
    [copy] = people(report)[BOB].copies
    assert copy.outcome is Outcome.RECALLED and "expunged" in copy.evidence


@pytest.mark.parametrize("flag", ["\\Seen", "\\Answered", "$Forwarded", "$MDNSent"])
async def test_a_copy_that_was_read_is_left_alone(trying: RecallTrial, flag: str) -> None:
    message = await trying.send(BOB)
    stored = trying.post.put(BOB, stored_copy(), flag)
    report = await trying.recall(message)
    assert report.counts == {Outcome.ALREADY_READ: 1} and not report.whole
    assert trying.post.boxes[BOB] == [stored] and not stored.removing


async def test_a_copy_that_is_read_at_the_last_moment_is_left_alone(trying: RecallTrial) -> None:
    message = await trying.send(BOB)
    stored = trying.post.put(BOB, stored_copy())

    async def read(_: str) -> None:
        stored.flags = frozenset({"\\Seen"})

    trying.post.before_remove = read
    report = await trying.recall(message)
    assert report.counts == {Outcome.ALREADY_READ: 1}
    assert trying.post.boxes[BOB] == [stored]


async def test_a_read_copy_goes_where_policy_allows_and_it_is_asked_for(trying: RecallTrial) -> None:
    message = await trying.send(BOB)
    trying.post.put(BOB, stored_copy(), "\\Seen")
    with pytest.raises(LimitReached, match="also_read"):
        await trying.ask(message, also_read=True)
    trying.settings = RecallSettings(also_read=True)
    report = await trying.recall(message, also_read=True)
    assert report.counts == {Outcome.RECALLED_READ: 1} and trying.post.boxes[BOB] == []


async def test_the_mixed_message_has_as_many_truths(trying: RecallTrial) -> None:
    """Held, deferred, delivered and unread, read, external, refused by the relay, a list; one report."""
    message = await trying.accept(
        "held@example.com",
        "deferred@example.com",
        BOB,
        CAROL,
        "x@elsewhere.example",
        "refused@example.com",
        "team@example.com",
        due_in=[None, 0, 0, 0, 0, 0, 0],
    )
    trying.lists = {"team@example.com": [DAVE, "eve@example.com", "bob@example.com"]}
    await trying.settle(message, {"deferred@example.com": Verdict.DEFERRED, "refused@example.com": Verdict.FAILED})
    trying.post.put(BOB, stored_copy())
    trying.post.put(CAROL, stored_copy(), "\\Seen")
    trying.post.put(DAVE, stored_copy(BODY + b"-- \r\nA list's footer\r\n"), folder="Lists/Team")
    trying.post.refused.add("eve@example.com")
    report = await trying.recall(message)
    told = {each.address: (each.outcome, each.reason) for each in report.recipients}
    assert told["held@example.com"] == (Outcome.NEVER_LEFT, Reason.UNDONE)
    assert told["deferred@example.com"] == (Outcome.NEVER_LEFT, Reason.UNDONE)
    assert told["refused@example.com"] == (Outcome.NEVER_LEFT, Reason.REFUSED_BY_RELAY)
    assert told[BOB][0] is Outcome.RECALLED and told[CAROL][0] is Outcome.ALREADY_READ
    assert told["x@elsewhere.example"][0] is Outcome.OUT_OF_REACH
    assert told["team@example.com"][0] is Outcome.GAVE_UP
    assert people(report)[DAVE].outcome is Outcome.RECALLED
    assert report.counts == {
        Outcome.GAVE_UP: 1,
        Outcome.OUT_OF_REACH: 1,
        Outcome.ALREADY_READ: 1,
        Outcome.RECALLED: 2,
        Outcome.NEVER_LEFT: 3,
    }


async def test_strangers_are_never_touched(trying: RecallTrial) -> None:
    """The same Message-ID from somebody else, a copied lock under another name; and no lock, with another text."""
    message = await trying.send(BOB)
    strangers = [
        trying.post.put(BOB, stored_copy(lock=False, from_="Eve <eve@evil.example>")),
        trying.post.put(BOB, stored_copy(from_="Eve <eve@evil.example>")),
    ]
    report = await trying.recall(message)
    assert report.counts == {Outcome.NOT_FOUND: 1}
    assert trying.post.boxes[BOB] == strangers and not trying.post.removed


async def test_a_copy_without_its_lock_is_known_by_its_text_or_reported(trying: RecallTrial) -> None:
    message = await trying.send(BOB, CAROL)
    trying.post.put(BOB, stored_copy(lock=False))
    changed = trying.post.put(CAROL, stored_copy(BODY + b"A footer\r\n", lock=False))
    report = await trying.recall(message)
    assert people(report)[BOB].outcome is Outcome.RECALLED
    assert people(report)[CAROL].outcome is Outcome.AMBIGUOUS
    assert people(report)[CAROL].reason is Reason.NO_PROOF
    assert trying.post.boxes[CAROL] == [changed]


async def test_copies_in_two_folders_both_go(trying: RecallTrial) -> None:
    message = await trying.send(BOB)
    trying.post.put(BOB, stored_copy())
    trying.post.put(BOB, stored_copy(), folder="Projects/أرشيف")
    report = await trying.recall(message)
    assert report.counts == {Outcome.RECALLED: 1} and trying.post.boxes[BOB] == []
    assert len(people(report)[BOB].copies) == 2


async def test_worst_of_the_copies_is_told(trying: RecallTrial) -> None:
    message = await trying.send(BOB)
    trying.post.put(BOB, stored_copy())
    read = trying.post.put(BOB, stored_copy(), "\\Seen", folder="Archive")
    report = await trying.recall(message)
    assert report.counts == {Outcome.ALREADY_READ: 1} and trying.post.boxes[BOB] == [read]


async def test_what_has_not_arrived_is_pending_and_caught_later(trying: RecallTrial) -> None:
    message = await trying.send(BOB, server="smarthost.example.net", delivered=False)
    id = await trying.ask(message)
    report = await trying.work(id)
    assert report.counts == {Outcome.PENDING: 1} and report.status is Status.RUNNING
    assert people(report)[BOB].reason is Reason.NOT_ARRIVED
    trying.post.put(BOB, stored_copy())
    await trying.advance(MINUTE)
    await trying.round()
    report = await trying.report(id)
    assert report.counts == {Outcome.RECALLED: 1} and report.status is Status.DONE
    assert trying.post.boxes[BOB] == []


async def test_not_found_is_final_only_when_the_watch_is_over(trying: RecallTrial) -> None:
    message = await trying.send(BOB, server="smarthost.example.net", delivered=False)
    id = await trying.ask(message)
    assert (await trying.work(id)).counts == {Outcome.PENDING: 1}
    await trying.advance(DAY - SECOND)
    await trying.round()
    assert (await trying.report(id)).counts == {Outcome.PENDING: 1}
    await trying.advance(SECOND)
    await trying.round()
    assert (await trying.report(id)).counts == {Outcome.NOT_FOUND: 1}


async def test_not_found_is_final_at_once_where_its_own_server_had_delivered_it(trying: RecallTrial) -> None:
    message = await trying.send(BOB, server="MAIL.example.com:24", delivered=True)
    assert (await trying.recall(message)).counts == {Outcome.NOT_FOUND: 1}


async def test_a_server_that_does_not_answer_is_tried_until_the_watch_ends(trying: RecallTrial) -> None:
    message = await trying.send(BOB, CAROL)
    trying.post.put(BOB, stored_copy())
    trying.post.put(CAROL, stored_copy())
    trying.post.unreachable = {BOB, CAROL}
    id = await trying.ask(message)
    report = await trying.work(id)
    assert report.counts == {Outcome.PENDING: 2}
    assert people(report)[BOB].reason is Reason.UNREACHABLE
    trying.post.unreachable = {CAROL}
    await trying.advance(HOUR)
    await trying.round()
    assert people(await trying.report(id))[BOB].outcome is Outcome.RECALLED
    await trying.advance(DAY)
    await trying.round()
    carol = people(await trying.report(id))[CAROL]
    assert carol.outcome is Outcome.GAVE_UP and "does not answer" in carol.detail


async def test_a_refused_mailbox_is_given_up_with_the_server_s_words(trying: RecallTrial) -> None:
    message = await trying.send(BOB)
    trying.post.refused.add(BOB)
    told = people(await trying.recall(message))[BOB]
    assert (told.outcome, told.reason) == (Outcome.GAVE_UP, Reason.REFUSED_BY_SERVER)
    assert "no such mailbox" in told.detail


@pytest.mark.parametrize("trouble", ["lost_after_mark", "lost_after_remove"])
async def test_a_connection_lost_in_the_middle_is_our_own_work_and_told_once(trying: RecallTrial, trouble: str) -> None:
    message = await trying.send(BOB)
    trying.post.put(BOB, stored_copy())
    getattr(trying.post, trouble).add(BOB)
    id = await trying.ask(message)
    assert (await trying.work(id)).counts == {Outcome.PENDING: 1}
    await trying.advance(MINUTE)
    await trying.round()
    report = await trying.report(id)
    assert report.counts == {Outcome.RECALLED: 1}
    assert len(people(report)[BOB].copies) == 1 and len(trying.post.removed) == 1
    assert (await trying.trial.kinds(message)).count("recall_recalled") == 1


async def test_a_copy_that_was_planned_and_then_read_is_not_told_as_recalled(trying: RecallTrial) -> None:
    """The connection breaks before the condition is decided; until the next look its owner reads it."""
    message = await trying.send(BOB)
    stored = trying.post.put(BOB, stored_copy())

    async def break_off(_: str) -> None:
        raise MailboxUnavailable("connection lost")

    trying.post.before_remove = break_off
    id = await trying.ask(message)
    assert (await trying.work(id)).counts == {Outcome.PENDING: 1}
    stored.flags = frozenset({"\\Seen"})
    trying.post.before_remove = None
    await trying.advance(MINUTE)
    await trying.round()
    report = await trying.report(id)
    assert report.counts == {Outcome.ALREADY_READ: 1} and trying.post.boxes[BOB] == [stored]
    assert len(people(report)[BOB].copies) == 1


async def test_a_copy_that_is_moved_before_its_removal_is_followed(trying: RecallTrial) -> None:
    message = await trying.send(BOB)
    stored = trying.post.put(BOB, stored_copy())
    moves = iter([1])

    async def move(_: str) -> None:
        if next(moves, None):
            stored.folder, stored.uid = "Elsewhere", 99

    trying.post.before_remove = move
    report = await trying.recall(message)
    assert report.counts == {Outcome.RECALLED: 1} and trying.post.boxes[BOB] == []
    [copy] = people(report)[BOB].copies
    assert copy.folder == "Elsewhere"


async def test_a_copy_that_was_moved_while_the_recall_was_broken_off_is_followed(trying: RecallTrial) -> None:
    """By its owner, or by a server that numbers its folders anew. It is one copy, and told as one."""
    message = await trying.send(BOB)
    stored = trying.post.put(BOB, stored_copy())

    async def break_off(_: str) -> None:
        raise MailboxUnavailable("connection lost")

    trying.post.before_remove = break_off
    id = await trying.ask(message)
    await trying.work(id)
    stored.folder, stored.uid = "Elsewhere", 99
    trying.post.before_remove = None
    await trying.advance(MINUTE)
    await trying.round()
    report = await trying.report(id)
    assert report.counts == {Outcome.RECALLED: 1} and trying.post.boxes[BOB] == []
    assert [copy.folder for copy in people(report)[BOB].copies] == ["Elsewhere"]


async def test_a_copy_that_is_deleted_before_its_removal_was_not_recalled(trying: RecallTrial) -> None:
    message = await trying.send(BOB)
    trying.post.put(BOB, stored_copy())

    async def delete(_: str) -> None:
        trying.post.boxes[BOB].clear()

    trying.post.before_remove = delete
    told = people(await trying.recall(message))[BOB]
    assert (told.outcome, told.reason) == (Outcome.NOT_FOUND, Reason.TAKEN_AWAY)


async def test_protected_reads_like_out_of_reach_to_the_sender(trying: RecallTrial) -> None:
    trying.settings = RecallSettings(protected=pattern(BOB))
    message = await trying.send(BOB, "x@elsewhere.example")
    trying.post.put(BOB, stored_copy())
    report = await trying.recall(message)
    assert people(report)[BOB].outcome is Outcome.PROTECTED and trying.post.opened == []
    bob, external = document(report, full=False)["recipients"]
    for told in (bob, external):
        told.pop("address")
        for person in told["people"]:
            person.pop("address")
    assert bob == external
    assert document(report, full=False)["counts"] == {"out_of_reach": 2}


async def test_a_list_s_members_are_for_administrators(trying: RecallTrial) -> None:
    trying.lists = {"team@example.com": [BOB, CAROL]}
    message = await trying.send("team@example.com")
    report = await trying.recall(message)
    assert {person["address"] for person in document(report, full=True)["recipients"][0]["people"]} == {BOB, CAROL}
    told = document(report, full=False)
    assert told["recipients"][0]["people"] == [] and told["counts"] == {"not_found": 2}
    assert BOB not in str(told)


async def test_somebody_reached_in_two_ways_is_one_person(trying: RecallTrial) -> None:
    trying.lists = {"team@example.com": ["Bob@example.com"]}
    message = await trying.send(BOB, "team@example.com")
    trying.post.put(BOB, stored_copy())
    report = await trying.recall(message)
    assert report.counts == {Outcome.RECALLED: 1}
    assert [each.outcome for each in report.recipients] == [Outcome.RECALLED, Outcome.RECALLED]


async def test_of_two_ways_the_second_copy_is_waited_for(trying: RecallTrial) -> None:
    trying.lists = {"team@example.com": [BOB]}
    message = await trying.send(BOB, "team@example.com", delivered=False)
    trying.post.put(BOB, stored_copy())
    id = await trying.ask(message)
    assert (await trying.work(id)).counts == {Outcome.PENDING: 1}
    trying.post.put(BOB, stored_copy(), folder="Lists")
    await trying.advance(HOUR)
    await trying.round()
    assert (await trying.report(id)).counts == {Outcome.RECALLED: 1} and trying.post.boxes[BOB] == []


async def test_asked_again_while_it_runs_it_is_the_same_recall(trying: RecallTrial) -> None:
    message = await trying.send(BOB, delivered=False)
    first = await trying.ask(message)
    assert await trying.ask(message) == first


async def test_asked_again_later_it_says_what_the_first_one_did(trying: RecallTrial) -> None:
    message = await trying.send(BOB)
    trying.post.put(BOB, stored_copy())
    await trying.recall(message)
    report = await trying.recall(message)
    assert (people(report)[BOB].outcome, people(report)[BOB].reason) == (Outcome.RECALLED, Reason.EARLIER)


async def test_only_the_owner_and_only_what_was_accepted(trying: RecallTrial) -> None:
    message = await trying.send(BOB)
    for who, reference in ((Who("eve", "eve@example.com"), message), (ADMIN, "<unknown@x.example>"), (ADMIN, "*")):
        with pytest.raises(NotFound):
            await trying.ask(reference, who=who)
    assert await trying.trial.states(message) == {BOB: State.SENT}
    assert await trying.recalls.recalls(message) == []


@pytest.mark.parametrize("named", ["", "*", "*@example.com", "nobody@example.com", CAROL])
async def test_a_slip_never_means_everybody(trying: RecallTrial, named: str) -> None:
    message = await trying.accept(BOB)
    with pytest.raises(NotFound):
        await trying.ask(message, named)
    assert await trying.trial.states(message) == {BOB: State.HELD}


async def test_one_recipient_of_many(trying: RecallTrial) -> None:
    message = await trying.send(BOB, CAROL)
    trying.post.put(BOB, stored_copy())
    kept = trying.post.put(CAROL, stored_copy())
    report = await trying.recall(message, BOB)
    assert [each.address for each in report.recipients] == [BOB]
    assert trying.post.boxes[BOB] == [] and trying.post.boxes[CAROL] == [kept]


async def test_what_is_too_old_cannot_be_recalled(trying: RecallTrial) -> None:
    message = await trying.send(BOB)
    await trying.advance(7 * DAY + SECOND)
    with pytest.raises(LimitReached, match="7d"):
        await trying.ask(message)


async def test_a_message_without_a_usable_id_is_not_looked_for(trying: RecallTrial) -> None:
    message = await trying.send(BOB, message_id="")
    report = await trying.recall(message)
    assert report.counts == {Outcome.GAVE_UP: 1} and trying.post.opened == []


async def test_one_summary_for_the_sender_and_none_for_recipients(trying: RecallTrial) -> None:
    message = await trying.send(BOB, subject="The secret subject")
    trying.post.put(BOB, stored_copy())
    await trying.recall(message)
    [mail] = await trying.system_mail()
    assert b"To: <ann@example.com>" in mail and BOB.encode() in mail
    assert b"secret subject" not in mail


@pytest.mark.parametrize(("policy", "told"), [("never", set()), ("read", {CAROL}), ("always", {BOB, CAROL})])
async def test_recipients_are_told_what_policy_says(trying: RecallTrial, policy: str, told: set[str]) -> None:
    trying.settings = RecallSettings.model_validate({"notify": policy})
    message = await trying.send(BOB, CAROL, DAVE, subject="The secret subject")
    trying.post.put(BOB, stored_copy())
    trying.post.put(CAROL, stored_copy(), "\\Seen")
    await trying.recall(message)
    mail = [each for each in await trying.system_mail() if b"To: <ann@" not in each]
    assert {each.partition(b"To: <")[2].partition(b">")[0].decode() for each in mail} == told
    assert all(b"secret subject" not in each and ID.encode() not in each for each in mail)


async def test_the_doctor_says_what_running_recalls_wait_for(trying: RecallTrial) -> None:
    folder = trying.trial.place.folder
    config = parse({"data": {"folder": str(folder)}, "relay": [{"to": "lmtp://localhost"}]}, folder / "takeback.toml")

    async def said() -> list[tuple[str, str]]:
        findings = await asyncio.to_thread(examine_database, config)
        return [(each.level.value, each.sentence) for each in findings if each.about == "recall"]

    assert await said() == []
    late = await trying.send(BOB, delivered=False)
    await trying.recall(late)
    assert await said() == [("ok", "Mailboxes that running recalls still look at: 1.")]
    trying.post.unreachable = {CAROL}
    await trying.recall(await trying.send(CAROL))
    [(level, sentence)] = await said()
    assert level == "warning" and sentence.endswith("do not answer: 1.")


async def test_a_large_recall_in_pieces_is_a_large_one(trying: RecallTrial) -> None:
    trying.settings = RecallSettings(second_person_above=2)
    messages = [await trying.send(BOB, CAROL, message_id=f"<{n}@example.com>") for n in range(3)]
    statuses = [(await trying.report(await trying.ask(each))).status for each in messages]
    assert statuses == [Status.RUNNING, Status.WAITING, Status.WAITING]
    await trying.advance(HOUR)
    later = await trying.send(BOB, CAROL, message_id="<later@example.com>")
    assert (await trying.report(await trying.ask(later))).status is Status.RUNNING
