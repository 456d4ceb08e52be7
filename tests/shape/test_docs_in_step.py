"""The pages say what the code does: nothing missing, nothing that is not there."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import write_docs
from takeback.cli.terms import Exit
from takeback.config import load, parse
from takeback.hold.states import State

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text("utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_CALL = re.compile(r"`(\w+)\(\)`")
_DEFINITION = re.compile(r"^ *(?:async )?(?:def|class) (\w+)", re.MULTILINE)
_NOT_BUILT = re.compile(r"takeback replace\b")


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(text: str, language: str) -> list[str]:
    return [match[2] for match in _BLOCK.finditer(text) if match[1] == language]


@pytest.mark.parametrize("path", write_docs.pages(), ids=name_of)
def test_made_parts_are_what_the_code_makes_now(path: Path) -> None:
    assert path.read_text("utf-8") == write_docs.pages()[path], "run `make docs`"


def test_all_parts_are_used() -> None:
    texts = "".join(path.read_text("utf-8") for path in PAGES)
    assert {part for part in write_docs.PARTS if f"<!-- made: {part} -->" in texts} == set(write_docs.PARTS)


# Configuration


def every_key() -> Iterator[tuple[str, str, str]]:
    for section, model in write_docs.sections():
        for key, field, meaning in write_docs.keys(section, model):
            yield key, write_docs.default(key, field), meaning


def test_every_key_has_a_meaning() -> None:
    assert all(meaning for _, _, meaning in every_key())


def test_every_key_is_in_the_page() -> None:
    text = page("configuration.md")
    listed = list(every_key())
    assert len(listed) > 60
    for key, default, meaning in listed:
        row = write_docs.table((), [(f"`{key.rpartition('.')[2]}`", default, meaning)]).splitlines()[-1]
        assert row in text, key


def test_defaults_are_written_as_they_would_be_read() -> None:
    """Each default, put into a file, means what leaving it out means."""
    plain = parse({"relay": [{"to": "lmtp://localhost"}]}, ROOT / "takeback.toml")
    compared = 0
    for key, default, _ in every_key():
        section, _, name = key.rpartition(".")
        if not default.startswith("`") or "." in section or section in ("relay", "mailboxes"):
            continue
        document = tomllib.loads(f"[{section}]\n{name} = {default.strip('`')}\n[[relay]]\nto = 'lmtp://localhost'")
        assert parse(document, ROOT / "takeback.toml") == plain, key
        compared += 1
    assert compared > 25


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_configurations_can_be_read(path: Path) -> None:
    for text in blocks(path.read_text("utf-8"), "toml"):
        document = tomllib.loads(text)
        document.setdefault("relay", [{"to": "lmtp://localhost"}])
        parse(document, path)


def test_the_first_configuration_is_complete(tmp_path: Path) -> None:
    english, arabic = blocks(README, "toml")
    for text in (english, arabic):
        file = tmp_path / "takeback.toml"
        file.write_text(text, "utf-8")
        assert load(file).relay[0].password_file == Path("/etc/takeback/smarthost-password")
    assert tomllib.loads(english) == tomllib.loads(arabic)


def test_the_full_example_shows_every_section() -> None:
    (example,) = blocks(page("configuration.md"), "toml")
    document = tomllib.loads(example)
    for section, _ in write_docs.sections():
        found: object = document
        for part in section.split("."):
            found = found[0] if isinstance(found, list) else found
            assert isinstance(found, dict) and part in found, section
            found = found[part]


# Commands and states


def test_every_command_and_option_is_in_the_page() -> None:
    text = page("commands.md")
    commands = write_docs.leaves()
    assert len(commands) > 10
    for name, command in commands:
        part = text.partition(f"### `takeback {name} ")[2].partition("\n### ")[0]
        assert command.help and command.help in part, name
        for each in command.params:
            for word in each.opts if each.param_type_name == "option" else [each.metavar]:
                assert word in part, f"{name} {word}"


def test_every_exit_status_is_in_the_page() -> None:
    rows = page("commands.md").partition("## Exit statuses")[2].partition("\n## ")[0]
    assert {int(number) for number in re.findall(r"^\| (\d) \|", rows, re.MULTILINE)} == {each.value for each in Exit}


@pytest.mark.parametrize("state", State)
def test_every_state_is_in_states_and_glossary(state: State) -> None:
    for name in ("states.md", "glossary.md"):
        assert f"| `{state.value}` |" in page(name)


def test_every_word_of_the_glossary_has_its_arabic() -> None:
    rows = [line for line in page("glossary.md").splitlines() if line.startswith("| ") and "---" not in line]
    for row in rows:
        if "Arabic" not in row:
            assert re.search(r"\| [\u0600-\u06ff][^|]* \|$", row), row


def test_commands_in_the_pages_exist() -> None:
    known = {name.split()[0] for name, _ in write_docs.leaves()} | {"account"}
    used = set()
    for path in PAGES:
        text = path.read_text("utf-8")
        shell = "\n".join(blocks(text, "sh"))
        used |= {(path.name, word) for word in re.findall(r"(?:^|bin/)takeback ([a-z-]+)", shell, re.MULTILINE)}
        used |= {(path.name, word) for word in re.findall(r"`takeback ([a-z][a-z-]*)", text)}
    assert len(used) > 20
    assert {word for _, word in used} <= known, sorted(used)


# Pages


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    for target in _LINK.findall(path.read_text("utf-8")):
        if target.startswith(("https://", "mailto:")):
            continue
        file, _, anchor = target.partition("#")
        place = (path.parent / file).resolve() if file else path
        assert place.exists(), target
        assert place.is_relative_to(ROOT), target
        if anchor:
            headings = _HEADING.findall(place.read_text("utf-8"))
            assert anchor in {heading.lower().replace(" ", "-") for heading in headings}, target


def test_functions_named_in_pages_exist() -> None:
    code = "".join(file.read_text("utf-8") for file in (ROOT / "takeback").rglob("*.py"))
    defined = set(_DEFINITION.findall(code))
    for path in (DOCS / "flow.md", ROOT / "HACKING.md"):
        named = set(_CALL.findall(path.read_text("utf-8"))) - {"code"}
        assert len(named) > 3
        assert named <= defined, named - defined


def test_flow_names_the_files_on_the_way() -> None:
    linked = {(DOCS / target).resolve() for target in _LINK.findall(page("flow.md"))}
    flows = {file.resolve() for file in (ROOT / "takeback/flows").glob("*.py")}
    assert {file.name for file in flows - linked} <= {"__init__.py", "hold.py"}


def test_every_decision_is_numbered_once_in_a_row() -> None:
    numbers = [int(path.name[:4]) for path in sorted((DOCS / "decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))
    for path in (DOCS / "decisions").glob("*.md"):
        text = path.read_text("utf-8")
        assert text.startswith(f"# {int(path.name[:4])}. ")
        assert all(f"**{part}.**" in text for part in ("Question", "Choice", "Given up"))


def test_readme_has_two_equal_halves() -> None:
    english, _, arabic = README.partition('<div dir="rtl">')
    assert arabic.strip().endswith("</div>")
    assert len(_HEADING.findall(_BLOCK.sub("", english))) == len(_HEADING.findall(_BLOCK.sub("", arabic)))
    # English also links to the Arabic half, and to its own list of documents.
    in_english = [link for link in _LINK.findall(english) if not link.startswith("#")]
    assert in_english == [link.replace("-ar-", "-en-") for link in _LINK.findall(arabic)]  # each shows its own pages
    for language in ("sh", "toml", "python", ""):
        assert len(blocks(english, language)) == len(blocks(arabic, language))
    assert arabic.count('<div dir="ltr">') == len(_BLOCK.findall(arabic))


def test_no_page_promises_what_is_not_built() -> None:
    """The words may stand only where a page says that the thing is not there."""
    for path in PAGES:
        for paragraph in path.read_text("utf-8").split("\n\n"):
            if _NOT_BUILT.search(paragraph):
                assert re.search(r"\b[Nn]ot\b|\bno way\b", paragraph), f"{name_of(path)}: {paragraph}"
    assert "out of reach for good" in README
    assert "خارج المتناول نهائيًّا" in README


def test_the_picture_is_small_and_calls_nobody() -> None:
    picture = (DOCS / "demo.svg").read_text("utf-8")
    assert len(picture.encode()) < 60_000
    assert "url(" not in picture and re.findall(r"https?://[^\"]+", picture) == ["http://www.w3.org/2000/svg"]


def test_packaging_says_what_the_program_does() -> None:
    unit = (ROOT / "packaging/takeback.service").read_text("utf-8")
    assert "takeback serve --config /etc/takeback/takeback.toml" in unit
    assert f"RestartPreventExitStatus={Exit.USAGE.value}" in unit
    dockerfile = (ROOT / "packaging/Dockerfile").read_text("utf-8")
    assert "--require-hashes" in dockerfile and "\nUSER takeback\n" in dockerfile
