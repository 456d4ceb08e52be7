"""Delivery into Maildirs: what lies where, who may read it, and what a failing disk leads to."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from takeback.ports import Verdict
from takeback.relay import maildir
from takeback.relay.destination import Folder
from takeback.relay.maildir import MaildirRelay
from tests.doubles.consignments import MESSAGE, DotMark, consignment


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "mail"


async def deliver(folder: Path, *recipients: str, mark: DotMark | None = None) -> list[tuple[Verdict, str]]:
    relay = MaildirRelay(Folder(f"{folder}/{{user}}"), "us/e:x")
    outcomes = await relay.deliver(consignment(*recipients), mark or DotMark())
    await relay.close()
    assert all(outcome.server == "" for outcome in outcomes)
    return [(outcome.verdict, outcome.reply) for outcome in outcomes]


async def test_folders_are_made_for_their_owner_only(folder: Path) -> None:
    await deliver(folder, "Bob@x.example")
    for path in (folder.parent, folder, *(folder / "bob" / part for part in ("", "tmp", "new", "cur"))):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
    (message,) = (folder / "bob" / "new").iterdir()
    assert stat.S_IMODE(message.stat().st_mode) == 0o600
    assert message.read_bytes() == MESSAGE
    assert ":" not in message.name


async def test_names_are_unique_and_nothing_is_overwritten(folder: Path) -> None:
    await deliver(folder, *["bob@x.example"] * 50)
    assert len(list((folder / "bob" / "new").iterdir())) == 50


async def test_one_mark_for_each_recipient(folder: Path) -> None:
    mark = DotMark()
    await deliver(folder, "a@x.example", "b@x.example", mark=mark)
    assert mark.asked == [(0,), (1,)]


async def test_hostile_names_fail_and_the_others_get_theirs(folder: Path) -> None:
    mark = DotMark()
    outcomes = await deliver(folder, "../evil@x.example", "bob@x.example", mark=mark)
    assert [verdict for verdict, _ in outcomes] == [Verdict.FAILED, Verdict.SENT]
    assert mark.asked == [(1,)]
    assert sorted(path.name for path in folder.parent.iterdir()) == ["mail"]


async def test_the_file_is_on_the_disk_before_the_mark_and_the_folder_after(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await deliver(folder, "bob@x.example")
    steps: list[str] = []
    sync, rename = os.fsync, Path.rename

    def noted_sync(descriptor: int) -> None:
        steps.append("sync " + Path(f"/proc/self/fd/{descriptor}").readlink().parent.name)
        sync(descriptor)

    def noted_rename(path: Path, target: Path) -> Path:
        steps.append("rename")
        return rename(path, target)

    async def mark_dot(positions: Sequence[int]) -> bool:
        steps.append("mark")
        return True

    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(Path, "rename", noted_rename)
    relay = MaildirRelay(Folder(f"{folder}/{{user}}"), "us.example")
    await relay.deliver(consignment("bob@x.example"), mark_dot)
    await relay.close()
    assert steps == ["sync tmp", "mark", "rename", "sync bob"]


@pytest.fixture
def file_in_the_way(folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("in the way")


@pytest.mark.usefixtures("file_in_the_way")
async def test_a_folder_that_cannot_be_made(folder: Path) -> None:
    mark = DotMark()
    ((verdict, reply),) = await deliver(folder, "bob@x.example", mark=mark)
    assert verdict is Verdict.DEFERRED
    assert reply.startswith("451 4.3.0 the mailbox cannot be written: ")
    assert mark.asked == []


async def test_a_rename_that_certainly_failed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", refuse)
    assert await deliver(folder, "bob@x.example") == [
        (Verdict.DEFERRED, "451 4.3.0 the mailbox cannot be written: No space left on device")
    ]
    assert not list((folder / "bob" / "tmp").iterdir())


async def test_a_rename_of_which_nobody_can_tell(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def rename_and_complain(path: Path, target: Path) -> Path:
        rename(path, target)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "rename", rename_and_complain)
    assert [verdict for verdict, _ in await deliver(folder, "bob@x.example")] == [Verdict.UNKNOWN]


async def test_a_folder_that_cannot_be_synced_after_the_rename(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await deliver(folder, "bob@x.example")

    def refuse(path: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(maildir, "_sync_folder", refuse)
    assert [verdict for verdict, _ in await deliver(folder, "bob@x.example")] == [Verdict.UNKNOWN]
