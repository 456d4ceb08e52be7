"""The sealing key: made once, the same for every node, useless without its file."""

from __future__ import annotations

import asyncio
import stat
from base64 import b64encode
from pathlib import Path

import pytest

from takeback.errors import ConfigError
from takeback.store import keys
from takeback.store.settings import DataSettings
from takeback.store.store import SqlStore
from tests.contract.store.trial import Place


async def open_twice(place: Place, one: DataSettings, other: DataSettings) -> bytes:
    """What the seal of one opening, and then that of another, make of a secret."""
    store = await SqlStore.open(place.open(None))
    try:
        sealed = (await keys.open_seal(store.access, one)).close(b"secret", "here")
    finally:
        await store.close()
    again = await SqlStore.open(place.open(None))
    try:
        return (await keys.open_seal(again.access, other)).open(sealed, "here")
    finally:
        await again.close()


def test_another_run_opens_what_was_sealed(place: Place, tmp_path: Path) -> None:
    settings = DataSettings(folder=tmp_path)
    assert asyncio.run(open_twice(place, settings, settings)) == b"secret"
    assert stat.S_IMODE(settings.key_path.stat().st_mode) == 0o600


def test_two_nodes_agree_on_the_first_key(place: Place, tmp_path: Path) -> None:
    async def run() -> bytes:
        settings = DataSettings(folder=tmp_path)
        stores = [await SqlStore.open(place.open(None)) for _ in range(2)]
        try:
            one, other = await asyncio.gather(*(keys.open_seal(store.access, settings) for store in stores))
        finally:
            for store in stores:
                await store.close()
        return other.open(one.close(b"secret", "here"), "here")

    assert asyncio.run(run()) == b"secret"


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"", "holds no key"), (b"not base64!", "holds no key"), (b"QUJD\n", "holds no key")],
)
def test_a_file_that_holds_no_key_is_refused(place: Place, tmp_path: Path, content: bytes, told: str) -> None:
    settings = DataSettings(folder=tmp_path)
    settings.key_path.write_bytes(content)
    with pytest.raises(ConfigError, match=told):
        asyncio.run(open_twice(place, settings, settings))
    assert settings.key_path.read_bytes() == content


def test_the_key_of_another_database_is_refused(place: Place, tmp_path: Path) -> None:
    other = DataSettings(folder=tmp_path, key_file=tmp_path / "other.key")
    other.key_path.write_bytes(b64encode(b"k" * 32))
    with pytest.raises(ConfigError, match="is not the key of this database"):
        asyncio.run(open_twice(place, DataSettings(folder=tmp_path), other))


def test_a_key_that_is_missing_is_asked_for_and_not_made_anew(place: Place, tmp_path: Path) -> None:
    other = DataSettings(folder=tmp_path, key_file=tmp_path / "other.key")
    with pytest.raises(ConfigError, match="is not there, and this database was sealed with one; copy it"):
        asyncio.run(open_twice(place, DataSettings(folder=tmp_path), other))
    assert not other.key_path.exists()


def test_a_folder_that_cannot_be_written_is_one_line(place: Place, tmp_path: Path) -> None:
    settings = DataSettings(folder=tmp_path, key_file=tmp_path / "nowhere" / "key")
    with pytest.raises(ConfigError, match=r"data.key_file: .* cannot be made"):
        asyncio.run(open_twice(place, settings, settings))
