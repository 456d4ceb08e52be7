"""Whatever goes wrong is said in the language of the page: every code, and every sentence about a case."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import Request
from fastapi.responses import Response

from scripts import catalogue
from takeback.errors import NotFound, TakebackError
from takeback.flows.ask import Who
from takeback.flows.undo import undo
from takeback.httpd.problems import Code, Problem, problem_of
from takeback.i18n.language import languages
from takeback.web.problem_page import problem_page
from tests.http.site import ANN, Site

OTHERS = [code for code in languages() if code != "en"]
_SHOWN = re.compile(r"<main.*?</main>", re.DOTALL)
_NOT_WORDS = re.compile(r"<bdi>.*?</bdi>|\u2066.*?\u2069|<[^>]*>|Takeback|HTML", re.DOTALL)
SPEAKING = ("web", "httpd", "api")
RAISED = ("flows/ask.py", "flows/recall.py", "flows/resend.py", "flows/drop.py", "flows/learn.py", "mailboxes/own.py")
RAISED_ELSEWHERE = ("recall/permission.py", "auth/credentials.py")


def page_of(site: Site, problem: Problem, language: str, part: bool = False) -> str:
    headers = [(b"accept-language", language.encode())] + ([(b"hx-request", b"true")] if part else [])
    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
    answer: Response = problem_page(Request({**scope, "app": site.app, "state": {}}), problem)
    text = bytes(answer.body).decode()
    if part:
        return text
    shown = _SHOWN.search(text)
    assert shown
    return shown[0]


@pytest.mark.parametrize("language", OTHERS)
async def test_every_problem_is_told_in_every_language(site: Site, language: str) -> None:
    for code in Code:
        for part in (False, True):
            shown = page_of(site, Problem(code), language, part)
            assert not re.search("[A-Za-z]{2}", _NOT_WORDS.sub("", shown)), (code, shown)


@pytest.mark.parametrize("language", OTHERS)
async def test_every_sentence_about_a_case_is_told_in_every_language(site: Site, language: str) -> None:
    sentences = list(_sentences())
    assert len(sentences) > 40
    for words in sentences:
        values = dict.fromkeys(re.findall(r"\{(\w+)\}", words), "x@one.example")
        shown = page_of(site, Problem(Code.BAD_VALUE, words, values=values), language)
        assert not re.search("[A-Za-z]{2}", _NOT_WORDS.sub("", shown)), shown
        assert shown.count("<bdi>x@one.example</bdi>") == len(values)


def _sentences() -> Iterator[str]:
    """The English of all problems and errors that a page may have to tell of. None is put together on the spot: such
    words cannot be looked up."""
    package = catalogue.PACKAGE
    files = [file for folder in SPEAKING for file in (package / folder).rglob("*.py")]
    for file in [*files, *(package / each for each in RAISED + RAISED_ELSEWHERE)]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                yield from _said_in(node.exc, file)


def _said_in(call: ast.Call, file: Path) -> Iterator[str]:
    if catalogue._name_of(call) in catalogue._ERRORS:
        assert not any(isinstance(given, ast.JoinedStr) for given in call.args), f"{file}:{call.lineno}"
        if found := catalogue._words_of_error(call):
            yield found[0]


async def test_values_of_an_error_reach_page_and_document(site: Site) -> None:
    id = await site.held()
    with pytest.raises(NotFound) as raised:
        await undo(site.store, id, Who("test", ANN, ""), ["nobody@<b>"])
    problem = problem_of(raised.value)
    assert problem.document()["detail"] == f"nobody@<b> is no recipient of {id}"
    assert "<bdi>nobody@&lt;b&gt;</bdi>" in page_of(site, problem, "ar")
    assert f"nobody@&lt;b&gt; is no recipient of {id}" in re.sub("</?bdi>", "", page_of(site, problem, "en"))


async def test_braces_of_strangers_are_only_shown(site: Site) -> None:
    for language in languages():
        assert "{x}" in page_of(site, problem_of(TakebackError("what is {x}")), language)
