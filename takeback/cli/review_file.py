"""review FILE: a message looked over without being sent, or many of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from takeback import clock
from takeback.cli.terms import JsonOption, UsageError, errors, failing_clearly, print_json, say
from takeback.errors import TakebackError
from takeback.quantities import Window, format_duration
from takeback.review.alone import Case, review_alone
from takeback.review.engine import Review
from takeback.review.policy import judge, longest
from takeback.review.rules import RULES
from takeback.review.settings import ReviewSettings

NAME = "file"
_SHOWN = 3
_LONGEST_PATH = 4_096


class FileIsMeant(TyperGroup):
    """`review x.eml` is short for `review file x.eml`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [NAME, *args]
        return list(super().parse_args(ctx, args))


def file(
    message: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A message as it would be sent (.eml); - for standard input.")
    ] = None,
    sender: Annotated[
        str, typer.Option("--sender", metavar="ADDRESS", help="Who sends it; without it, whom it is from.")
    ] = "",
    identity: Annotated[
        list[str] | None, typer.Option("--identity", metavar="ADDRESS", help="Another address of theirs; repeatable.")
    ] = None,
    history: Annotated[
        Path | None, typer.Option("--history", metavar="FILE", help="Their earlier mail, one JSON object a line.")
    ] = None,
    internal: Annotated[
        list[str] | None,
        typer.Option("--internal", metavar="DOMAIN", help="A domain of their organisation; repeatable."),
    ] = None,
    batch: Annotated[
        Path | None, typer.Option("--batch", metavar="FILE", help="Many messages, one JSON object a line.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Look a message over without sending it. `file` may be left out. No configuration is read."""
    with failing_clearly(as_json):
        if (message is None) == (batch is None):
            raise UsageError("name one message, or --batch FILE")
        if batch is not None:
            _review_batch(batch)
            return
        case = Case(
            content=_read(message or Path("-")),
            sender=sender,
            identities=identity or (),
            internal_domains=internal,
            past=list(_history(history)) if history else (),
        )
        _print(_reviewed(case), as_json)


def _reviewed(case: Case) -> Review:
    try:
        return review_alone(case, RULES, clock.now())
    except ValueError as error:
        raise UsageError(str(error)) from None


def _read(path: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


def _history(path: Path) -> Iterator[tuple[int, object]]:
    for number, line in _lines(path):
        try:
            yield number, json.loads(line)
        except (ValueError, RecursionError):
            raise UsageError(f"{path} line {number} is no JSON") from None


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Those that are not blank, counted from 1."""
    for number, line in enumerate(_read(path).splitlines(), 1):
        if line.strip():
            yield number, line


def _print(review: Review, as_json: bool) -> None:
    if as_json:
        print_json(_document(review))
        return
    if not review.findings:
        say("Nothing was found.")
    for finding in review.findings[:_SHOWN]:
        say(f"{finding.code} ({finding.probability:.0%}): {finding.reason.en}.")
    if len(review.findings) > _SHOWN:
        say(f"And {len(review.findings) - _SHOWN} more; --json lists all.")
    for failure in review.failures:
        say(f"The rule {failure.rule} said nothing: {failure.reason}.")
    if (window := _window(review)) != 0:
        say("It would be held until released." if window is None else f"It would be held {format_duration(window)}.")


def _document(review: Review) -> dict[str, Any]:
    window = _window(review)
    document: dict[str, Any] = {
        "score": round(review.score, 4),
        "hold": "until released" if window is None else format_duration(window) if window else None,
        "findings": [finding.document() for finding in review.findings],
    }
    if review.failures:
        document["failed"] = [failure.rule for failure in review.failures]
    return document


def _window(review: Review) -> Window:
    """How much longer it would be held by the tiers that are set by default."""
    return longest(each.window for each in judge(review.findings, ReviewSettings(), frozenset()))


class _BadLine(TakebackError):
    """A line of a batch that cannot be reviewed."""


def _review_batch(path: Path) -> None:
    """One line out for each line in, as soon as it is known; a bad line says so and the others are reviewed."""
    bad = 0
    for number, line in _lines(path):
        try:
            record = _record(line)
            answer = {"id": record.get("id"), **_document(review_alone(_case(record), RULES, clock.now()))}
        except (ValueError, _BadLine) as error:
            bad += 1
            said = f"line {number}: {error}"
            errors.print(f"takeback: {path.name} {said}", soft_wrap=True)
            answer = {"id": _id_in(line), "error": {"code": "bad_line", "message": said}}
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    if bad:
        raise _BadLine(f"{bad} of the lines could not be reviewed")


def _record(line: bytes) -> Mapping[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise _BadLine("it is no JSON") from None
    if not isinstance(record, dict):
        raise _BadLine('it is no object with "id", "eml", "sender", "history"')
    return record


def _id_in(line: bytes) -> Any:
    try:
        return _record(line).get("id")
    except _BadLine:
        return None


def _case(record: Mapping[str, Any]) -> Case:
    history = record.get("history") or []
    if not isinstance(history, list):
        raise _BadLine("history is a list of objects")
    domains = record.get("internal_domains")
    return Case(
        content=_content(record.get("eml")),
        sender=_text(record, "sender"),
        identities=_texts(record, "identities"),
        internal_domains=None if domains is None else _texts(record, "internal_domains"),
        past=enumerate(history, 1),
    )


def _content(eml: object) -> bytes:
    """The text of a message, or of the file that is named."""
    if not isinstance(eml, str) or not eml:
        raise _BadLine("eml is the text of a message, or the path of one")
    if "\n" not in eml and len(eml) < _LONGEST_PATH and "\0" not in eml and Path(eml).is_file():
        return _read(Path(eml))
    return eml.encode("utf-8", "replace")


def _text(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name) or ""
    if not isinstance(value, str):
        raise _BadLine(f"{name} is a text")
    return value


def _texts(record: Mapping[str, Any], name: str) -> list[str]:
    value = record.get(name) or []
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise _BadLine(f"{name} is a list of texts")
    return listed
