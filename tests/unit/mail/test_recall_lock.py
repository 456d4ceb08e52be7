from __future__ import annotations

import pytest

from takeback.mail import recall_lock

SECRET = bytes(range(32))
MESSAGE_ID = "<12345@mid.example>"


def test_vector_of_rfc_8315() -> None:
    """The vector has no uid, so it is met below the function that joins uid and Message-ID."""
    key = recall_lock.key_text(b"ExampleSecret", MESSAGE_ID.encode())
    assert key == b"qv1VXHYiCGjkX/N1nhfYKcAeUn8bCVhrWhoKuBSnpMA="
    assert recall_lock.lock_text(key) == b"s/pmK/3grrz++29ce2/mQydzJuc7iqHn1nqcJiQTPMc="


def test_key_opens_lock() -> None:
    key = recall_lock.key(SECRET, "ann", MESSAGE_ID)
    lock = recall_lock.lock(SECRET, "ann", MESSAGE_ID)
    assert key.startswith("sha256:")
    assert lock == "sha256:" + recall_lock.lock_text(key.removeprefix("sha256:").encode()).decode()


def test_matches_only_its_own() -> None:
    lock = recall_lock.lock(SECRET, "ann", MESSAGE_ID)
    code = lock.removeprefix("sha256:")
    for value in (lock, f"SHA256:{code}", f"sha1:x  {lock}", f"{lock}\tsha256:other"):
        assert recall_lock.matches(value, SECRET, "ann", MESSAGE_ID)
    for value in ("", code, f"sha1:{code}", lock[:-1], lock.swapcase(), "sha256:", "sha256:é\udcff", "::"):
        assert not recall_lock.matches(value, SECRET, "ann", MESSAGE_ID)
    assert not recall_lock.matches(lock, bytes(32), "ann", MESSAGE_ID)
    assert not recall_lock.matches(lock, SECRET, "bob", MESSAGE_ID)
    assert not recall_lock.matches(lock, SECRET, "ann", "<other@b>")


def test_the_joint_of_uid_and_message_id_counts() -> None:
    assert recall_lock.lock(SECRET, "a", "b") != recall_lock.lock(SECRET, "ab", "")
    with pytest.raises(ValueError, match="NUL"):
        recall_lock.lock(SECRET, "a\0b", "c")
