from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.mail.address import canonical_domain
from takeback.review.domains import is_provider, name_of, organisation, skeleton, slip_of
from takeback.review.lookalike import (
    ONE_LETTER,
    SAME_AT_A_LIKE_DOMAIN,
    SAME_BUT_FOR_THE_DOMAIN,
    SAME_FIRST_NAME,
    SAME_LAST_NAME,
    SAME_START,
    SAME_TO_THE_EYE,
    TWO_LETTERS,
    Contacts,
)


@pytest.mark.parametrize(
    ("address", "contact", "likeness"),
    [
        ("paul@acme.com", "pаul@acme.com", SAME_TO_THE_EYE),
        ("bil1@acme.com", "bill@acme.com", SAME_TO_THE_EYE),
        ("sara@acme.co", "sara@acme.com", SAME_AT_A_LIKE_DOMAIN),
        ("sara.ahmed@other.example", "sara.ahmed@acme.com", SAME_BUT_FOR_THE_DOMAIN),
        ("mohamed.ali@acme.com", "mohammed.ali@acme.com", ONE_LETTER),
        ("jon.kowalksy@acme.com", "jan.kowalski@acme.com", 0.0),
        ("jan.kowalksy@acme.com", "jan.kowalski@acme.com", TWO_LETTERS),
        ("mark.taylor@acme.com", "mark.haedicke@acme.com", SAME_FIRST_NAME),
        ("anna.taylor@acme.com", "mark.taylor@acme.com", SAME_START),
        ("marcus@acme.com", "marion@acme.com", SAME_START),
        ("info@acme.com", "info@other.example", 0.0),
        ("sara@acme.com", "sara@other.example", 0.0),
        ("room1@acme.com", "room2@acme.com", SAME_START),
    ],
)
def test_how_alike_two_addresses_are(address: str, contact: str, likeness: float) -> None:
    found = Contacts([contact, "zz@zz.example"]).like(address, frozenset())
    expected = 0.0 if likeness == SAME_START and address[:3] != contact[:3] else likeness
    assert [each.likeness for each in found] == ([expected] if expected else [])


def test_the_likest_comes_first_and_those_present_do_not_count() -> None:
    contacts = Contacts(["mark.haedicke@acme.com", "mark.tailor@acme.com", "mark.taylor@acme.com"])
    found = contacts.like("mark.taylor@acme.com", frozenset(["mark.haedicke@acme.com"]))
    assert [each.address for each in found] == ["mark.tailor@acme.com"]


def test_last_names_count_where_first_names_begin_alike() -> None:
    (found,) = Contacts(["steven.kean@acme.com"]).like("stella.kean@acme.com", frozenset())
    assert found.likeness == SAME_LAST_NAME


def test_names_of_domains() -> None:
    assert name_of("mail.acme.co.uk") == ("acme", "co.uk")
    assert organisation("mail.acme.co.uk") == "acme.co.uk"
    assert organisation("localhost") == "localhost"
    assert is_provider("hotmail.fr")
    assert not is_provider("hotmail.con")
    assert skeleton(canonical_domain("аcme.com")) == skeleton("acme.com")


@given(st.text(max_size=40), st.lists(st.text(max_size=20), max_size=3))
def test_any_text_may_stand_for_a_domain(domain: str, known: list[str]) -> None:
    slip = slip_of(domain, known)
    assert slip is None or 0 < slip.certainty <= 1


@given(st.text(max_size=60), st.lists(st.text(max_size=40), max_size=5))
def test_any_text_may_stand_for_an_address(address: str, contacts: list[str]) -> None:
    assert all(0 < each.likeness <= 1 for each in Contacts(contacts).like(address, frozenset()))
