from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.auth.identity import LONGEST_USERNAME, account_key


@pytest.mark.parametrize(
    ("username", "domain", "key"),
    [
        ("Ann@Example.COM", "", "ann@example.com"),
        ("ann", "Example.com", "ann@example.com"),
        ("ann", "", "ann"),
        ("ann@other.example", "example.com", "ann@other.example"),
        (" ann@example.com ", "", "ann@example.com"),
        ("Jose\u0301@example.com", "", "jos\u00e9@example.com"),
        ("ÅSA@example.com", "", "åsa@example.com"),
        ("", "example.com", None),
        ("@", "example.com", None),
        ("  ", "example.com", None),
        ("ann\0@example.com", "", None),
        ("ann\r\nb@example.com", "", None),
        ("ann\u202e@example.com", "", None),
        ("ann\ud800@example.com", "", None),
        ("a" * LONGEST_USERNAME, "", "a" * LONGEST_USERNAME),
        ("a" * (LONGEST_USERNAME + 1), "", None),
        ("a" * LONGEST_USERNAME, "example.com", None),
        ("é" * (LONGEST_USERNAME // 2 + 1), "", None),
    ],
)
def test_one_account_has_one_key(username: str, domain: str, key: str | None) -> None:
    assert account_key(username, domain) == key


@given(st.text(), st.sampled_from(["", "example.com"]))
def test_a_key_is_its_own_key_whatever_was_typed(username: str, domain: str) -> None:
    key = account_key(username, domain)
    if key is not None:
        assert account_key(key, domain) == key
        assert len(key.encode()) <= LONGEST_USERNAME
