"""Writes the parts of docs/ that are made from the code: states, configuration, commands, and the picture of the demo.

A page is written by hand but for the text between `<!-- made: name -->` and `<!-- end -->`. `make docs` runs this;
tests/shape/test_docs_in_step.py fails where a page is not what this would write.
"""

from __future__ import annotations

import ast
import inspect
import io
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import typer.main
from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from rich.console import Console, Group
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

from takeback.api import resources
from takeback.cli import playground, recall_words, words
from takeback.cli.main import commands
from takeback.clock import SECOND, Instant, parse_rfc3339
from takeback.config import Config
from takeback.hold.states import FINAL, STOPPABLE, TRANSITIONS, Act, State
from takeback.httpd.problems import Code
from takeback.ports.store import MessageView, Origin, RecipientView
from takeback.quantities import format_duration
from takeback.recall.outcomes import Outcome

DOCS = Path(__file__).parents[1] / "docs"
_MADE = re.compile(r"(<!-- made: ([a-z]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def pages() -> dict[Path, str]:
    """Every page with a made part, as it should be."""
    written = {
        path: _MADE.sub(lambda match: f"{match[1]}\n{PARTS[match[2]]()}\n{match[3]}", path.read_text("utf-8"))
        for path in sorted(DOCS.glob("*.md"))
    }
    return {path: text for path, text in written.items() if _MADE.search(text)} | {DOCS / "demo.svg": picture()}


# States


_ARROWS: Mapping[Act, str] = {
    Act.CLAIM: "claim",
    Act.MARK_DOT: "dot mark",
    Act.GIVE_BACK: "given back",
    Act.SENT: "taken (2xx)",
    Act.DEFER: "not taken (4xx)",
    Act.FAIL: "refused (5xx)",
    Act.LOSE: "no answer",
    Act.UNDO: "undo",
    Act.RELEASE: "send now",
    Act.HOLD: "hold",
    Act.REVIEW: "found risky",
    Act.SEND_AGAIN: "send again",
    Act.RESTORE: "backup restored",
}


def diagram() -> str:
    """Several acts between the same two states share an arrow."""
    labels: dict[tuple[State, State], list[str]] = {}
    for act, moves in TRANSITIONS.items():
        for before, after in moves.items():
            labels.setdefault((before, after), []).append(_ARROWS[act])
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {State.HELD.value} : accepted"]
    lines += [f"    {before.value} --> {after.value} : {', '.join(acts)}" for (before, after), acts in labels.items()]
    lines += [f"    {state.value} --> [*]" for state in State if state in FINAL]
    return "\n".join([*lines, "```", ""])


def state_table() -> str:
    import takeback.hold.states as module

    meanings = docstrings(module, "State")
    rows = [
        (
            f"`{state.value}`",
            meanings[state.name],
            "yes" if state in STOPPABLE else "no",
            "yes" if state in FINAL else "no",
        )
        for state in State
    ]
    return table(("State", "Meaning", "Undo stops it", "Final"), rows)


# Configuration


_OF_THE_MACHINE = {"smtp.hostname": "the machine's name"}
_MULTIPLE = {"smtp.trusted", "hold.rule", "relay", "review.hold", "mailboxes", "people.list", "people.command"}


def sections() -> Iterator[tuple[str, type[BaseModel]]]:
    """Every section and the Settings behind it: `smtp`, `smtp.trusted`, `hold.rule.when`, …"""
    yield from _sections_in("", Config)


def _sections_in(prefix: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        if inner := _section_of(field):
            yield key, inner
            yield from _sections_in(f"{key}.", inner)


def _section_of(field: FieldInfo) -> type[BaseModel] | None:
    """The Settings that a field holds as a table. A comparison or a span is written as one text."""
    models = list(_models_in(field.annotation))
    return models[0] if models and models[0].__name__ not in ("Comparison", "Span") else None


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def keys(section: str, model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo, str]]:
    """Each key of a section that is not a section of its own: full name, field, meaning."""
    module = inspect.getmodule(model)
    meanings = docstrings(module, model.__name__)
    for name, field in model.model_fields.items():
        if _section_of(field) is None:
            key = f"{section}.{field.alias or name}"
            yield key, field, meanings[name]


def configuration() -> str:
    parts = []
    for section, model in sections():
        heading = f"[[{section}]]" if section in _MULTIPLE else f"[{section}]"
        rows = [
            (f"`{key.rpartition('.')[2]}`", default(key, field), meaning)
            for key, field, meaning in keys(section, model)
        ]
        about = inspect.cleandoc(model.__doc__ or "") if "__doc__" in vars(model) else ""
        listed = table(("Key", "Default", "Meaning"), rows)
        parts.append(f"### `{heading}`\n\n{about}\n\n{listed}".replace("\n\n\n", "\n"))
    return "\n".join(parts)


def default(key: str, field: FieldInfo) -> str:
    """The default as a person writes it; empty where there is none."""
    if key in _OF_THE_MACHINE:
        return _OF_THE_MACHINE[key]
    if field.is_required():
        return "needed"
    value = field.default
    if value is None or value in ("", (), {}):
        return ""
    return f"`{written(value, readers(field))}`"


def readers(field: FieldInfo) -> set[str]:
    """The names of the functions that read the field's text."""
    return {getattr(each, "func", int).__name__ for each in field.metadata}


def written(value: Any, read_by: Iterable[str]) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() if {"_read_duration", "_read_window"} & set(read_by):
            return f'"{format_duration(value)}"'
        case int() if "_read_size" in read_by and value >= 1 << 10:
            return f'"{_size(value)}"'
        case int():
            return str(value)
        case tuple():
            return f"[{', '.join(written(each, ()) if isinstance(each, str) else _endpoint(each) for each in value)}]"
        case _:
            return f'"{value}"'.replace("\\", "\\\\")


def _endpoint(value: tuple[str, int]) -> str:
    return f'"{value[0]}:{value[1]}"'


def _size(value: int) -> str:
    units = ((30, "GB"), (20, "MB"), (10, "KB"))
    return next(f"{value >> shift}{unit}" for shift, unit in units if value % (1 << shift) == 0)


# Commands


def command_list() -> str:
    group = typer.main.get_command(commands)
    return "\n".join(_describe(name, command) for name, command in _leaves("", group))


def leaves() -> list[tuple[str, Any]]:
    """Every command by its full name."""
    return list(_leaves("", typer.main.get_command(commands)))


def _leaves(prefix: str, group: Any) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _leaves(f"{prefix}{name} ", command)
        else:
            yield f"{prefix}{name}", command


def _describe(name: str, command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    usage = " ".join(["takeback", name, *(each.metavar for each in arguments), "[OPTIONS]" if options else ""])
    rows = [(f"`{each.metavar}`", "", each.help or "") for each in arguments]
    rows += [(f"`{_spelling(each)}`", _default_of(each), each.help or "") for each in options]
    return f"### `{usage.strip()}`\n\n{command.help}\n\n{table(('Option', 'Default', 'Meaning'), rows)}"


def _spelling(option: Any) -> str:
    word = "" if option.is_flag else f" {option.metavar or option.name.upper()}"
    return ", ".join(option.opts) + word


def _default_of(option: Any) -> str:
    return "" if option.is_flag or option.default is None else f"`{option.default}`"


# The HTTP API


def resource_list() -> str:
    app = FastAPI()
    resources.install(app)
    rows = []
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            about = operation.get("description", "").split("\n\n")[0]
            rows.append((f"`{method.upper()} {path}`", " ".join(about.split()) or operation["summary"]))
    return table(("Request", "What it does"), rows)


def problem_list() -> str:
    rows = [(f"`{each.code}`", str(each.status), f"{each.title}.") for each in Code]
    return table(("Code", "Status", "Meaning"), rows)


# The picture


_NOW: Instant = parse_rfc3339("2026-11-24T10:00:00Z")
_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {terminal_width} {terminal_height}" role="img" '
    'aria-label="The demo in a terminal">'
    "<style>.{unique_id}-matrix {{ font: {char_height}px ui-monospace, Menlo, Consolas, monospace; "
    "line-height: {line_height}px }} {styles}</style>"
    '<rect width="100%" height="100%" rx="8" fill="#1c1f26"/>'
    '<g transform="translate(9, 9)">{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g></svg>\n'
)
"""No font is fetched: a picture in a README must not call anybody."""
_CLIPPED = re.compile(r' clip-path="url\([^)]*\)"')


def picture() -> str:
    """The demo as its own code draws it, a few seconds after the start: one message undone, one recalled."""
    console = Console(file=io.StringIO(), width=104, record=True, force_terminal=True, legacy_windows=False)
    lines = playground._instructions(Path("takeback-demo/takeback.toml"), 1587)
    console.print(
        Group(
            playground._title(),
            words.outbox(_shown(), _NOW),
            Text(recall_words.in_a_line(_shown()[1].id, {Outcome.RECALLED: 1})),
            Text(),
            *map(playground._instruction, lines),
            playground._how_to_stop(),
        )
    )
    svg = console.export_svg(title="", theme=DIMMED_MONOKAI, code_format=_SVG, unique_id="demo")
    svg = _CLIPPED.sub("", svg)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def _shown() -> list[MessageView]:
    states = [
        (State.UNDONE, 0),
        (State.SENT, None),
        (State.HELD, 24),
        (State.HELD, 54),
        (State.HELD, 174),
        (State.HELD, None),
    ]
    samples = [playground.Sample(("omar",), "Oops", ""), *reversed(playground.SAMPLES)]
    return [
        _view(f"1tj8m4{number}k2v7c3q9d", sample, state, due)
        for number, (sample, (state, due)) in enumerate(zip(samples, states, strict=True))
    ]


def _view(id: str, sample: playground.Sample, state: State, due: int | None) -> MessageView:
    due_at = None if due is None else _NOW + due * SECOND
    recipients = [RecipientView(f"{name}@{playground.DOMAIN}", state, due_at, _NOW, "", "") for name in sample.to]
    return MessageView(
        id, "", playground.SENDER, Origin.SUBMISSION, playground.SENDER, sample.subject, 400, _NOW, recipients
    )


# What the parts share


def docstrings(module: Any, name: str) -> dict[str, str]:
    """The text under each attribute of a class, on one line."""
    tree = ast.parse(inspect.getsource(module))
    (body,) = (node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    found = {}
    for attribute, text in itertools.pairwise(body):
        target = attribute.targets[0] if isinstance(attribute, ast.Assign) else getattr(attribute, "target", None)
        if (
            isinstance(target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
            and isinstance(text.value.value, str)
        ):
            found[target.id] = " ".join(text.value.value.split())
    return found


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


PARTS: Mapping[str, Callable[[], str]] = {
    "diagram": diagram,
    "states": state_table,
    "configuration": configuration,
    "commands": command_list,
    "resources": resource_list,
    "problems": problem_list,
}


def main() -> None:
    for path, text in pages().items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(f"wrote {path.relative_to(DOCS.parent)}")


if __name__ == "__main__":
    main()
