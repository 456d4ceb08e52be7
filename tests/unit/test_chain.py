"""The chain: whatever is done to a sealed record afterwards is found, and its place named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback import chain
from takeback.chain import BEGINNING, Act, Broken, Head, Link, Verifier
from takeback.clock import DAY

NOW = 1_800_000_000_000_000
Record = Sequence[tuple[Link, Act | None]]

texts = st.text(max_size=8)
acts = st.builds(
    Act,
    id=st.integers(1, 2**62),
    at=st.integers(0, 2**62),
    kind=texts,
    actor=texts,
    account=texts,
    message=texts,
    detail=texts,
    salt=st.binary(min_size=16, max_size=16),
)


def act(id: int, kind: str = "undo", detail: str = "{}") -> Act:
    return Act(id, NOW + id, kind, "local:root", "ann@example.com", "1tj8m4", detail, bytes(16))


def sealed(listed: Sequence[Act], sealed_at: int = NOW) -> list[tuple[Link, Act | None]]:
    return list(zip(chain.seal(BEGINNING, listed, sealed_at), listed, strict=True))


def check(record: Record, known: Sequence[Head] = (), forgotten_before: int = 0) -> Broken | None:
    verifier = Verifier(known, forgotten_before)
    for link, act in record:
        if (broken := verifier.follow(link, act)) is not None:
            return broken
    return verifier.finish()


def flipped(hashed: bytes, bit: int) -> bytes:
    return (int.from_bytes(hashed) ^ bit).to_bytes(32)


@given(st.lists(acts, max_size=6), st.integers(0, 6))
def test_what_was_sealed_holds_in_however_many_batches(listed: list[Act], cut: int) -> None:
    first = chain.seal(BEGINNING, listed[:cut], NOW)
    head = Head(first[-1].position, first[-1].link) if first else BEGINNING
    rest = chain.seal(head, listed[cut:], NOW + 1)
    assert check(list(zip([*first, *rest], listed, strict=True))) is None


@given(st.lists(acts, min_size=1, max_size=4), st.data())
def test_any_other_act_in_its_place_is_found(listed: list[Act], data: st.DataObject) -> None:
    record = sealed(listed)
    place = data.draw(st.integers(0, len(listed) - 1))
    field = data.draw(st.sampled_from(["id", "at", "kind", "actor", "account", "message", "detail", "salt"]))
    other = data.draw(acts.filter(lambda other: getattr(other, field) != getattr(listed[place], field)))
    record[place] = record[place][0], replace(listed[place], **{field: getattr(other, field)})
    broken = check(record)
    assert broken is not None and broken.position == place + 1 and "was changed" in broken.reason


@given(st.lists(acts, min_size=1, max_size=4), st.data())
def test_every_single_bit_of_a_link_counts(listed: list[Act], data: st.DataObject) -> None:
    record = sealed(listed)
    place = data.draw(st.integers(0, len(listed) - 1))
    link, act = record[place]
    bit = 1 << data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        changed = replace(link, digest=flipped(link.digest, bit))
    else:
        changed = replace(link, link=flipped(link.link, bit))
    record[place] = changed, act
    broken = check(record)
    assert broken is not None and broken.position == place + 1


@given(st.lists(acts, min_size=2, max_size=5, unique_by=lambda act: act.id), st.data())
def test_taking_out_putting_in_and_swapping_are_found(listed: list[Act], data: st.DataObject) -> None:
    record = sealed(listed)
    place = data.draw(st.integers(0, len(listed) - 2))
    without = record[:place] + record[place + 1 :]
    twice = [*record[: place + 1], *record[place:]]
    swapped = [*record[:place], record[place + 1], record[place], *record[place + 2 :]]
    renumbered = [(replace(link, position=number), act) for number, (link, act) in enumerate(without, start=1)]
    for forged in (without, twice, swapped, renumbered):
        broken = check(forged)
        assert broken is not None and broken.position in (place + 1, place + 2)


@given(st.integers(1, 4))
def test_a_chain_cut_short_is_found_by_the_head_that_was_noted(kept: int) -> None:
    record = sealed([act(id) for id in range(1, 6)])
    noted = Head(5, record[-1][0].link)
    assert check(record, [noted]) is None
    broken = check(record[:kept], [noted])
    assert broken == Broken(kept + 1, f"the chain ends at {kept}, and was noted as far as 5")
    assert check(record[:kept]) is None, "without the note nobody could tell"


def test_a_chain_made_anew_is_found_by_any_head_that_was_noted() -> None:
    noted = Head(2, sealed([act(1), act(2), act(3)])[1][0].link)
    broken = check(sealed([act(1), act(2, detail='{"recipients":9}'), act(3)]), [noted])
    assert broken == Broken(2, "link 2 is not the one that was noted")


def test_a_time_that_runs_backward_or_does_not_fit_is_found() -> None:
    listed = [act(1), act(2)]
    first = chain.seal(BEGINNING, listed[:1], NOW)
    second = chain.seal(Head(1, first[0].link), listed[1:], NOW - 1)
    assert check(list(zip([*first, *second], listed, strict=True))) is not None
    assert check([(replace(first[0], sealed_at=-1), listed[0])]) is not None


def test_an_act_may_be_missing_only_where_it_was_forgotten() -> None:
    old = sealed([act(1), act(2)], NOW - 40 * DAY)
    gone: list[tuple[Link, Act | None]] = [(link, None) for link, _ in old]
    assert check(gone, forgotten_before=NOW - 30 * DAY) is None
    assert check(gone, forgotten_before=NOW - 40 * DAY) == Broken(1, "the act of link 1 was removed")
    assert check(gone) == Broken(1, "the act of link 1 was removed")


def test_nothing_young_may_be_forgotten() -> None:
    assert chain.may_forget(NOW, 0) == NOW - 30 * DAY
    assert chain.may_forget(NOW, 90 * DAY) == NOW - 90 * DAY


@given(st.integers(0, 10**18 - 1), st.binary(min_size=32, max_size=32))
def test_a_head_is_read_as_it_is_written(position: int, link: bytes) -> None:
    assert chain.parse_head(str(Head(position, link))) == Head(position, link)


@given(st.text())
def test_what_is_no_head_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match="is no head"):
        chain.parse_head(text)


def test_the_construction_is_the_documented_one() -> None:
    """Computed by hand, so that an export stays checkable by what the documentation says."""
    import hashlib

    digest = hashlib.sha256(
        b'[1,1800000000000001,"undo","local:root","ann@example.com","1tj8m4","{}","' + b"00" * 16 + b'"]'
    ).digest()
    link = hashlib.sha256(bytes(32) + (1).to_bytes(8, "big") + NOW.to_bytes(8, "big") + digest).digest()
    assert chain.seal(BEGINNING, [act(1)], NOW) == [Link(1, NOW, digest, link)]
