"""The key that seals what the store keeps secret.

It lives in the store, sealed by the key in `[data] key_file`: a copy of the database alone opens nothing, and the
file never needs to change. The store also keeps the file's fingerprint, so that a wrong file is noticed at once.
"""

from __future__ import annotations

import hashlib
import os
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, text

from takeback.clock import Instant
from takeback.errors import ConfigError
from takeback.sealing import KEY_SIZE, Seal, SealBroken
from takeback.store import housekeeping
from takeback.store.access import Access
from takeback.store.settings import DataSettings
from takeback.store.writer import Transition, Urgency

_NAME = "sealing_key"
_ABOUT = "takeback data key"
_KEEP = text("INSERT INTO fact (name, value, at) VALUES (:name, :value, :at) ON CONFLICT (name) DO NOTHING")


async def open_seal(access: Access, settings: DataSettings) -> Seal:
    """The seal of this database; the first call makes its key and, where none is there, the key file.

    Raises ConfigError where the file cannot be used or belongs to another database, StoreUnavailable.
    """
    if await access.ask(_kept) is not None and not settings.key_path.exists():
        raise ConfigError(
            f"data.key_file: {settings.key_path} is not there, and this database was sealed with one; copy it from "
            "where the database was used first"
        )
    outer = _read_or_make(settings.key_path)
    fresh = f"{_fingerprint(outer)} {b64encode(Seal(outer).close(os.urandom(KEY_SIZE), _ABOUT)).decode()}"
    fingerprint, sealed = (await access.submit(_KEEP_KEY, fresh)).split()
    wrong = ConfigError(f"data.key_file: {settings.key_path} is not the key of this database; put the right one there")
    if fingerprint != _fingerprint(outer):
        raise wrong
    try:
        return Seal(Seal(outer).open(b64decode(sealed), _ABOUT))
    except SealBroken:
        raise wrong from None


def _keep_key(connection: Connection, now: Instant, requests: Sequence[str]) -> list[str]:
    """Afterwards there is a key: the first one that was ever kept, which is the answer to everybody."""
    connection.execute(_KEEP, {"name": _NAME, "value": requests[0], "at": now})
    kept = _kept(connection)
    assert kept is not None
    return [kept] * len(requests)


def _kept(connection: Connection) -> str | None:
    found = housekeeping.fact(connection, _NAME)
    return found[0] if found else None


_KEEP_KEY = Transition(_keep_key, Urgency.PERSON)


def _fingerprint(key: bytes) -> str:
    return hashlib.sha256(b"takeback key file\0" + key).hexdigest()[:32]


def _read_or_make(path: Path) -> bytes:
    with suppress(FileExistsError):
        _make(path)
    try:
        key = b64decode(path.read_bytes().strip(), validate=True)
    except OSError as error:
        raise ConfigError(f"data.key_file: {path} cannot be read: {error.strerror}") from None
    except NotBase64:
        key = b""
    if len(key) != KEY_SIZE:
        raise ConfigError(f"data.key_file: {path} holds no key; it is {KEY_SIZE} bytes in base64")
    return key


def _make(path: Path) -> None:
    """Raises FileExistsError where a file is there. It has its name only once it is whole, and is on the disk before
    anything is sealed with it."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    if path.exists():
        raise FileExistsError
    try:
        descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(b64encode(os.urandom(KEY_SIZE)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(part)  # unlike a rename, it leaves a file that is already there alone
        finally:
            part.unlink()
        folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except FileExistsError:
        raise
    except OSError as error:
        raise ConfigError(f"data.key_file: {path} cannot be made: {error.strerror}") from None
