"""Files and folders of a Maildir: names that come back, line ends, and what a mailbox's owner could lay in the way."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.mailboxes.maildir.filenames import FileName, directory_name, folder_name, keywords_in, name_with
from takeback.mailboxes.maildir.files import Directory, make_folder, with_crlf
from takeback.mailboxes.maildir.mailbox import MaildirMailbox
from takeback.ports.mailbox import Kept, MailboxRefused, Reference, Removal

MESSAGE = b"Message-ID: <a@b>\nSubject: x\n\nhello\n"


def maildir(path: Path) -> Path:
    for part in ("new", "cur", "tmp"):
        (path / part).mkdir(parents=True)
    return path


def mailbox(root: Path) -> MaildirMailbox:
    return MaildirMailbox(root, (), "host", lambda: None)


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("1.x.host", set()),
        ("1.x.host:2,", set()),
        ("1.x.host,S=5:2,FRST", {"\\Flagged", "\\Answered", "\\Seen", "\\Deleted"}),
        ("1.x.host:2,aPz", {"$MDNSent", "$Forwarded"}),
        ("1.x.host:1,S", set()),
    ],
)
def test_flags_in_a_name(name: str, flags: set[str]) -> None:
    keywords = keywords_in("0 $MDNSent\n1 x\nnonsense\n99 y\n")
    assert FileName("cur", name).flags(keywords) == flags


def test_a_name_for_flags() -> None:
    flags = ["\\Seen", "\\Flagged", "$MDNSent", "$Unknown"]
    assert name_with("1.x.host", flags, {"a": "$MDNSent"}) == "1.x.host:2,FSa"


@given(st.text(min_size=1, max_size=20))
def test_a_folder_is_called_what_it_is_called_or_refused(name: str) -> None:
    try:
        directory = directory_name(name)
    except ValueError:
        return
    assert "/" not in directory and directory not in (".", "..")
    if directory:
        assert folder_name(directory) == name


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".", "..", ".x", "a..b", "x."])
def test_folders_that_would_lead_elsewhere(name: str) -> None:
    with pytest.raises(ValueError):
        directory_name(name)


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b""]), max_size=12))
def test_line_ends_in_any_pieces(pieces: Sequence[bytes]) -> None:
    whole, _ = with_crlf(b"".join(pieces))
    out, before = b"", b""
    for piece in pieces:
        converted, before = with_crlf(piece, before)
        out += converted
    assert out == whole
    assert b"\n" not in whole.replace(b"\r\n", b"")


async def test_a_file_with_bare_line_ends(tmp_path: Path) -> None:
    (maildir(tmp_path) / "new" / "1.x.host").write_bytes(MESSAGE)
    opened = mailbox(tmp_path)
    (copy,) = await opened.find(Reference("<a@b>"))
    whole = b"".join([piece async for piece in opened.read(copy)])
    assert whole == MESSAGE.replace(b"\n", b"\r\n")
    assert copy.size == len(whole)
    assert copy.header == b"Message-ID: <a@b>\r\nSubject: x\r\n\r\n"


async def test_links_are_not_followed(tmp_path: Path) -> None:
    victim = maildir(tmp_path / "victim")
    (victim / "cur" / "1.x.host:2,").write_bytes(MESSAGE)
    owner = maildir(tmp_path / "owner")
    (owner / ".stolen").symlink_to(victim)
    (owner / "cur" / "2.x.host:2,").symlink_to(victim / "cur" / "1.x.host:2,")
    make_folder(owner, ".half")
    (owner / ".half" / "cur").rmdir()
    (owner / ".half" / "cur").symlink_to(victim / "cur")
    os.mkfifo(owner / "new" / "3.x.host")
    opened = mailbox(owner)
    assert await opened.find(Reference("<a@b>")) == []
    assert [file.name for file in (victim / "cur").iterdir()] == ["1.x.host:2,"]


async def test_a_removal_that_ended_halfway_is_finished(tmp_path: Path) -> None:
    (maildir(tmp_path) / "cur" / "1.x.host:2,F").write_bytes(MESSAGE)
    with Directory(tmp_path) as folder:
        folder.take_out(FileName("cur", "1.x.host:2,F"))
    opened = mailbox(tmp_path)
    (copy,) = await opened.find(Reference("<a@b>"))
    assert copy.removing and copy.flags == {"\\Flagged"}
    assert b"".join([piece async for piece in opened.read(copy)])
    removed = await opened.remove(copy, only_if_unread=True)
    assert (removed.removal, removed.flags) == (Removal.REMOVED, frozenset({"\\Flagged"}))
    assert await opened.find(Reference("<a@b>")) == []


async def test_the_exact_name_decides(tmp_path: Path) -> None:
    """A reader renames the file between our look and our rename."""
    (maildir(tmp_path) / "cur" / "1.x.host:2,").write_bytes(MESSAGE)
    with Directory(tmp_path) as folder:
        looked_at = folder.current("1.x.host")
        (tmp_path / "cur" / "1.x.host:2,").rename(tmp_path / "cur" / "1.x.host:2,S")
        assert looked_at is not None
        with pytest.raises(FileNotFoundError):
            folder.take_out(looked_at)
    opened = mailbox(tmp_path)
    (copy,) = await opened.find(Reference("<a@b>"))
    assert (await opened.remove(copy, only_if_unread=True)).removal is Removal.READ


async def test_no_maildir_no_mailbox(tmp_path: Path) -> None:
    opened = mailbox(tmp_path / "nobody")
    with pytest.raises(MailboxRefused):
        await opened.find(Reference("<a@b>"))
    with pytest.raises(MailboxRefused):
        await opened.put_back(Kept("INBOX", frozenset(), None, 0, nothing))
    assert not (tmp_path / "nobody").exists()


async def nothing() -> AsyncIterator[bytes]:
    yield b""
