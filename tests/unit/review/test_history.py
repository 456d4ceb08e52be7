from __future__ import annotations

import math
import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from takeback.clock import DAY, Instant
from takeback.review.counters import HALF_LIFE, Table
from takeback.review.history import LARGEST_GROUP, History, Kind, Row
from takeback.review.seen import Person, Seen, says_reply, thread_key

ANN = Person("ann@example.com", "Ann Lee")
BOB = Person("bob@example.com", "Bob Ray")
EVE = Person("eve@example.net", "Eve")
ME = Person("me@example.com")
NOW: Instant = 1_000 * DAY


def sent(*others: Person, at: Instant = NOW, subject: str = "", times: int = 1, author: Person = ME) -> Seen:
    return Seen(at, author, others, subject, True, times)


def received(author: Person, *others: Person, at: Instant = NOW, subject: str = "") -> Seen:
    return Seen(at, author, others, subject, False)


def history_of(*all_seen: Seen) -> History:
    history = History()
    for seen in all_seen:
        history.observe(seen)
    return history


PEOPLE = st.sampled_from([ANN, BOB, EVE, Person("sara@example.org")])
SEEN = st.builds(
    Seen,
    at=st.integers(0, 900).map(lambda day: day * DAY),
    author=PEOPLE,
    others=st.lists(PEOPLE, max_size=4).map(tuple),
    subject=st.sampled_from(["", "Lunch", "Re: lunch", "رد: الغداء", "Budget 2026"]),
    outgoing=st.booleans(),
    times=st.integers(1, 5),
    blocks=st.lists(st.sampled_from(["a", "b"]), max_size=2).map(tuple),
)


def rows_alike(one: History, other: History) -> bool:
    ours, theirs = ({(row.kind, row.key): row for row in history.rows()} for history in (one, other))
    return ours.keys() == theirs.keys() and all(_alike(row, theirs[key]) for key, row in ours.items())


def _alike(one: Row, other: Row) -> bool:
    return replace(one, rank=0) == replace(other, rank=0) and math.isclose(one.rank, other.rank, rel_tol=1e-9)


def test_counts_what_was_sent_and_heard() -> None:
    history = history_of(sent(ANN, BOB), sent(ANN, times=4), received(EVE, ME, ANN))
    ann = history.sent_to(ANN.address)
    assert ann is not None
    assert ann.count == 5
    assert history.sent_messages == 5
    assert history.received_messages == 1
    assert history.sent_to(EVE.address) is None
    assert history.received_from(EVE.address) is not None
    assert history.knows(EVE.address)
    assert history.knows_domain("example.net")
    assert not history.knows("eve@example.com")
    assert history.together(ANN.address, BOB.address) == 1
    assert history.group([BOB.address, ANN.address]) is not None
    assert history.group([BOB.address]) is None
    assert list(history.names_of(ANN.address)) == ["Ann Lee"]
    assert list(history.identities_with(BOB.address)) == [ME.address]


def test_a_message_from_one_person_to_me_alone_is_heard() -> None:
    assert history_of(received(EVE)).received_from(EVE.address) is not None


def test_a_note_to_oneself_teaches_nothing() -> None:
    history = History()
    assert history.observe(sent()).changed == ()
    assert list(history.rows()) == []


def test_an_audience_is_no_group_but_its_members_are_contacts() -> None:
    audience = [Person(f"p{number}@example.com") for number in range(LARGEST_GROUP + 1)]
    history = history_of(sent(*audience, subject="News"))
    assert history.sent_to("p0@example.com") is not None
    assert not history.groups_with("p0@example.com")
    assert not history.thread("News")


def test_threads_are_found_by_their_subject_in_any_dress() -> None:
    history = history_of(sent(ANN, subject="Budget  2026"), received(EVE, subject="رد: RE: budget 2026"))
    assert set(history.thread("Fwd: Budget 2026")) == {ANN.address, EVE.address}
    assert not history.thread("Re: ")


def test_subject_prefixes() -> None:
    assert thread_key("Re: RE[2]: Fwd: Hello  World") == "hello world"
    assert thread_key("رد: إعادة توجيه: الميزانية") == "الميزانية"
    assert thread_key("Report") == "report"
    assert says_reply("RE: x")
    assert says_reply("رد: x")
    assert not says_reply("Fwd: x")
    assert not says_reply("Regarding: x")


def test_a_rank_fades_by_half() -> None:
    counter = history_of(sent(ANN, times=8)).sent_to(ANN.address)
    assert counter is not None
    assert counter.rank_at(NOW + HALF_LIFE) == 4
    assert counter.rank_at(NOW - HALF_LIFE) == 8


@given(st.lists(SEEN, max_size=12), st.randoms())
def test_the_order_does_not_matter(all_seen: list[Seen], chance: random.Random) -> None:
    shuffled = list(all_seen)
    chance.shuffle(shuffled)
    assert rows_alike(history_of(*all_seen), history_of(*shuffled))


@given(st.lists(SEEN, max_size=12))
def test_rows_make_the_same_history(all_seen: list[Seen]) -> None:
    history = history_of(*all_seen)
    again = History.of(history.rows())
    assert list(again.rows()) == list(history.rows())
    assert set(again.groups_with(ANN.address)) == set(history.groups_with(ANN.address))
    assert set(again.thread("lunch")) == set(history.thread("lunch"))


@given(st.lists(SEEN, max_size=12))
def test_writing_the_changes_keeps_up_with_the_history(all_seen: list[Seen]) -> None:
    history, stored = History(), dict[tuple[str, str], Row]()
    for seen in all_seen:
        change = history.observe(seen)
        stored.update({(row.kind, row.key): row for row in change.changed})
        for key in change.forgotten:
            stored.pop(key)
    assert stored == {(row.kind, row.key): row for row in history.rows()}


def test_writing_the_changes_keeps_up_when_things_are_forgotten() -> None:
    history, stored = History(), dict[tuple[str, str], Row]()
    for number in range(1_400):
        person = Person(f"p{number}@d{number % 7}.example")
        change = history.observe(sent(person, ANN, at=number * DAY, subject=f"matter {number}"))
        stored.update({(row.kind, row.key): row for row in change.changed})
        for key in change.forgotten:
            del stored[key]
    assert stored == {(row.kind, row.key): row for row in history.rows()}
    assert history.sent_to(ANN.address) is not None
    assert len(history.groups_with(ANN.address)) <= 1_000


def test_a_row_of_an_unknown_kind_is_passed_over() -> None:
    assert list(History.of([Row("later", '["x"]', 1, 1.0, 0, 0)]).rows()) == []


def test_a_table_forgets_the_weakest_and_takes_it_off_the_shelf() -> None:
    table = Table(10, lambda key: (key[0],))
    for number in range(10):
        table.add((f"k{number}",), times=number + 1, at=NOW)
    assert table.forget_weakest() == []
    table.add(("late",), times=1, at=NOW + 20 * HALF_LIFE)
    assert table.forget_weakest() == [("k0",), ("k1",)]
    assert not table.shelf("k0")
    assert len(table) == 9


def test_every_kind_has_a_table() -> None:
    history = history_of(Seen(NOW, ME, (ANN, BOB), "Lunch", blocks=("x",)), received(EVE, ME, ANN, subject="Lunch"))
    assert {row.kind for row in history.rows()} == {kind.value for kind in Kind}
    assert history.block_count("x") == 1
