"""Restore: what a recall took away comes back as it was, once; and what a recall would do can be asked before."""

from __future__ import annotations

import pytest

from takeback.clock import DAY, HOUR, SECOND
from takeback.errors import LimitReached, NotFound
from takeback.flows.ask import Who
from takeback.flows.dry_run import dry_run
from takeback.flows.quarantine import PIECE
from takeback.flows.recall import Wish
from takeback.flows.restore import Restored, restore
from takeback.hold.states import State
from takeback.ports.recall import Restoration
from takeback.recall.outcomes import Outcome, Reason
from takeback.recall.report import Status, document
from takeback.recall.settings import RecallSettings
from tests.contract.store.trial import Trial
from tests.doubles.recalls import ADMIN, BODY, OWNER, RecallTrial, pattern, people, stored_copy

BOB, CAROL, DAVE = "bob@example.com", "carol@example.com", "dave@example.com"
LARGE = BODY + b"0123456789abcdef" * (PIECE // 8)


@pytest.fixture
def trying(trial: Trial) -> RecallTrial:
    return RecallTrial(trial)


async def put_back(trying: RecallTrial, recall: str, who: Who = OWNER) -> list[Restored]:
    return await restore(trying.trial.store, trying.recalls, trying.reach(), trying.quarantine, recall, who)


@pytest.mark.parametrize("body", [BODY, b"", LARGE, b"\0\xff\r\r\n\n"])
async def test_a_copy_comes_back_as_it_was(trying: RecallTrial, body: bytes) -> None:
    message = await trying.send(BOB)
    before = trying.post.put(BOB, stored_copy(body), "\\Flagged", "work", folder="Projects", delivered_at=123 * SECOND)
    report = await trying.recall(message)
    assert trying.post.boxes[BOB] == []
    assert await put_back(trying, report.id) == [Restored(BOB, Outcome.RESTORED)]
    [after] = trying.post.boxes[BOB]
    assert (after.data, after.flags, after.folder, after.delivered_at) == (
        before.data,
        before.flags,
        before.folder,
        before.delivered_at,
    )
    assert (await trying.report(report.id)).counts == {Outcome.RESTORED: 1}
    assert "recall_restored" in await trying.trial.kinds(message)


async def test_restoring_again_changes_nothing(trying: RecallTrial) -> None:
    message = await trying.send(BOB)
    for folder in ("INBOX", "INBOX", "Other"):
        trying.post.put(BOB, stored_copy(), folder=folder)
    report = await trying.recall(message)
    for _ in range(2):
        assert await put_back(trying, report.id) == [Restored(BOB, Outcome.RESTORED)]
        assert sorted(each.folder for each in trying.post.boxes[BOB]) == ["INBOX", "INBOX", "Other"]


async def test_a_copy_that_was_put_back_and_not_written_down_is_not_put_back_twice(
    trying: RecallTrial, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = await trying.send(BOB)
    for _ in range(2):
        trying.post.put(BOB, stored_copy())
    report = await trying.recall(message)
    note = trying.recalls.note_restored

    async def die(_: Restoration) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(trying.recalls, "note_restored", die)
    with pytest.raises(ConnectionResetError):
        await put_back(trying, report.id)
    assert len(trying.post.boxes[BOB]) == 1
    monkeypatch.setattr(trying.recalls, "note_restored", note)
    assert await put_back(trying, report.id) == [Restored(BOB, Outcome.RESTORED)]
    assert len(trying.post.boxes[BOB]) == 2


async def test_a_full_mailbox_is_said_and_may_be_tried_again(trying: RecallTrial) -> None:
    message = await trying.send(BOB)
    trying.post.put(BOB, stored_copy())
    report = await trying.recall(message)
    trying.post.full = {BOB}
    [told] = await put_back(trying, report.id)
    assert (told.outcome, told.reason) == (Outcome.GAVE_UP, Reason.QUOTA)
    trying.post.full = set()
    assert await put_back(trying, report.id) == [Restored(BOB, Outcome.RESTORED)]


async def test_somebody_else_restores_nothing(trying: RecallTrial) -> None:
    message = await trying.send(BOB)
    trying.post.put(BOB, stored_copy())
    report = await trying.recall(message)
    for who, recall in ((Who("eve", "eve@example.com"), report.id), (ADMIN, "unknown")):
        with pytest.raises(NotFound):
            await put_back(trying, recall, who)
    assert trying.post.boxes[BOB] == []


async def test_a_recall_that_took_nothing_has_nothing_to_put_back(trying: RecallTrial) -> None:
    message = await trying.send(BOB)
    report = await trying.recall(message)
    with pytest.raises(NotFound, match="nothing"):
        await put_back(trying, report.id)


async def test_a_restored_copy_can_be_recalled_again(trying: RecallTrial) -> None:
    message = await trying.send(BOB)
    trying.post.put(BOB, stored_copy())
    report = await trying.recall(message)
    await put_back(trying, report.id)
    again = await trying.recall(message)
    assert again.counts == {Outcome.RECALLED: 1} and people(again)[BOB].reason is Reason.NONE
    assert trying.post.boxes[BOB] == []


async def test_what_was_kept_long_enough_is_purged_and_said_to_be(trying: RecallTrial) -> None:
    trying.settings = RecallSettings(legal_hold=pattern(CAROL))
    message = await trying.send(BOB, CAROL)
    trying.post.put(BOB, stored_copy())
    trying.post.put(CAROL, stored_copy(LARGE))
    report = await trying.recall(message)
    await trying.advance(30 * DAY)
    assert await trying.recalls.purge(30 * DAY, 100) == 0
    await trying.advance(SECOND)
    assert await trying.recalls.purge(30 * DAY, 100) == 1
    bob, carol = await put_back(trying, report.id)
    assert (bob.outcome, bob.reason) == (Outcome.GAVE_UP, Reason.PURGED)
    assert carol.outcome is Outcome.RESTORED and trying.post.boxes[CAROL][0].data == stored_copy(LARGE)


async def test_a_body_that_many_share_is_kept_once_and_sealed(trying: RecallTrial) -> None:
    addresses = [f"p{number}@example.com" for number in range(5)]
    message = await trying.send(*addresses)
    for address in addresses:
        trying.post.put(address, stored_copy(LARGE, f"Delivered-To: {address}"))
    await trying.recall(message)
    pieces = await trying.trial.query(
        lambda connection: connection.exec_driver_sql("SELECT data FROM recall_body").all()
    )
    assert len(pieces) == 3
    assert all(b"0123456789abcdef" not in bytes(data) for (data,) in pieces)


# Dry run


async def look(trying: RecallTrial, message: str, *, also_read: bool = False, who: Who = OWNER) -> dict[str, object]:
    wish = Wish(message, None, also_read)
    [report] = await dry_run(trying.trial.store, trying.recalls, trying.reach(), wish, who)
    assert report.status is Status.DRY_RUN
    return document(report, full=who.account is None)


async def test_a_dry_run_says_what_would_come_of_it_and_changes_nothing(trying: RecallTrial) -> None:
    message = await trying.accept(
        BOB, CAROL, DAVE, "x@elsewhere.example", "held@example.com", due_in=[0, 0, 0, 0, None]
    )
    await trying.deliver(message)
    trying.post.put(BOB, stored_copy())
    trying.post.put(CAROL, stored_copy(), "\\Seen")
    trying.post.put(DAVE, stored_copy(from_="Eve <eve@evil.example>"))
    before = {address: list(box) for address, box in trying.post.boxes.items()}
    told = await look(trying, message)
    assert told["counts"] == {"out_of_reach": 1, "already_read": 1, "not_found": 1, "recalled": 1, "never_left": 1}
    assert told["recipients"] == [] and told["id"] is None
    assert trying.post.boxes == before and not any(each.removing for box in before.values() for each in box)
    assert (await trying.trial.states(message))["held@example.com"] is State.HELD
    assert await trying.recalls.recalls(message) == []
    full = await look(trying, message, who=ADMIN)
    assert len(full["recipients"]) == 5  # type: ignore[arg-type]
    assert (await trying.trial.kinds(message)).count("dry_run") == 2


async def test_a_dry_run_of_read_ones_goes_by_policy(trying: RecallTrial) -> None:
    message = await trying.send(BOB)
    trying.post.put(BOB, stored_copy(), "\\Seen")
    with pytest.raises(LimitReached):
        await look(trying, message, also_read=True)
    trying.settings = RecallSettings(also_read=True)
    assert (await look(trying, message, also_read=True))["counts"] == {"recalled_read": 1}


async def test_dry_runs_are_bounded(trying: RecallTrial) -> None:
    trying.settings = RecallSettings(dry_runs_per_hour=3)
    message = await trying.send(BOB)
    for _ in range(3):
        await look(trying, message)
    with pytest.raises(LimitReached, match="3 dry runs an hour"):
        await look(trying, message)
    assert len(trying.post.opened) == 3
    trying.settings = RecallSettings(dry_runs_per_hour=0)
    await look(trying, message)


async def test_a_dry_run_tells_what_cannot_be_reached_now(trying: RecallTrial) -> None:
    trying.settings = RecallSettings(protected=pattern(DAVE))
    message = await trying.send(BOB, CAROL, DAVE)
    trying.post.unreachable, trying.post.refused = {BOB}, {CAROL}
    told = await look(trying, message)
    assert told["counts"] == {"gave_up": 1, "pending": 1, "out_of_reach": 1}


async def test_restoring_again_and_again_has_a_limit(trying: RecallTrial) -> None:
    trying.settings = RecallSettings(per_hour=2)
    message = await trying.send(BOB)
    trying.post.put(BOB, stored_copy())
    report = await trying.recall(message)
    for _ in range(2):
        await put_back(trying, report.id)
    with pytest.raises(LimitReached):
        await put_back(trying, report.id)
    assert await put_back(trying, report.id, ADMIN) == [Restored(BOB, Outcome.RESTORED)]
    await trying.advance(HOUR)
    assert await put_back(trying, report.id) == [Restored(BOB, Outcome.RESTORED)]
