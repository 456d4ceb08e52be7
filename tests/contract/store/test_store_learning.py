"""What is learned from what was sent, and from what people do with findings."""

from __future__ import annotations

from takeback.clock import DAY, HOUR, SECOND
from takeback.ports import Verdict
from takeback.ports.review import Fine, Forget, Learning, RuleFigures
from takeback.ports.store import ReleaseRequest, Retention, Selection
from takeback.review.history import Change, History, Row
from takeback.review.policy import Judged
from takeback.review.seen import Person, Seen
from takeback.store.accounts import Grant, NewAccount
from takeback.store.learning import digest_of
from tests.contract.store.reviews import Reviews, finding, judged, send_what_is_due
from tests.contract.store.trial import ANN, BOB, CAROL, Trial

NOTHING = Change((), ())


def row(key: str, count: int = 1, kind: str = "sent") -> Row:
    return Row(kind, f'["{key}"]', count, float(count), 1, 2)


def change(*rows: Row, forgotten: tuple[tuple[str, str], ...] = ()) -> Change:
    return Change(rows, forgotten)


async def sent(reviews: Reviews, *addresses: str, **values: object) -> str:
    """A reviewed message of which every copy has been sent."""
    message = await reviews.accept(*addresses, **values)
    await reviews.give_in(await reviews.take_one())
    await send_what_is_due(reviews.trial)
    return message


async def test_what_was_sent_is_to_be_learned_until_it_is(trial: Trial) -> None:
    reviews = Reviews(trial)
    message = await sent(reviews, BOB, CAROL)
    [waiting] = await reviews.store.to_learn(10)
    assert (waiting.id, waiting.account, waiting.sender) == (message, ANN, ANN)
    assert list(waiting.recipients) == [BOB, CAROL]
    assert await reviews.store.learn(Learning(ANN, 0, change(row(BOB)), [message]))
    assert await reviews.store.to_learn(10) == []
    kept = await reviews.store.history(ANN)
    assert (kept.version, list(kept.rows)) == (1, [row(BOB)])


async def test_what_nobody_wanted_reviewed_is_not_learned(trial: Trial) -> None:
    reviews = Reviews(trial)
    await trial.accept(BOB)
    await send_what_is_due(trial)
    assert await reviews.store.to_learn(10) == []


async def test_an_undone_copy_teaches_nothing_and_the_others_wait_for_it(trial: Trial) -> None:
    reviews = Reviews(trial)
    message = await reviews.accept(BOB, CAROL, due_in=(0, HOUR))
    await reviews.give_in(await reviews.take_one())
    await send_what_is_due(trial)
    assert await reviews.store.to_learn(10) == [], "what becomes of the other is not known yet"
    await trial.undo(message, frozenset([CAROL]))
    [waiting] = await reviews.store.to_learn(10)
    assert list(waiting.recipients) == [BOB]


async def test_a_message_that_was_refused_teaches_nothing(trial: Trial) -> None:
    reviews = Reviews(trial)
    await reviews.accept(BOB)
    await reviews.give_in(await reviews.take_one())
    await send_what_is_due(trial, Verdict.FAILED)
    assert await reviews.store.to_learn(10) == []


async def test_a_change_of_an_older_history_is_refused(trial: Trial) -> None:
    reviews = Reviews(trial)
    one, other = [await sent(reviews, BOB) for _ in range(2)]
    assert await reviews.store.learn(Learning(ANN, 0, change(row(BOB)), [one]))
    assert not await reviews.store.learn(Learning(ANN, 0, change(row(BOB)), [other]))
    assert not await reviews.store.learn(Learning(ANN, 2, change(row(BOB)), [other]))
    assert [waiting.id for waiting in await reviews.store.to_learn(10)] == [other]
    assert await reviews.store.learn(Learning(ANN, 1, change(row(BOB, 2)), [other]))
    assert list((await reviews.store.history(ANN)).rows) == [row(BOB, 2)]


async def test_learning_again_after_a_lost_answer_counts_once(trial: Trial) -> None:
    reviews = Reviews(trial)
    message = await sent(reviews, BOB)
    trial.lose_answer_to_commit()
    await reviews.store.learn(Learning(ANN, 0, change(row(BOB)), [message]))
    assert (await reviews.store.history(ANN)).version == 1
    assert await reviews.store.to_learn(10) == []


async def test_counters_are_forgotten_and_replaced(trial: Trial) -> None:
    reviews = Reviews(trial)
    long_key = "x" * 5_000
    await reviews.store.learn(Learning(ANN, 0, change(row("a"), row("b"), row("a", kind="name"), row(long_key))))
    await reviews.store.learn(Learning(ANN, 1, change(row("a", 5), forgotten=(("sent", '["b"]'),))))
    rows = (await reviews.store.history(ANN)).rows
    assert sorted(rows, key=lambda each: (each.kind, each.key)) == [
        row("a", kind="name"),
        row("a", 5),
        row(long_key),
    ]


async def test_a_history_comes_back_as_it_was(trial: Trial) -> None:
    reviews = Reviews(trial)
    history = History()
    for number in range(30):
        others = (Person(f"p{number % 7}@one.example", "Pia Ÿ"), Person("bob@two.example"))
        seen = Seen(number * DAY, Person(ANN, "Ann"), others, f"Re: subject {number % 5}", blocks=("digest",))
        learned = history.observe(seen)
        assert await reviews.store.learn(Learning(ANN, number, learned))
    kept = await reviews.store.history(ANN)
    assert sorted(kept.rows, key=repr) == sorted(history.rows(), key=repr)
    assert sorted(History.of(kept.rows).rows(), key=repr) == sorted(history.rows(), key=repr)


async def test_accounts_have_histories_of_their_own_and_can_have_them_erased(trial: Trial) -> None:
    reviews = Reviews(trial)
    await sent(reviews, BOB)
    await reviews.store.learn(Learning(ANN, 0, change(row(BOB)), imported=[digest_of("<a@b>")]))
    await reviews.store.learn(Learning("eve@example.com", 0, change(row(BOB), row(CAROL))))
    assert await reviews.store.forget(Forget(ANN, "local:ann")) == 1
    assert (await reviews.store.history(ANN)).rows == []
    assert await reviews.store.to_learn(10) == [], "nor is what was sent before learned afterwards"
    assert await reviews.store.known(ANN, [digest_of("<a@b>")]) == set()
    assert len((await reviews.store.history("eve@example.com")).rows) == 2
    assert not await reviews.store.learn(Learning(ANN, 1, change(row(BOB)))), "what was begun before it writes nothing"


async def test_what_was_imported_or_went_through_here_is_known(trial: Trial) -> None:
    reviews = Reviews(trial)
    message = await sent(reviews, BOB, message_id="<through@here>")
    await reviews.store.learn(Learning(ANN, 0, NOTHING, [message]))
    await reviews.store.learn(Learning(ANN, 1, NOTHING, imported=[digest_of("<imported@once>")] * 2))
    asked = [digest_of(each) for each in ("<through@here>", "<imported@once>", "<new@one>")]
    assert await reviews.store.known(ANN, asked) == set(asked[:2])


# Circumstances and judgements


async def test_circumstances_say_whose_addresses_are_the_accounts_own(trial: Trial) -> None:
    reviews = Reviews(trial)
    assert (await reviews.store.circumstances("crm")).addresses == []
    await trial.store.set_account(NewAccount(ANN, "Ann@Example.com", ""))
    for pattern in ("sales@example.com", "*@shop.example"):
        await trial.store.set_grant(Grant(ANN, pattern))
    assert list((await reviews.store.circumstances(ANN)).addresses) == ["Ann@Example.com", "sales@example.com"]


async def found(reviews: Reviews, *given: Judged) -> str:
    message = await reviews.accept(BOB, CAROL, due_in=HOUR)
    await reviews.give_in(await reviews.take_one(), *given, due_at=None)
    return message


async def figures(reviews: Reviews) -> dict[str, RuleFigures]:
    return {each.code: each for each in await reviews.store.figures()}


async def test_an_undone_copy_proves_what_was_found_about_it(trial: Trial) -> None:
    reviews = Reviews(trial)
    message = await found(
        reviews, judged("secret"), judged("wrong_recipient", recipient=BOB), judged("typo_domain", recipient=CAROL)
    )
    await trial.undo(message, frozenset([BOB]))
    counted = await figures(reviews)
    assert {code: each.right for code, each in counted.items()} == {"secret": 1, "wrong_recipient": 1, "typo_domain": 0}


async def test_what_is_released_early_was_held_in_error(trial: Trial) -> None:
    reviews = Reviews(trial)
    message = await found(reviews, judged("secret"), judged("empty_subject", window=0))
    await trial.store.release(ReleaseRequest(Selection([message], ANN)))
    assert await figures(reviews) == {
        "secret": RuleFigures("secret", found=1, held=1, right=0, wrong=1),
        "empty_subject": RuleFigures("empty_subject", found=1, held=0, right=0, wrong=0),
    }


async def test_what_leaves_by_itself_says_nothing(trial: Trial) -> None:
    reviews = Reviews(trial)
    await reviews.accept(BOB)
    await reviews.give_in(await reviews.take_one(), judged(window=SECOND), due_at=trial.clock.now + SECOND)
    trial.clock.advance(SECOND)
    await send_what_is_due(trial)
    assert await figures(reviews) == {"secret": RuleFigures("secret", 1, 1, 0, 0)}


async def test_fine_silences_what_the_finding_is_about(trial: Trial) -> None:
    reviews = Reviews(trial)
    message = await found(reviews, judged("wrong_recipient", about=BOB), judged("secret"))
    called = await reviews.store.fine(Fine(message, ANN, "wrong_recipient", "local:ann"))
    assert [each.about for each in called] == [BOB]
    await reviews.store.fine(Fine(message, ANN, "wrong_recipient", "local:ann"))
    assert (await reviews.store.circumstances(ANN)).silences == {("wrong_recipient", BOB)}
    assert (await figures(reviews))["wrong_recipient"].wrong == 1
    assert "fine" in await trial.kinds(message)
    assert (await reviews.due_at(message)) == [None, None], "to call it fine is not to send it"


async def test_fine_of_what_is_about_the_message_alone_silences_nothing(trial: Trial) -> None:
    reviews = Reviews(trial)
    message = await found(reviews, judged("secret"))
    assert await reviews.store.fine(Fine(message, ANN, "secret", "local:ann")) == [finding()]
    assert (await reviews.store.circumstances(ANN)).silences == frozenset()


async def test_all_that_was_found_of_a_message_can_be_called_fine_at_once(trial: Trial) -> None:
    reviews = Reviews(trial)
    message = await found(
        reviews, judged("wrong_recipient", about=BOB), judged("wrong_recipient", about=CAROL), judged("secret")
    )
    for _ in range(2):
        called = await reviews.store.fine(Fine(message, ANN, None, "mail:ann", "192.0.2.1"))
        assert [each.code for each in called] == ["wrong_recipient", "wrong_recipient", "secret"]
    assert (await reviews.store.circumstances(ANN)).silences == {("wrong_recipient", BOB), ("wrong_recipient", CAROL)}
    assert {code: each.wrong for code, each in (await figures(reviews)).items()} == {"wrong_recipient": 2, "secret": 1}
    events = [event for event in await trial.store.events(message) if event.kind == "fine"]
    assert {event.detail["client"] for event in events} == {"192.0.2.1"}
    told = [event.detail["code"] for event in events]
    assert told == ["wrong_recipient", "secret"] * 2


async def test_the_newest_message_of_which_something_was_found(trial: Trial) -> None:
    reviews = Reviews(trial)
    assert await reviews.store.last_found(ANN) is None
    first = await found(reviews, judged("secret"))
    assert await reviews.store.last_found(ANN) == first
    trial.clock.advance(SECOND)
    second = await found(reviews, judged("secret"), judged("placeholder"))
    trial.clock.advance(SECOND)
    await found(reviews)
    assert await reviews.store.last_found(ANN) == second
    assert await reviews.store.last_found("eve@example.com") is None


async def test_nobody_calls_anothers_finding_fine(trial: Trial) -> None:
    reviews = Reviews(trial)
    message = await found(reviews, judged("secret", about=BOB))
    assert await reviews.store.fine(Fine(message, "eve@example.com", "secret", "local:eve")) == []
    assert (await figures(reviews))["secret"].wrong == 0


async def test_findings_go_when_the_rest_of_their_message_does(trial: Trial) -> None:
    reviews = Reviews(trial)
    message = await found(reviews, judged())
    await trial.undo(message)
    trial.clock.advance(3 * DAY)
    retention = Retention(sent=DAY, stopped=DAY, metadata=2 * DAY, limit=10)
    while await trial.store.sweep(retention):
        pass
    assert await trial.store.find(message) == []
    assert await figures(reviews) == {}
