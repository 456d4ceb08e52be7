"""Alias files, as Postfix reads them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.people import aliases
from takeback.people.aliases import AliasFile, parse
from takeback.recall.people import PeopleUnknown

FILE = """\
# comment
  # indented comment
team@Example.com   ann@example.com, bob@example.com
    carol@example.com,
# a comment in between does not end it

\tdan@example.net
Info@example.com ann@example.com
info@example.com bob@example.com
@old.example @example.com
@example.com ann@example.com
postmaster ann
nobody@example.com
"a b"@example.com "c, d"@example.net,x@example.com
example.org anything
"""


def test_everything_that_virtual_files_hold() -> None:
    assert parse(FILE, "example.com") == {
        "team@example.com": ["ann@example.com", "bob@example.com", "carol@example.com", "dan@example.net"],
        "info@example.com": ["ann@example.com"],
        "@old.example": ["@example.com"],
        "@example.com": ["ann@example.com"],
        "postmaster@example.com": ["ann@example.com"],
        '"a b"@example.com': ['"c, d"@example.net', "x@example.com"],
        "example.org@example.com": ["anything@example.com"],
    }


def test_without_an_origin_names_stay_as_they_are() -> None:
    assert parse("root ann\n", "") == {"root": ["ann"]}


@pytest.mark.parametrize("text", ["", "\n\n", "# only\n", "   goes on from nothing\n", "\r\n", '"', "a", ", ,"])
def test_what_says_nothing(text: str) -> None:
    assert parse(text, "") == {}


def test_windows_line_ends() -> None:
    assert parse("a@x b@x\r\n c@x\r\nd@x e@x\r\n", "") == {"a@x": ["b@x", "c@x"], "d@x": ["e@x"]}


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    for name, members in parse(text, "example.com").items():
        assert name and members and all(members)


def test_a_file_is_read_again_when_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "virtual"
    path.write_text("team@x ann@x\n")
    file = AliasFile(path, "x")
    file.refresh()
    assert file.members("team@x") == ["ann@x"]
    path.write_text("team@x bob@x\n")
    os.utime(path, ns=(1, 1))
    file.refresh()
    assert file.members("team@x") == ["bob@x"]
    assert file.members("other@x") is None


def test_a_file_that_cannot_be_read_is_said_to_be_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "virtual"
    file = AliasFile(path, "x")
    with pytest.raises(PeopleUnknown, match="cannot be read: No such file"):
        file.refresh()
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(PeopleUnknown, match="is not UTF-8 text"):
        file.refresh()
    path.write_text("team@x ann@x\n")
    file.refresh()
    monkeypatch.setattr(aliases, "LARGEST", 5)
    path.write_text("team@x ann@x bob@x\n")
    with pytest.raises(PeopleUnknown, match="is larger than"):
        file.refresh()
