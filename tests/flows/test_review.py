"""What findings, policies, rules of the gateway, failures and people's words come to. The reviewer is scripted; the
store and everything between are the real ones."""

from __future__ import annotations

import asyncio
import email
import email.policy
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from takeback.clock import HOUR, MINUTE, SECOND, Instant
from takeback.config import Config, parse
from takeback.errors import StoreUnavailable
from takeback.flows.ask import Who
from takeback.flows.learn import Learner, fine
from takeback.flows.reports import Reporter
from takeback.flows.review import Judge, Reviewing
from takeback.mail.address import is_within
from takeback.ports.review import Assignment, Opinion
from takeback.ports.store import ReleaseRequest, Selection
from takeback.review.finding import Finding
from takeback.review.history import Change, Row
from takeback.review.policy import review_by
from takeback.review.postponing import CROWD
from takeback.store.review_store import SqlReviewStore
from takeback.store.store import SqlStore
from tests.contract.store.reviews import finding, send_what_is_due
from tests.contract.store.trial import ANN, BOB, CAROL, Trial
from tests.doubles.gateways import until

T = TypeVar("T")

INSIDE = "eve@example.com"
CONTENT = (
    b"From: ann@example.com\r\nSubject: The contract\r\n\r\n"
    b"--x\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\n\r\n"
)


class ScriptedReviewer:
    """Says what it is told to. `asked` is all that it was asked."""

    count = 1

    def __init__(self, *findings: Finding, failures: dict[str, str] | None = None, whole: bool = True) -> None:
        self.opinion = Opinion(0.0, findings, failures or {}, whole)
        self.asked: list[Assignment] = []
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.change: Change | None = Change((Row("sent", '["x"]', 1, 1.0, 1, 1),), ())
        self.stored: list[tuple[str, int]] = []

    async def review(self, assignment: Assignment) -> Opinion:
        self.asked.append(assignment)
        await self.go_on.wait()
        return self.opinion

    async def learn(self, assignment: Assignment) -> Change | None:
        self.asked.append(assignment)
        return self.change

    def learned(self, account: str, version: int, change: Change) -> None:
        self.stored.append((account, version))


def configured(text: str = "") -> Config:
    document = tomllib.loads(f"[organisation]\ndomains = ['example.com']\n{text}\n[[relay]]\nto = 'lmtp://localhost'")
    return parse(document, Path("takeback.toml"))


def judge_of(config: Config, trial: Trial) -> Judge:
    domains = config.organisation.domains
    reporter = Reporter(trial.store, "gateway.example")
    return Judge(config.review, config.hold, domains, lambda address: is_within(address, domains), reporter)


@pytest.fixture(autouse=True)
def _no_time_passes(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    """How long a review takes on the machine of the day is not to be seen in what it comes to."""
    monkeypatch.setattr(SqlStore, "now", lambda _: trial.clock.now)


@asynccontextmanager
async def reviewing(trial: Trial, reviewer: ScriptedReviewer, text: str = "") -> AsyncIterator[Reviewing]:
    """The loop, running by that configuration."""
    reviews = SqlReviewStore(trial.store.access)
    loop = Reviewing(trial.store, reviews, reviewer, judge_of(configured(text), trial), lambda: None)
    task = asyncio.create_task(loop.run())
    try:
        yield loop
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def reviewed(
    trial: Trial, reviewer: ScriptedReviewer, text: str = "", to: Sequence[str] = (BOB,)
) -> list[Instant | None]:
    """When each copy of a message may leave, from now, once its review is in."""
    message = await accept(trial, text, to)
    async with reviewing(trial, reviewer, text):
        await reviewed_or_given_up(trial, message)
    return [_from_now(trial, row.due_at) for row in await trial.rows(message)]


def _from_now(trial: Trial, due_at: Instant | None) -> Instant | None:
    return None if due_at is None else due_at - trial.clock.now


async def accept(trial: Trial, text: str = "", to: Sequence[str] = (BOB,)) -> str:
    by = review_by(configured(text).review, trial.clock.now)
    return await trial.accept(*to, due_in=30 * SECOND, review_by=by, content=[CONTENT], subject="The contract")


async def eventually(question: Callable[[], Awaitable[T]]) -> T:
    """Its first answer that says something."""
    async with asyncio.timeout(20):
        while True:
            if answer := await question():
                return answer
            await asyncio.sleep(0.01)


async def reviewed_or_given_up(trial: Trial, message: str) -> None:
    async def ended() -> set[str]:
        return {"reviewed", "review_failed"} & set(await trial.kinds(message))

    await eventually(ended)


async def begun(reviewer: ScriptedReviewer) -> None:
    await until(lambda: bool(reviewer.asked), 20, "the review to begin")


async def test_the_reviewer_is_told_all_that_it_needs(trial: Trial) -> None:
    reviewer = ScriptedReviewer()
    assert await reviewed(trial, reviewer) == [30 * SECOND]
    [asked] = reviewer.asked
    assert (asked.content, asked.sender, asked.recipients, asked.account) == (CONTENT, ANN, [BOB], ANN)
    assert (asked.version, asked.identities, asked.internal) == (0, [ANN], ("example.com",))
    assert 0 <= asked.now - trial.clock.now < MINUTE


@pytest.mark.parametrize(
    ("probability", "waits"),
    [(0.1, 30 * SECOND), (0.2, 2 * MINUTE), (0.59, 2 * MINUTE), (0.6, 15 * MINUTE), (0.94, 15 * MINUTE), (0.95, None)],
)
async def test_the_tiers_hold_by_probability(trial: Trial, probability: float, waits: Instant | None) -> None:
    assert await reviewed(trial, ScriptedReviewer(finding(probability=probability))) == [waits]


@pytest.mark.parametrize(
    ("policy", "waits", "told"),
    [
        ("off", 30 * SECOND, False),
        ("notice", 30 * SECOND, True),
        ("hold", 15 * MINUTE, True),
        ("5m", 5 * MINUTE, True),
        ("1s", 30 * SECOND, True),
        ("until released", None, True),
    ],
)
async def test_the_policy_of_a_code_stands_above_the_tiers(
    trial: Trial, policy: str, waits: Instant | None, told: bool
) -> None:
    text = f'[review.rules]\nsecret = "{policy}"'
    assert await reviewed(trial, ScriptedReviewer(finding(probability=0.7)), text) == [waits]
    [view] = await trial.store.outbox(None)
    assert bool(view.findings) is told


async def test_tiers_of_ones_own_and_the_worst_of_several(trial: Trial) -> None:
    text = '[review]\nhold = [{ above = 0.5, window = "10m" }]'
    found = [finding("a", probability=0.4), finding("b", probability=0.6), finding("c", probability=0.1)]
    assert await reviewed(trial, ScriptedReviewer(*found), text) == [10 * MINUTE]
    [view] = await trial.store.outbox(None)
    assert [each.finding.code for each in view.findings] == ["b", "a", "c"]
    [event] = [event for event in await trial.store.events(view.id) if event.kind == "reviewed"]
    assert event.detail == {"score": 0.6, "codes": ["a", "b", "c"]}


RULES = """
[review]
hold = []
[[hold.rule]]
when = { finding = ["secret", "national_id"], recipients = "external", has_attachment = true }
window = "until released"
[[hold.rule]]
when = { finding = "placeholder", header = { Subject = "*contract*" } }
window = "1h"
[[hold.rule]]
when = { finding = "placeholder", size = ">1MB" }
window = "2h"
"""


@pytest.mark.parametrize(
    ("code", "waits"),
    [
        ("secret", [None, 30 * SECOND]),
        ("national_id", [None, 30 * SECOND]),
        ("placeholder", [HOUR, HOUR]),
        ("empty_subject", [30 * SECOND, 30 * SECOND]),
    ],
)
async def test_rules_of_the_gateway_ask_for_findings(trial: Trial, code: str, waits: list[Instant | None]) -> None:
    assert await reviewed(trial, ScriptedReviewer(finding(code)), RULES, (BOB, INSIDE)) == waits


async def test_of_tier_and_rule_the_longer_counts(trial: Trial) -> None:
    text = RULES.replace("hold = []", "")
    assert await reviewed(trial, ScriptedReviewer(finding("placeholder", probability=0.97)), text) == [None]
    assert await reviewed(trial, ScriptedReviewer(finding("placeholder", probability=0.3)), text) == [HOUR]


@pytest.mark.parametrize(("on_failure", "waits"), [("release", 30 * SECOND), ("hold", None)])
@pytest.mark.parametrize("whole", [True, False])
async def test_what_failed_is_said_and_the_policy_decides(
    trial: Trial, on_failure: str, waits: Instant | None, whole: bool
) -> None:
    text = f'[review]\non_failure = "{on_failure}"'
    assert await reviewed(trial, ScriptedReviewer(failures={"secret": "crashed"}, whole=whole), text) == [waits]
    [view] = await trial.store.outbox(None)
    assert {"failed": {"secret": "crashed"}} in [event.detail for event in await trial.store.events(view.id)]


async def test_the_other_rules_still_hold_when_one_has_failed(trial: Trial) -> None:
    reviewer = ScriptedReviewer(finding(probability=0.7), failures={"typo_domain": "crashed"})
    assert await reviewed(trial, reviewer) == [15 * MINUTE]


async def test_a_review_that_does_not_come_lets_go_or_keeps_as_the_policy_says(trial: Trial) -> None:
    for on_failure, leaves in (("release", True), ("hold", False)):
        text = f'[review]\non_failure = "{on_failure}"'
        reviewer = ScriptedReviewer()
        reviewer.go_on.clear()
        message = await accept(trial, text)
        async with reviewing(trial, reviewer, text):
            await begun(reviewer)
            trial.clock.advance(HOUR)
            await trial.store.read_clock()
            if not leaves:
                await reviewed_or_given_up(trial, message)
            assert bool(await trial.claim()) is leaves
        assert ("unreviewed" in await trial.kinds(message)) is leaves


@pytest.mark.parametrize(("found", "leaves"), [((), True), ((finding(),), False)])
async def test_a_review_that_comes_late_counts_when_the_message_was_kept_because_of_it(
    trial: Trial, found: tuple[Finding, ...], leaves: bool
) -> None:
    text = '[review]\non_failure = "hold"'
    reviewer = ScriptedReviewer(*found)
    reviewer.go_on.clear()
    message = await accept(trial, text)
    async with reviewing(trial, reviewer, text):
        await begun(reviewer)
        trial.clock.advance(HOUR)
        await reviewed_or_given_up(trial, message)
        assert "reviewed" not in await trial.kinds(message)
        assert await trial.claim() == []
        reviewer.go_on.set()

        async def is_reviewed() -> bool:
            return "reviewed" in await trial.kinds(message)

        await eventually(is_reviewed)
    [view] = await trial.store.find(message)
    assert [each.finding for each in view.findings] == list(found)
    assert bool(await trial.claim()) is leaves


async def test_turning_review_off_leaves_nothing_waiting_for_it(trial: Trial) -> None:
    message = await accept(trial, '[review]\non_failure = "hold"')
    trial.clock.advance(MINUTE)
    assert await trial.claim() == []
    async with reviewing(trial, ScriptedReviewer(), "[review]\nenabled = false"):
        claimed = await eventually(trial.claim)
    assert [each.id for each in claimed] == [message]
    assert "unreviewed" in await trial.kinds(message)


async def test_what_was_left_by_a_stop_is_reviewed_by_the_next_run(trial: Trial) -> None:
    message = await accept(trial)
    hanging = ScriptedReviewer()
    hanging.go_on.clear()
    async with reviewing(trial, hanging):
        await begun(hanging)
    assert await SqlReviewStore(trial.store.access).take_back() == 1
    async with reviewing(trial, ScriptedReviewer(finding())):
        await reviewed_or_given_up(trial, message)
    [row] = await trial.rows(message)
    assert row.due_at is None


async def test_a_store_that_does_not_answer_once_delays_the_review_and_no_more(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = await accept(trial)
    failures = iter([StoreUnavailable("gone"), RuntimeError("a defect")])
    take = SqlReviewStore.take

    async def failing(self: SqlReviewStore, request: object) -> object:
        if (failure := next(failures, None)) is not None:
            raise failure
        return await take(self, request)  # type: ignore[arg-type]

    monkeypatch.setattr(SqlReviewStore, "take", failing)
    monkeypatch.setattr("takeback.flows.review.STORE_RETRY", SECOND // 100)
    async with reviewing(trial, ScriptedReviewer(finding())):
        await reviewed_or_given_up(trial, message)
    assert [row.due_at for row in await trial.rows(message)] == [None]


async def test_many_messages_are_reviewed_a_few_at_a_time(trial: Trial) -> None:
    messages = [await accept(trial) for _ in range(20)]
    reviewer = ScriptedReviewer()
    reviewer.go_on.clear()
    async with reviewing(trial, reviewer):
        await until(lambda: len(reviewer.asked) == 2, 20, "two reviews to begin")
        await asyncio.sleep(0.05)
        assert len(reviewer.asked) == 2 * reviewer.count
        reviewer.go_on.set()
        for message in messages:
            await reviewed_or_given_up(trial, message)
    assert len(reviewer.asked) == 20, "each of them once"


# In a burst


async def test_in_a_burst_only_what_leaves_soon_is_reviewed_and_the_rest_when_it_is_over(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    by = review_by(configured().review, trial.clock.now)
    later = [await trial.accept(BOB, due_in=HOUR, review_by=by, content=[CONTENT]) for _ in range(3)]
    soon = await trial.accept(BOB, due_in=SECOND, review_by=by, content=[CONTENT])
    reviewer = ScriptedReviewer()
    monkeypatch.setattr("takeback.review.postponing.CROWD_WITHIN", HOUR)
    reviews = SqlReviewStore(trial.store.access)
    loop = Reviewing(trial.store, reviews, reviewer, judge_of(configured(), trial), lambda: None)
    for _ in range(CROWD):
        loop.wake()
    task = asyncio.create_task(loop.run())
    try:
        await reviewed_or_given_up(trial, soon)
        assert len(reviewer.asked) == 1
        assert await reviews.waiting() == 3
        monkeypatch.setattr("takeback.review.postponing.CROWD_WITHIN", 0)
        for message in later:
            await reviewed_or_given_up(trial, message)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_is_urgent_in_a_burst_is_reviewed_without_a_pause(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = [await trial.accept(BOB, due_in=SECOND, review_by=trial.clock.now + HOUR) for _ in range(50)]
    monkeypatch.setattr("takeback.review.postponing.CROWD_WITHIN", HOUR)
    reviewer = ScriptedReviewer()
    loop = Reviewing(
        trial.store, SqlReviewStore(trial.store.access), reviewer, judge_of(configured(), trial), lambda: None
    )
    for _ in range(CROWD):
        loop.wake()
    monkeypatch.setattr("takeback.flows.review.POLL", HOUR)
    task = asyncio.create_task(loop.run())
    try:
        for message in messages:
            await reviewed_or_given_up(trial, message)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_was_postponed_is_reviewed_before_it_leaves_though_the_burst_goes_on(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = await accept(trial)
    monkeypatch.setattr("takeback.review.postponing.CROWD_WITHIN", HOUR)
    reviewer = ScriptedReviewer(finding())
    async with reviewing(trial, reviewer) as loop:
        for _ in range(CROWD):
            loop.wake()
        while not reviewer.asked:
            assert await trial.claim() == []
            trial.clock.advance(SECOND)
            await asyncio.sleep(0.1)
        await reviewed_or_given_up(trial, message)
    assert await trial.claim() == [] and "unreviewed" not in await trial.kinds(message)


# The notice


async def notice_of(trial: Trial, reviewer: ScriptedReviewer, text: str) -> str | None:
    await reviewed(trial, reviewer, text)
    notices = [view for view in await trial.store.outbox(None) if view.origin.value == "system"]
    if not notices:
        return None
    [notice] = notices
    assert notice.recipients[0].address == ANN
    return (await trial.body(notice.id)).decode()


async def test_a_notice_says_why_and_never_repeats_the_subject(trial: Trial) -> None:
    raw = await notice_of(trial, ScriptedReviewer(finding(about=BOB)), "[review]\nnotify = true")
    assert raw is not None
    read = email.message_from_string(raw, policy=email.policy.default)
    said = read.get_content()
    for words in ("It holds a secret", "فيها secret", "takeback undo", "takeback release", "takeback review fine", BOB):
        assert words in said
    assert "It stays held until you release it." in said and "معلّقة" in said
    assert "contract" not in raw and "contract" not in str(read["Subject"])


@pytest.mark.parametrize(
    ("probability", "text"), [(0.97, "[review]\nnotify = false"), (0.97, ""), (0.1, "[review]\nnotify = true")]
)
async def test_nobody_is_written_to_unless_asked_and_held(trial: Trial, probability: float, text: str) -> None:
    assert await notice_of(trial, ScriptedReviewer(finding(probability=probability)), text) is None


# Learning


async def test_what_was_called_fine_is_not_told_again(trial: Trial) -> None:
    reviews = SqlReviewStore(trial.store.access)
    reviewer = ScriptedReviewer(finding("typo_domain", about="one.example"), finding("wrong_recipient", about=BOB))
    await reviewed(trial, reviewer)
    await fine(trial.store, reviews, "last", "typo_domain", Who("local:ann", ANN))
    trial.clock.advance(SECOND)
    await reviewed(trial, reviewer)
    newest, first = await trial.store.outbox(None)
    assert [each.finding.code for each in newest.findings] == ["wrong_recipient"]
    assert len(first.findings) == 2


async def test_what_was_sent_is_learned_once(trial: Trial) -> None:
    reviewer = ScriptedReviewer()
    reviews = SqlReviewStore(trial.store.access)
    await reviewed(trial, reviewer, to=(BOB, CAROL))
    learner = Learner(trial.store, reviews, reviewer)
    assert await learner.learn_some() == 0
    await send(trial)
    assert await learner.learn_some() == 1
    assert reviewer.asked[-1].recipients == [BOB, CAROL]
    assert reviewer.stored == [(ANN, 1)]
    assert await learner.learn_some() == 0


async def test_a_message_that_cannot_be_read_is_not_tried_for_ever(trial: Trial) -> None:
    reviewer = ScriptedReviewer()
    reviewer.change = None
    await reviewed(trial, reviewer)
    await send(trial)
    learner = Learner(trial.store, SqlReviewStore(trial.store.access), reviewer)
    assert await learner.learn_some() == 1
    assert await learner.learn_some() == 0


async def send(trial: Trial) -> None:
    trial.clock.advance(HOUR)
    await send_what_is_due(trial)


async def test_send_now_before_the_review_is_in(trial: Trial) -> None:
    reviewer = ScriptedReviewer(finding())
    reviewer.go_on.clear()
    message = await accept(trial)
    async with reviewing(trial, reviewer):
        await begun(reviewer)
        await trial.store.release(ReleaseRequest(Selection([message], ANN)))
        reviewer.go_on.set()
        await reviewed_or_given_up(trial, message)
    assert len(await trial.claim()) == 1
    [view] = await trial.store.find(message)
    assert view.findings, "it is told all the same"
