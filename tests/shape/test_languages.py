"""Every language says everything, and every page is laid out for either direction."""

from __future__ import annotations

import re

import pytest

from scripts import catalogue, write_docs
from takeback.hold.states import State
from takeback.i18n.language import LOCALES, language
from takeback.recall.outcomes import REASON_WORDS, WORDS, Outcome, Reason

FOLDERS = sorted(folder.name for folder in LOCALES.iterdir() if folder.is_dir())
STATIC = catalogue.PACKAGE / "web" / "static"
_PHYSICAL = re.compile(
    r"(?:^|[\s;{-])(?:left|right|(?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right|top|bottom)"
    r"|text-align:\s*(?:left|right)|float:\s*(?:left|right)|clear:\s*(?:left|right)"
    r"|border-(?:top|bottom)-(?:left|right)-radius)\s*[:;]"
)
_SHORTHAND = re.compile(r"(?:margin|padding|inset|border-(?:width|style|color)|border-radius):\s*([^;}]+)")
_LITERAL = re.compile(r">([^<>{}]*[A-Za-z]{2}[^<>{}]*)<")
_NAMES = {"Takeback", "Thunderbird", "iPhone, iPad, Mac"}


def test_there_are_words_to_look_at() -> None:
    words = catalogue.all_words()
    assert len(words) > 150
    assert {each.place.rpartition(":")[0].rpartition(".")[2] for each in words} == {"py", "html"}


@pytest.mark.parametrize("code", FOLDERS)
def test_nothing_is_missing(code: str) -> None:
    assert [f"{each.place}: {each.one}" for each in catalogue.missing(code)] == []


@pytest.mark.parametrize("code", FOLDERS)
def test_placeholders_are_those_of_the_english(code: str) -> None:
    assert catalogue.mismatches(code) == []


def test_a_wrong_placeholder_and_a_missing_form_would_be_found() -> None:
    whole = catalogue.catalogue("ar")
    whole.add("at {time}", "في {zeit}")
    whole.add(("{number} cup", "{number} cups"), ("{number} كوب",) * 5)
    assert not catalogue.is_said(whole, catalogue.Words("{number} cup", "{number} cups", ""))
    assert len(catalogue.mismatches_of(whole)) == 1


def test_templates_hold_no_words_of_their_own() -> None:
    for file in catalogue.TEMPLATES.rglob("*.html"):
        text = re.sub(r"\{[%#{].*?[%#}]\}", "", file.read_text("utf-8"), flags=re.DOTALL)
        found = {match.strip() for match in _LITERAL.findall(text)} - _NAMES
        assert not {each for each in found if not each.startswith("· Takeback")}, file.name


def test_the_stylesheet_knows_no_left_and_right() -> None:
    style = (STATIC / "app.css").read_text("utf-8")
    assert _PHYSICAL.findall(style) == []
    for values in _SHORTHAND.findall(style):
        sides = re.sub(r"\([^()]*\)", "()", values).replace("!important", "").split()
        assert len(sides) < 4 or sides[1] == sides[3], values


@pytest.mark.parametrize("rule", ["a { margin-left: 1px; }", "a { text-align: right; }", "a{left:0;}"])
def test_left_and_right_would_be_found(rule: str) -> None:
    assert _PHYSICAL.search(rule)


def test_nothing_is_loaded_from_elsewhere() -> None:
    for file in (*catalogue.TEMPLATES.rglob("*.html"), STATIC / "app.css", STATIC / "app.js"):
        text = file.read_text("utf-8")
        assert not re.search(r"https?://|@import|url\(", text), file.name
        assert not re.search(r"""\sstyle=|\son\w+=|<script(?! src)""", text), file.name


EVERYDAY = {"demo", "outbox", "show", "undo", "release", "hold", "recall", "recalls", "confirm", "restore", "doctor"}


@pytest.mark.parametrize("code", FOLDERS)
def test_everyday_commands_explain_themselves(code: str) -> None:
    said = language(code).text
    commands = [command for name, command in write_docs.leaves() if name in EVERYDAY]
    assert len(commands) == len(EVERYDAY)
    texts = {each.help for command in commands for each in (command, *command.params) if getattr(each, "help", None)}
    assert {text for text in texts if said(text) == text} == set()


@pytest.mark.parametrize("code", FOLDERS)
def test_every_state_has_its_word(code: str) -> None:
    assert [state.value for state in State if language(code).text(state.value) == state.value] == []


@pytest.mark.parametrize("code", FOLDERS)
def test_every_outcome_and_reason_of_a_recall_has_its_words(code: str) -> None:
    assert set(WORDS) == set(Outcome) and set(REASON_WORDS) == set(Reason) - {Reason.NONE}
    assert [text for text in (*WORDS.values(), *REASON_WORDS.values()) if language(code).text(text) == text] == []
