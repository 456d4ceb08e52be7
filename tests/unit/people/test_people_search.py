"""Following aliases: it ends, it finds everybody, and asking again about whoever was found finds nobody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.recall import people
from takeback.recall.people import Search, TooManyPeople, without_extension

Lists = Mapping[str, Sequence[str]]

names = st.sampled_from("abcdefgh")
some_lists = st.dictionaries(names, st.lists(names, max_size=4), max_size=8)


def expand(address: str, lists: Lists) -> list[str]:
    search = Search(address)
    while (asked := search.next()) is not None:
        search.learn(lists.get(asked.lower(), ()))
    return list(search.people())


def leads_to(start: str, lists: Lists) -> set[str]:
    """Everything that can be reached in one step or more, the slow way."""
    reached: set[str] = set()
    for _ in "abcdefghi":
        reached |= {member for name in {start, *reached} for member in lists.get(name, ())}
    return reached


@given(names, some_lists)
def test_whoever_stands_for_himself_or_comes_back_to_himself_is_a_person(start: str, lists: Lists) -> None:
    met = {start} | leads_to(start, lists)
    people = {name for name in met if not lists.get(name) or name in leads_to(name, lists)}
    found = expand(start, lists)
    assert set(found) == people and len(found) == len(people) and found


@given(names, some_lists)
def test_expanding_what_was_expanded_changes_nothing(start: str, lists: Lists) -> None:
    found = expand(start, lists)
    again = {name for each in found for name in expand(each, lists)}
    assert again == set(found)
    assert all(each in expand(each, lists) for each in found)


def test_one_spelling_for_each_and_each_asked_for_once() -> None:
    asked = []
    search = Search("Team@Example.com")
    while (address := search.next()) is not None:
        asked.append(address)
        search.learn(
            ["Ann@example.com", "ann@EXAMPLE.com", '"ann"@example.com', "bob@example.com"][: len(asked) % 2 * 4]
        )
    assert search.people() == ["Ann@example.com", "bob@example.com"]
    assert asked == ["Team@Example.com", "bob@example.com", "Ann@example.com"]


def test_a_copy_that_is_kept_and_one_that_is_sent_on() -> None:
    assert expand("a", {"a": ["a", "b"], "b": ["b"]}) == ["a", "b"]


def test_a_person_reached_by_two_ways_is_one() -> None:
    assert expand("t", {"t": ["x", "y"], "x": ["z"], "y": ["z", "w"]}) == ["z", "w"]


def test_a_loop_with_a_person_in_it() -> None:
    assert expand("t", {"t": ["x", "p"], "x": ["y"], "y": ["x"]}) == ["x", "p", "y"]


def test_too_many_are_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "MOST_ADDRESSES", 10)
    monkeypatch.setattr(people, "MOST_LISTS", 5)
    assert len(expand("a", {"a": [str(number) for number in range(9)]})) == 9
    with pytest.raises(TooManyPeople, match="behind a"):
        expand("a", {"a": [str(number) for number in range(10)]})
    with pytest.raises(TooManyPeople):
        expand("a", {"a": ["b"], "b": ["c"], "c": ["d"], "d": ["e"], "e": ["f"], "f": ["g"]})


def test_ten_thousand_people_and_a_long_way_to_them() -> None:
    lists: dict[str, Sequence[str]] = {f"l{number}": [f"l{number + 1}"] for number in range(900)}
    lists["l900"] = [f"p{number}" for number in range(10_000)]
    assert len(expand("l0", lists)) == 10_000


@pytest.mark.parametrize(
    ("address", "separators", "base"),
    [
        ("ann+news@example.com", "+", "ann@example.com"),
        ("ann+a+b@example.com", "+", "ann@example.com"),
        ("ann+news@example.com", "", "ann+news@example.com"),
        ("ann-news@example.com", "+", "ann-news@example.com"),
        ("ann-news+x@example.com", "+-", "ann@example.com"),
        ("+news@example.com", "+", "+news@example.com"),
        ("ann+@example.com", "+", "ann@example.com"),
        ('"a+b"@example.com', "+", '"a+b"@example.com'),
        ("owner-list@example.com", "-", "owner-list@example.com"),
        ("list-request@example.com", "-", "list-request@example.com"),
        ("double-bounce@example.com", "-", "double-bounce@example.com"),
        ("postmaster", "+", "postmaster"),
        ("ann+x", "+", "ann"),
    ],
)
def test_extensions(address: str, separators: str, base: str) -> None:
    assert without_extension(address, separators) == base


@given(st.text(max_size=12), st.text("+-=", max_size=3))
def test_taking_an_extension_off_twice_is_taking_it_off_once(address: str, separators: str) -> None:
    base = without_extension(address, separators)
    assert without_extension(base, separators) == base
