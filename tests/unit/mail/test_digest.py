from __future__ import annotations

import hashlib
from base64 import b64encode

import pytest

from takeback.mail.digest import BodyDigest


def digest(body: bytes) -> bytes:
    found = BodyDigest()
    found.update(body)
    return found.digest()


def test_empty_body_as_in_rfc_6376() -> None:
    """§3.4.3 gives this value."""
    assert b64encode(digest(b"")) == b"frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY="


@pytest.mark.parametrize(
    ("body", "canonical"),
    [
        (b"\r\n\r\n\r\n", b"\r\n"),
        (b"a\r\n", b"a\r\n"),
        (b"a", b"a\r\n"),
        (b"a\r\n\r\n\r\n", b"a\r\n"),
        (b"\r\n\r\na\r\n\r\nb\r\n\r\n", b"\r\n\r\na\r\n\r\nb\r\n"),
        (b"a \r\n \r\n", b"a \r\n \r\n"),
        (b"a\r\n\r", b"a\r\n\r\r\n"),
        (b"a\n\n", b"a\n\n\r\n"),
        (b"a\n\r\n", b"a\n\r\n"),
        (b"a\r\r\n", b"a\r\r\n"),
    ],
)
def test_simple_canonical_form(body: bytes, canonical: bytes) -> None:
    assert digest(body) == hashlib.sha256(canonical).digest()


def test_many_empty_lines() -> None:
    lines = b"\r\n" * 100_000
    assert digest(lines + b"a" + lines) == hashlib.sha256(lines + b"a\r\n").digest()


def test_asking_changes_nothing() -> None:
    found = BodyDigest()
    found.update(b"a\r\n\r\n\r")
    found.digest()
    found.update(b"\nb")
    assert found.digest() == digest(b"a\r\n\r\n\r\nb")
