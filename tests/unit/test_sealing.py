"""Sealed bytes open only with their key, at their place, unchanged."""

from __future__ import annotations

import pytest

from takeback.sealing import KEY_SIZE, Seal, SealBroken

KEY = bytes(range(KEY_SIZE))


def test_what_was_sealed_opens_again() -> None:
    sealed = Seal(KEY).close(b"secret", "quarantine 1")
    assert b"secret" not in sealed
    assert Seal(KEY).open(sealed, "quarantine 1") == b"secret"


def test_the_same_bytes_never_look_the_same() -> None:
    assert Seal(KEY).close(b"", "a") != Seal(KEY).close(b"", "a")


@pytest.mark.parametrize("at", [0, 11, 12, -1])
def test_a_changed_byte_is_noticed(at: int) -> None:
    sealed = bytearray(Seal(KEY).close(b"secret", "a"))
    sealed[at] ^= 1
    with pytest.raises(SealBroken):
        Seal(KEY).open(bytes(sealed), "a")


@pytest.mark.parametrize(("key", "about"), [(KEY, "b"), (KEY[::-1], "a")])
def test_another_place_or_key_opens_nothing(key: bytes, about: str) -> None:
    with pytest.raises(SealBroken):
        Seal(key).open(Seal(KEY).close(b"secret", "a"), about)


@pytest.mark.parametrize("sealed", [b"", b"short", bytes(12), bytes(100)])
def test_what_was_never_sealed_opens_nothing(sealed: bytes) -> None:
    with pytest.raises(SealBroken):
        Seal(KEY).open(sealed, "a")


def test_a_key_has_its_size() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Seal(b"short")
