"""Recalls in the store: begun once, claimed by one, fenced, and finished once; on both databases."""

from __future__ import annotations

import asyncio

import pytest

from takeback.clock import DAY, HOUR, MINUTE, SECOND, Duration
from takeback.errors import NotFound
from takeback.hold.states import State
from takeback.ids import new_id, new_token
from takeback.ports.mailbox import Place
from takeback.ports.recall import (
    BodyMissing,
    BodyPiece,
    CopyOutcome,
    Ending,
    Expansion,
    KeptBody,
    LostClaim,
    NewPerson,
    NewRecall,
    PersonOutcome,
    Plan,
    Restoration,
    SeenCopy,
    Work,
    WorkRequest,
)
from takeback.recall.outcomes import Outcome, Reason
from takeback.recall.planning import Verdict
from takeback.recall.report import CorrectionReport, Status
from takeback.store.recall_store import SqlRecallStore
from tests.contract.store.trial import ANN, Trial

BOB, CAROL = "bob@example.com", "carol@example.com"
SERVER = "mail.example.com"
PENDING = Verdict(Outcome.PENDING)
DIGEST = b"\3" * 32


class Recalling:
    """One store of recalls under test."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.store = SqlRecallStore(trial.store.access)

    async def start(self, *addresses: str, recipients: frozenset[str] | None = None, also_read: bool = False) -> str:
        message = await self.trial.accept(*addresses)
        return await self.start_for(message, recipients, also_read)

    async def start_for(self, message: str, recipients: frozenset[str] | None = None, also_read: bool = False) -> str:
        new = NewRecall(new_id(self.trial.clock.now), message, ANN, recipients, also_read, DAY)
        return await self.store.start(new)

    async def claim(
        self, limit: int = 10, recall: str | None = None, busy: frozenset[str] = frozenset(), lease: Duration = MINUTE
    ) -> tuple[str, Work]:
        token = new_token()
        return token, await self.store.claim(WorkRequest(token, limit, lease, recall, busy))

    async def person(self, *people: NewPerson) -> str:
        """A recall whose one recipient leads to these people, or to Bob."""
        recall = await self.start(BOB)
        token, work = await self.claim()
        [recipient] = work.recipients
        await self.store.expand(Expansion(token, recipient.id, None, people or (NewPerson(BOB, SERVER, PENDING),)))
        return recall


def plan(token: str, person: int, uid: str = "1", sealed: bytes | None = b"body", follows: int | None = None) -> Plan:
    return Plan(
        token=token,
        person=person,
        follows=follows,
        place=Place("مشاريع", "7", uid),
        version="12",
        flags=frozenset({"\\Flagged"}),
        size=100,
        delivered_at=5,
        header=b"header",
        body=KeptBody(DIGEST, sealed),
    )


async def test_a_start_undoes_and_writes_down_in_one_transaction(trial: Trial) -> None:
    recalling = Recalling(trial)
    message = await trial.accept(BOB, CAROL, due_in=[None, 0])
    [claimed] = await trial.claim()
    recall = await recalling.start_for(message)
    assert await trial.states(message) == {BOB: State.UNDONE, CAROL: State.UNDONE}
    report = await recalling.store.report(recall)
    assert report is not None and [each.address for each in report.recipients] == [BOB, CAROL]
    assert report.counts == {Outcome.PENDING: 2} and report.watch_until == trial.clock.now + DAY
    assert claimed.id == message and "recall" in await trial.kinds(message)


async def test_a_start_whose_answer_was_lost_is_one_recall(trial: Trial) -> None:
    recalling = Recalling(trial)
    message = await trial.accept(BOB)
    trial.lose_answer_to_commit()
    recall = await recalling.start_for(message)
    assert await recalling.store.recalls(message) == [recall]
    assert (await trial.kinds(message)).count("recall") == 1


async def test_a_running_recall_is_joined_only_by_one_that_asks_for_the_same(trial: Trial) -> None:
    recalling = Recalling(trial)
    message = await trial.accept(BOB, CAROL)
    first = await recalling.start_for(message)
    assert await recalling.start_for(message) == first
    others = {
        await recalling.start_for(message, frozenset({BOB})),
        await recalling.start_for(message, also_read=True),
    }
    assert first not in others and len(others) == 2


async def test_what_is_not_there_starts_nothing(trial: Trial) -> None:
    recalling = Recalling(trial)
    with pytest.raises(NotFound):
        await recalling.start_for("unknown")
    message = await trial.accept(BOB)
    for recipients in (frozenset[str](), frozenset({CAROL})):
        with pytest.raises(NotFound):
            await recalling.start_for(message, recipients)
    assert await recalling.store.recalls(message) == []


async def test_what_one_has_nobody_else_gets_until_the_lease_ends(trial: Trial) -> None:
    recalling = Recalling(trial)
    await recalling.person()
    token, work = await recalling.claim()
    assert [each.address for each in work.people] == [BOB]
    assert (await recalling.claim())[1] == Work([], [])
    trial.clock.advance(50 * SECOND)
    await recalling.store.renew([token], MINUTE)
    trial.clock.advance(50 * SECOND)
    assert (await recalling.claim())[1] == Work([], [])
    trial.clock.advance(11 * SECOND)
    assert len((await recalling.claim())[1].people) == 1


async def test_given_back_it_is_anybody_s_at_once(trial: Trial) -> None:
    recalling = Recalling(trial)
    await recalling.person()
    token, _ = await recalling.claim()
    await recalling.store.give_back(token)
    assert len((await recalling.claim())[1].people) == 1


async def test_claims_keep_to_their_recall_their_limit_and_servers_that_are_free(trial: Trial) -> None:
    recalling = Recalling(trial)
    people = [NewPerson(f"p{number}@example.com", SERVER, PENDING) for number in range(5)]
    recall = await recalling.person(*people, NewPerson(CAROL, "other.example.com", PENDING))
    assert (await recalling.claim(recall="another"))[1] == Work([], [])
    assert len((await recalling.claim(limit=2, recall=recall))[1].people) == 2
    _, work = await recalling.claim(busy=frozenset({SERVER}))
    assert [each.address for each in work.people] == [CAROL]


async def test_a_stale_worker_can_write_nothing(trial: Trial) -> None:
    """Paused past its lease, while another took over: no plan, no outcome, no people come of it."""
    recalling = Recalling(trial)
    recall = await recalling.person()
    stale, work = await recalling.claim()
    [person] = work.people
    trial.clock.advance(MINUTE + SECOND)
    token, _ = await recalling.claim()
    store = recalling.store
    verdict = Verdict(Outcome.NOT_FOUND)
    with pytest.raises(LostClaim):
        await store.plan(plan(stale, person.id))
    with pytest.raises(LostClaim):
        await store.settle_copy(CopyOutcome(stale, person.id, 1, Outcome.RECALLED, "", frozenset()))
    with pytest.raises(LostClaim):
        await store.settle_person(PersonOutcome(stale, person.id, verdict))
    await store.renew([stale], HOUR)
    await store.give_back(stale)
    copy = await store.plan(plan(token, person.id))
    await store.settle_copy(CopyOutcome(token, person.id, copy, Outcome.RECALLED, "OK", frozenset()))
    await store.settle_person(PersonOutcome(token, person.id, Verdict(Outcome.RECALLED)))
    report = await store.report(recall)
    assert report is not None and report.counts == {Outcome.RECALLED: 1}


async def test_a_plan_that_is_asked_for_again_is_the_same(trial: Trial) -> None:
    recalling = Recalling(trial)
    await recalling.person()
    token, work = await recalling.claim()
    person = work.people[0].id
    trial.lose_answer_to_commit()
    first = await recalling.store.plan(plan(token, person))
    assert await recalling.store.plan(plan(token, person)) == first
    moved = await recalling.store.plan(plan(token, person, "9", follows=first))
    assert moved == first
    await recalling.store.give_back(token)
    _, work = await recalling.claim()
    [copy] = work.people[0].copies
    assert (copy.place, copy.flags, copy.outcome) == (Place("مشاريع", "7", "9"), frozenset({"\\Flagged"}), None)


async def test_the_same_person_by_two_ways_is_one(trial: Trial) -> None:
    recalling = Recalling(trial)
    recall = await recalling.start(BOB, "team@example.com")
    token, work = await recalling.claim()
    for recipient in work.recipients:
        await recalling.store.expand(
            Expansion(token, recipient.id, None, [NewPerson("Bob@example.com", SERVER, PENDING)])
        )
    _, work = await recalling.claim()
    [person] = work.people
    assert {way.address for way in person.ways} == {BOB, "team@example.com"}
    report = await recalling.store.report(recall)
    assert report is not None and report.counts == {Outcome.PENDING: 1}


async def test_a_further_way_asks_a_settled_person_again(trial: Trial) -> None:
    recalling = Recalling(trial)
    await recalling.start(BOB, "team@example.com")
    first, work = await recalling.claim(limit=1)
    await recalling.store.expand(Expansion(first, work.recipients[0].id, None, [NewPerson(BOB, SERVER, PENDING)]))
    second, work = await recalling.claim(limit=1)
    third, people = await recalling.claim()
    [person] = people.people
    await recalling.store.settle_person(PersonOutcome(third, person.id, Verdict(Outcome.NOT_FOUND)))
    await recalling.store.expand(Expansion(second, work.recipients[0].id, None, [NewPerson(BOB, SERVER, PENDING)]))
    assert [each.id for each in (await recalling.claim())[1].people] == [person.id]


async def test_a_copy_that_was_only_seen_is_one_row_however_often(trial: Trial) -> None:
    recalling = Recalling(trial)
    recall = await recalling.person()
    seen = SeenCopy(Place("INBOX", "1", "4"), frozenset({"\\Seen"}), 10, None, Outcome.ALREADY_READ, "read")
    for _ in range(2):
        token, work = await recalling.claim()
        verdict = Verdict(Outcome.PENDING, Reason.NOT_ARRIVED, try_at=trial.clock.now)
        await recalling.store.settle_person(PersonOutcome(token, work.people[0].id, verdict, [seen]))
    report = await recalling.store.report(recall)
    assert report is not None
    [person] = report.recipients[0].people
    assert [copy.outcome for copy in person.copies] == [Outcome.ALREADY_READ]


async def test_the_end_comes_once_and_only_when_nothing_is_pending(trial: Trial) -> None:
    recalling = Recalling(trial)
    recall = await recalling.person()
    store = recalling.store
    summary = trial.message(ANN)
    assert await store.finished() == [] and not await store.finish(Ending(recall, summary))
    token, work = await recalling.claim()
    await store.settle_person(PersonOutcome(token, work.people[0].id, Verdict(Outcome.NOT_FOUND)))
    [facts] = await store.finished()
    assert facts.id == recall
    assert await store.finish(Ending(recall, summary)) and not await store.finish(Ending(recall, trial.message(ANN)))
    assert await trial.state(summary.id) is State.HELD
    report = await store.report(recall)
    assert report is not None and report.status is Status.DONE and await store.next_try(recall) is None


async def test_a_correction_is_stored_with_the_end_once(trial: Trial) -> None:
    recalling = Recalling(trial)
    store = recalling.store
    message = await trial.accept(BOB)
    recall = await store.start(NewRecall(new_id(trial.clock.now), message, ANN, None, False, DAY, correction="Sorry."))
    token, work = await recalling.claim()
    assert work.recipients[0].recall.correction == "Sorry."
    correction = trial.message(BOB, CAROL)
    assert not await store.finish(Ending(recall, None, correction)), "something is pending"
    await store.expand(Expansion(token, work.recipients[0].id, Verdict(Outcome.OUT_OF_REACH)))
    report = await store.report(recall)
    assert report is not None and report.correction == CorrectionReport(None, 0)
    trial.lose_answer_to_commit()
    await store.finish(Ending(recall, None, correction))
    assert not await store.finish(Ending(recall, None, trial.message(BOB)))
    assert await trial.states(correction.id) == {BOB: State.HELD, CAROL: State.HELD}
    report = await store.report(recall)
    assert report is not None and report.correction == CorrectionReport(correction.id, 2)
    assert (await trial.kinds(message)).count("corrected") == 1


async def test_a_correction_that_was_refused_is_on_the_record(trial: Trial) -> None:
    recalling = Recalling(trial)
    recall = await recalling.start(BOB)
    token, work = await recalling.claim()
    await recalling.store.expand(Expansion(token, work.recipients[0].id, Verdict(Outcome.OUT_OF_REACH)))
    assert await recalling.store.finish(Ending(recall, None, not_corrected="may not send"))
    assert "not_corrected" in await trial.kinds(work.recipients[0].recall.message)


async def test_untried_are_those_nobody_has_looked_at_to_the_end(trial: Trial) -> None:
    recalling = Recalling(trial)
    recall = await recalling.person()
    assert await recalling.store.untried(recall) == 1
    token, work = await recalling.claim()
    later = Verdict(Outcome.PENDING, Reason.NOT_ARRIVED, try_at=trial.clock.now + SECOND)
    await recalling.store.settle_person(PersonOutcome(token, work.people[0].id, later))
    assert await recalling.store.untried(recall) == 0
    assert await recalling.store.next_try() == trial.clock.now + SECOND
    trial.clock.advance(SECOND)
    await recalling.claim()
    assert await recalling.store.untried(recall) == 1


async def test_pieces_of_a_body_are_kept_once_and_found_when_whole(trial: Trial) -> None:
    recalling = Recalling(trial)
    recall = await recalling.person()
    store = recalling.store
    for _ in range(2):
        await store.keep_piece(BodyPiece(recall, DIGEST, 0, False, b"one"))
    assert not await store.has_body(recall, DIGEST)
    await store.keep_piece(BodyPiece(recall, DIGEST, 1, True, b"two"))
    assert await store.has_body(recall, DIGEST)
    assert [piece async for piece in store.kept_body(recall, DIGEST)] == [b"one", b"two"]


async def test_a_plan_that_counts_on_a_body_is_refused_where_there_is_none(trial: Trial) -> None:
    recalling = Recalling(trial)
    people = [NewPerson(BOB, SERVER, PENDING), NewPerson(CAROL, SERVER, PENDING)]
    recall = await recalling.person(*people)
    token, work = await recalling.claim()
    store, (bob, carol) = recalling.store, (person.id for person in work.people)
    with pytest.raises(BodyMissing):
        await store.plan(plan(token, bob, sealed=None))
    assert await store.kept(recall) == []
    brought = store.plan(plan(token, carol))
    ids = await asyncio.gather(brought, store.plan(plan(token, bob, sealed=None)))
    assert len(set(ids)) == 2
    assert [piece async for piece in store.kept_body(recall, DIGEST)] == [b"body"]


async def test_what_is_written_together_is_what_would_be_written_alone(trial: Trial) -> None:
    """As many as the worker of a large recall gives to the store at once, one of whom lost the claim."""
    recalling = Recalling(trial)
    names = [f"p{number}@example.com" for number in range(150)]
    recall = await recalling.person(*(NewPerson(name, SERVER, PENDING) for name in names))
    token, work = await recalling.claim(limit=150)
    store, stale = recalling.store, work.people[7].id
    tokens = {person.id: token if person.id != stale else new_token() for person in work.people}

    async def whole(person: int, address: str) -> None:
        copies = [await store.plan(plan(tokens[person], person, uid, body(person))) for uid in ("1", "2", "1")]
        assert copies[0] == copies[2] != copies[1]
        for copy in copies[:2]:
            await store.settle_copy(CopyOutcome(token, person, copy, Outcome.RECALLED, address, frozenset()))
        await store.settle_person(PersonOutcome(token, person, Verdict(Outcome.RECALLED)))

    def body(person: int) -> bytes | None:
        return None if person % 2 and person != work.people[0].id else b"body"

    ended = await asyncio.gather(*(whole(each.id, each.address) for each in work.people), return_exceptions=True)
    assert [type(each) for each in ended if each is not None] == [LostClaim]
    assert await store.counts(recall) == {Outcome.RECALLED: 149, Outcome.PENDING: 1}
    kept = await store.kept(recall)
    assert len(kept) == 298 and {each.person for each in kept} == set(tokens) - {stale}
    facts = await store.facts(recall)
    assert facts is not None and "recall_recalled" not in await trial.kinds(facts.message)  # for they are behind a list
    report = await store.report(recall)
    assert report is not None
    told = {person.address: [copy.evidence for copy in person.copies] for person in report.recipients[0].people}
    assert all(told[name] == ([name, name] if name != work.people[7].address else []) for name in names)


async def test_a_restored_copy_is_written_down_once_and_by_one(trial: Trial) -> None:
    recalling = Recalling(trial)
    recall = await recalling.person()
    store = recalling.store
    token, work = await recalling.claim()
    person = work.people[0].id
    copy = await store.plan(plan(token, person))
    await store.settle_copy(CopyOutcome(token, person, copy, Outcome.RECALLED, "OK", frozenset({"\\Flagged"})))
    await store.settle_person(PersonOutcome(token, person, Verdict(Outcome.RECALLED)))
    assert await store.hold_person(person, "a", MINUTE) and not await store.hold_person(person, "b", MINUTE)
    with pytest.raises(LostClaim):
        await store.note_restored(Restoration("b", copy, person, ANN, ""))
    for _ in range(2):
        await store.note_restored(Restoration("a", copy, person, ANN, "put back"))
    [kept] = await store.kept(recall)
    assert kept.outcome is Outcome.RESTORED and kept.flags == {"\\Flagged"}
    facts = await store.facts(recall)
    assert facts is not None and (await trial.kinds(facts.message)).count("recall_restored") == 1


async def test_purging_takes_what_is_old_and_settled_and_its_body_with_the_last(trial: Trial) -> None:
    recalling = Recalling(trial)
    people = [NewPerson(BOB, SERVER, PENDING), NewPerson(CAROL, SERVER, PENDING, retained=True)]
    recall = await recalling.person(*people, NewPerson("d@example.com", SERVER, PENDING))
    store = recalling.store
    token, work = await recalling.claim()
    for number, person in enumerate(work.people):
        copy = await store.plan(plan(token, person.id))
        if number < 2:
            await store.settle_copy(CopyOutcome(token, person.id, copy, Outcome.RECALLED, "", frozenset()))
    trial.clock.advance(DAY)
    assert await store.purge(DAY, 10) == 0
    trial.clock.advance(1)
    assert await store.purge(DAY, 10) == 1
    headers = {kept.address: kept.header for kept in await store.kept(recall)}
    assert headers == {BOB: None, CAROL: b"header"}
    assert await store.has_body(recall, DIGEST)
