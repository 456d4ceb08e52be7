"""People behind addresses: files, lists and real programs together."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from takeback.mail.address import domain_of
from takeback.people import asking
from takeback.people.people import People
from takeback.people.settings import PeopleSettings
from takeback.recall.people import PeopleUnknown

PROGRAM = """\
import os, sys, time
log, address = sys.argv[1:3]
open(log, "a").write(address + "\\n")
user = address.partition("@")[0]
if user == "everybody":
    print("ann@example.com"); print(); print("  Bob+x@example.com ")
elif user == "fails":
    print("ann@example.com"); sys.exit(3)
elif user == "hangs":
    os.close(1) if "closed" in address else None
    time.sleep(600)
elif user == "nonsense":
    print("ann@example.com, bob@example.com")
elif user == "bytes":
    os.write(1, b"\\xff\\n")
elif user == "endless":
    while True:
        os.write(1, b"a@example.com\\n" * 1000)
"""


def is_ours(address: str) -> bool:
    return domain_of(address) in ("example.com", "lists.example.com")


def people(**settings: Any) -> People:
    return People(PeopleSettings.model_validate(settings), "example.com", is_ours)


@pytest.fixture
def virtual(tmp_path: Path) -> Callable[[str], People]:
    def write(text: str) -> People:
        (tmp_path / "virtual").write_text(text)
        return people(aliases=[str(tmp_path / "virtual")])

    return write


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    (tmp_path / "members.py").write_text(PROGRAM)
    (tmp_path / "asked").write_text("")
    return tmp_path / "asked"


def questions(asked: Path) -> list[str]:
    """What the program was asked, in order."""
    return asked.read_text().splitlines()


def program(asked: Path, **more: Any) -> dict[str, Any]:
    run = [sys.executable, str(asked.with_name("members.py")), str(asked), "{address}"]
    return {"for": ["*@lists.example.com"], "run": run, **more}


async def test_an_address_that_nobody_knows_is_its_own() -> None:
    assert await people().expand("Ann@Example.com") == ["Ann@Example.com"]


async def test_extensions_are_taken_off_where_we_know_what_they_mean() -> None:
    assert await people().expand("ann+news@example.com") == ["ann@example.com"]
    assert await people().expand("ann+news@elsewhere.example") == ["ann+news@elsewhere.example"]
    assert await people(separator="").expand("ann+news@example.com") == ["ann+news@example.com"]


async def test_aliases_lists_and_extensions_together(tmp_path: Path) -> None:
    (tmp_path / "virtual").write_text("sales ann, Bob+crm@example.com,out@elsewhere.example\nann+vip bob\n")
    both = people(
        aliases=[str(tmp_path / "virtual")],
        list=[{"address": "All@example.com", "members": ["sales@example.com", "carol@example.com"]}],
    )
    assert await both.expand("all+2026@example.com") == [
        "carol@example.com",
        "ann@example.com",
        "Bob@example.com",
        "out@elsewhere.example",
    ]
    assert await both.expand("ann+vip@example.com") == ["bob@example.com"]
    assert await both.expand("ann+other@example.com") == ["ann@example.com"]


async def test_whole_domains(virtual: Callable[[str], People]) -> None:
    known = virtual("@old.example @example.com\nann ann\nbob bob, archive\narchive archive\n@example.com ann\n")
    assert await known.expand("bob@old.example") == ["bob@example.com", "archive@example.com"]
    assert await known.expand("whoever@old.example") == ["ann@example.com"]
    assert await known.expand("ann@example.com") == ["ann@example.com"]


async def test_a_file_that_changes_and_one_that_goes(virtual: Callable[[str], People], tmp_path: Path) -> None:
    known = virtual("team ann\n")
    assert await known.expand("team@example.com") == ["ann@example.com"]
    (tmp_path / "virtual").write_text("team bob, ann\n")
    assert await known.expand("team@example.com") == ["bob@example.com", "ann@example.com"]
    (tmp_path / "virtual").unlink()
    with pytest.raises(PeopleUnknown):
        await known.expand("team@example.com")


async def test_a_program_is_asked_about_its_own_addresses_only_and_once(asked: Path) -> None:
    known = people(
        command=[program(asked)], list=[{"address": "team@example.com", "members": ["everybody@lists.example.com"]}]
    )
    both = ["ann@example.com", "Bob@example.com"]
    assert await known.expand("everybody@lists.example.com") == both
    assert await known.expand("team@example.com") == both
    assert await known.expand("plain@lists.example.com") == ["plain@lists.example.com"]
    assert questions(asked) == ["everybody@lists.example.com", "plain@lists.example.com"]


async def test_answers_are_forgotten(asked: Path) -> None:
    known = people(command=[program(asked)], remember="0s")
    await known.expand("plain@lists.example.com")
    await known.expand("plain@lists.example.com")
    assert len(questions(asked)) == 2


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        ("fails", "ended with status 3"),
        ("hangs", "took too long over hangs@"),
        ("nonsense", "prints what is no address: ann@example.com, bob"),
        ("bytes", "prints what is not UTF-8 text"),
        ("endless", "prints more than"),
    ],
)
async def test_a_program_that_does_not_know_is_never_half_believed(
    asked: Path, user: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "LARGEST_ANSWER", 100_000)
    known = people(command=[program(asked, timeout="2s" if user == "hangs" else "30s")])
    with pytest.raises(PeopleUnknown, match=reason):
        await known.expand(f"{user}@lists.example.com")


async def test_a_program_that_is_not_there() -> None:
    known = people(command=[{"for": ["*"], "run": ["/nowhere/members"]}])
    with pytest.raises(PeopleUnknown, match="/nowhere/members cannot be run"):
        await known.expand("ann@example.com")


async def test_an_address_is_never_an_option_nor_a_shell_command(asked: Path) -> None:
    known = people(command=[program(asked)])
    with pytest.raises(PeopleUnknown, match="would be read as an option"):
        await known.expand("-rf@lists.example.com")
    await known.expand("$(touch`x`)@lists.example.com")
    assert questions(asked) == ["$(touch`x`)@lists.example.com"]


async def test_many_at_once_start_few_programs(asked: Path) -> None:
    known = people(command=[program(asked)])
    expanded = await asyncio.gather(*(known.expand(f"p{number}@lists.example.com") for number in range(8)))
    assert expanded == [[f"p{number}@lists.example.com"] for number in range(8)]


@pytest.mark.parametrize(
    "settings",
    [
        {"list": [{"address": "team", "members": ["ann@example.com"]}]},
        {"list": [{"address": "team@example.com", "members": []}]},
        {"list": [{"address": "team@example.com", "members": ["*@example.com"]}]},
        {"command": [{"for": ["*"], "run": []}]},
        {"command": [{"for": ["*"], "run": ["x", "{shell}"]}]},
        {"command": [{"run": ["x"]}]},
        {"separator": "a"},
    ],
)
def test_settings_that_cannot_be_meant(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PeopleSettings.model_validate(settings)
