"""The words that people read, as they stand in code and templates, and what a language folder makes of them.

`python -m scripts.catalogue ar` prints what that folder lacks, ready to be filled in.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from takeback.i18n.language import LOCALES

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "takeback"
TEMPLATES = PACKAGE / "web" / "templates"
_ONE = frozenset({"text", "t", "words"})
_ERRORS = frozenset(
    {
        "NotFound",
        "Ambiguous",
        "LimitReached",
        "StoreUnavailable",
        "RemoteError",
        "NoServer",
        "NotElsewhere",
        "Problem",
        "NotEditable",
        "CannotReplace",
        "CannotCorrect",
        "StillNeeded",
        "NoEntry",
        "TooMany",
        "UnfitName",
        "NotNow",
        "UsageError",
        "_Cut",
    }
)
"""Errors that reach people; the last text among their arguments is their line in English."""
_MANY = frozenset({"count", "form", "n", "forms"})
"""Functions whose first argument, or first two, are words of a page, mail or terminal."""
_PLACEHOLDER = re.compile(r"\{(\w*)\}")


@dataclass(frozen=True, slots=True)
class Words:
    """Words in English, with those for many where they depend on a number; and where they stand."""

    one: str
    many: str
    place: str

    @property
    def id(self) -> str | tuple[str, str]:
        return (self.one, self.many) if self.many else self.one


def all_words() -> list[Words]:
    found = [*_in_code(), *_in_templates()]
    return list({each.id: each for each in reversed(found)}.values())[::-1]


def _in_code() -> Iterator[Words]:
    """Calls with literal words in files that speak to people. `header.text("from")` asks a header, not a language."""
    for file in sorted(PACKAGE.rglob("*.py")):
        source = file.read_text("utf-8")
        speaks = any(
            each in source for each in ("takeback.i18n", "takeback.web", "takeback.cli.tongue", "import tongue")
        )
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.Call):
                continue
            told = None if file in _NEVER_IN_A_TERMINAL else _words_of_error(node)
            if found := told or (_words_of(node) if speaks else None):
                yield Words(*found, f"{file.relative_to(ROOT)}:{node.lineno}")


_NEVER_IN_A_TERMINAL = frozenset({PACKAGE / "flows" / "commands.py", PACKAGE / "flows" / "notify.py"})
"""What goes wrong there is answered by mail or on a page, in words of their own."""


def _name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else str(getattr(call.func, "id", ""))


def _words_of_error(call: ast.Call) -> tuple[str, str] | None:
    given = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return (given[-1], "") if _name_of(call) in _ERRORS and given and " " in given[-1] else None


def _words_of(call: ast.Call) -> tuple[str, str] | None:
    name = _name_of(call)
    if name not in _ONE | _MANY or (isinstance(call.func, ast.Attribute) and _is_no_language(call.func.value)):
        return None
    given = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    if name in _MANY:
        return (given[0], given[1]) if len(given) >= 2 else None
    return (given[0], "") if given else None


def _is_no_language(owner: ast.expr) -> bool:
    return isinstance(owner, ast.Name) and owner.id in ("header", "fields", "field", "part", "text")


def _in_templates() -> Iterator[Words]:
    for file in sorted(TEMPLATES.rglob("*.html")):
        with file.open("rb") as source:
            for line, name, given, _ in babel_extract(
                source, ("t", "n"), (), {"encoding": "utf-8", "trimmed": "false"}
            ):
                words = [given] if isinstance(given, str) else [each for each in given or () if isinstance(each, str)]
                place = f"{file.relative_to(ROOT)}:{line}"
                if name == "n" and len(words) >= 2:
                    yield Words(words[0], words[1], place)
                elif name == "t" and words:
                    yield Words(words[0], "", place)


def catalogue(code: str) -> Catalog:
    """All of one language folder together."""
    whole = Catalog(locale=code)
    for file in sorted((LOCALES / code).glob("*.po")):
        with file.open("rb") as source:
            part = read_po(source, locale=code, abort_invalid=True)
        whole.mime_headers = part.mime_headers
        for message in part:
            if message.id:
                whole[message.id] = message
    return whole


def missing(code: str) -> list[Words]:
    known = catalogue(code)
    return [each for each in all_words() if not is_said(known, each)]


def is_said(known: Catalog, words: Words) -> bool:
    message = known.get(words.id)
    if message is None or isinstance(message.id, tuple) != bool(words.many):
        return False
    said = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return len(said) == (known.num_plurals if words.many else 1) and all(said)


def mismatches(code: str) -> list[str]:
    return mismatches_of(catalogue(code))


def mismatches_of(known: Catalog) -> list[str]:
    """Words whose placeholders are not those of the English. A form for a fixed number may leave the number out."""
    wrong = []
    for message in known:
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
        said = message.string if isinstance(message.string, tuple | list) else (message.string,)
        wanted = {name for each in ids for name in _PLACEHOLDER.findall(each)}
        for each in said:
            found = set(_PLACEHOLDER.findall(each or ""))
            if found - wanted or wanted - found - ({"number"} if len(ids) > 1 else set()):
                wrong.append(f"{ids[0]!r}: {each!r}")
    return wrong


def main() -> None:
    for each in missing(sys.argv[1]):
        print(f"#: {each.place}\nmsgid {_quoted(each.one)}")
        if each.many:
            print(f"msgid_plural {_quoted(each.many)}")
            print("\n".join(f'msgstr[{form}] ""' for form in range(catalogue(sys.argv[1]).num_plurals)))
        else:
            print('msgstr ""')
        print()


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


if __name__ == "__main__":
    main()
