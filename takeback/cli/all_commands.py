"""All commands together: which of them can be carried out elsewhere, and in which language they explain themselves."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from typer.core import TyperGroup

from takeback.cli import tongue
from takeback.cli.desk import SERVER_OPTION
from takeback.cli.tongue import t

LANG_OPTION = "--lang"

REMOTE = frozenset({"outbox", "show", "undo", "release", "hold", "recall", "recalls"})
"""Commands that can be carried out elsewhere. The others need the data, the configuration or the mailboxes at hand."""


class Commands(TyperGroup):
    """Takes `--lang` wherever it stands, and refuses `--server` for what works on the gateway's own machine only."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        tongue.speak(tongue.choose(None, os.environ))
        return list(super().parse_args(ctx, _language_first(args)))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] in self.commands and args[0] not in REMOTE and _has(args, SERVER_OPTION):
            ctx.fail(
                t(
                    "takeback {command} works on the gateway's own machine; {option} is not for it.",
                    command=args[0],
                    option=SERVER_OPTION,
                )
            )
        name, command, rest = super().resolve_command(ctx, args)
        _translate(command)
        return name, command, rest

    def format_help(self, ctx: Any, formatter: Any) -> None:
        _translate(self)
        super().format_help(ctx, formatter)


def _options(args: Sequence[str]) -> Sequence[str]:
    """What stands before `--`."""
    return args[: args.index("--")] if "--" in args else args


def _has(args: Sequence[str], option: str) -> bool:
    return any(word.partition("=")[0] == option for word in _options(args))


def _language_first(args: list[str]) -> list[str]:
    """The same words with `--lang` and its value in front: the language is settled before anything is said."""
    for place, word in enumerate(_options(args)):
        if word.partition("=")[0] == LANG_OPTION:
            end = place + (1 if "=" in word else 2)
            return [*args[place:end], *args[:place], *args[end:]]
    return args


def _translate(command: Any) -> None:
    """What a command says of itself. It was made for this run only (`typer.main.get_command`)."""
    for each in (command, *command.params):
        if getattr(each, "help", None):
            each.help = tongue.spoken().text(each.help)
    for inner in getattr(command, "commands", {}).values():
        _translate(inner)
