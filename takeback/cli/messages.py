"""outbox, show, undo, release, hold: what can be done to messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.live import Live

from takeback import clock
from takeback.cli import words
from takeback.cli.desk import KeyFileOption, Place, ServerOption, with_desk
from takeback.cli.terms import (
    AccountOption,
    ConfigOption,
    Exit,
    JsonOption,
    MessageArgument,
    RecipientOption,
    UsageError,
    asker,
    console,
    failing_clearly,
    print_json,
    say,
)
from takeback.cli.tongue import Said, listed, number, t, theirs
from takeback.clock import Duration, Instant
from takeback.flows import documents
from takeback.flows.ask import Told, recount
from takeback.flows.hold import hold as hold_flow
from takeback.flows.hold import send_now
from takeback.flows.undo import undo as undo_flow
from takeback.ports.desk import Desk
from takeback.ports.store import EventView, MessageView
from takeback.quantities import parse_duration

_LISTED = 50


def outbox(
    config: ConfigOption = None,
    server: ServerOption = None,
    key_file: KeyFileOption = None,
    account: AccountOption = None,
    watch: Annotated[bool, typer.Option("--watch", help="Keep the list on screen, counting down.")] = False,
    as_json: JsonOption = False,
) -> None:
    """What is held, on its way, or needs a decision; newest first."""
    place = Place(config, server, key_file)
    with failing_clearly(as_json):
        who = asker(account)
        if as_json:
            views = with_desk(place, lambda desk: desk.outbox(who.account, None))
            print_json([documents.message(view) for view in views])
        elif watch and console.is_terminal:
            with_desk(place, lambda desk: _watch(desk, who.account))
        else:
            _print_outbox(*with_desk(place, lambda desk: _newest(desk, who.account)))


async def _newest(desk: Desk, account: str | None) -> tuple[Sequence[MessageView], Instant]:
    return await desk.outbox(account, _LISTED + 1), desk.now()


def _print_outbox(views: Sequence[MessageView], now: Instant) -> None:
    if not views:
        say(t("Nothing is held or on its way."))
        return
    console.print(words.outbox(views[:_LISTED], now))
    if len(views) > _LISTED:
        say(t("The newest {number} are shown; --json lists all.", number=number(_LISTED)))


async def _watch(desk: Desk, account: str | None) -> None:
    with Live(console=console, auto_refresh=False) as live:
        while True:
            views = await desk.outbox(account, _LISTED)
            live.update(words.outbox(views, desk.now()), refresh=True)
            await asyncio.sleep(0.5)


def show(
    message: MessageArgument,
    config: ConfigOption = None,
    server: ServerOption = None,
    key_file: KeyFileOption = None,
    account: AccountOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every recipient's state, and everything that happened."""

    async def look(desk: Desk) -> tuple[MessageView, Sequence[EventView], Sequence[MessageView], Instant]:
        return *await recount(desk, message, asker(account)), desk.now()

    place = Place(config, server, key_file)
    with failing_clearly(as_json):
        view, events, also, now = with_desk(place, look)
        if as_json:
            print_json(documents.shown(view, events, also))
            return
        for part in words.message(view, events, now):
            console.print(part)
        if also:
            others = listed([theirs(other.id) for other in also])
            say(t("Submitted under the same Message-ID: {others}", others=others))


def undo(
    message: MessageArgument,
    recipient: RecipientOption = None,
    config: ConfigOption = None,
    server: ServerOption = None,
    key_file: KeyFileOption = None,
    account: AccountOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop a message before it leaves. What is answered as stopped never leaves."""
    place = Place(config, server, key_file)
    with failing_clearly(as_json):
        who = asker(account)
        told = with_desk(place, lambda desk: undo_flow(desk, message, who, recipient or ()))
        _answer(told, as_json, documents.undone, words.undone)


def release(
    message: MessageArgument,
    recipient: RecipientOption = None,
    again: Annotated[
        bool, typer.Option("--again", help="Send an unknown one once more; it may then arrive twice.")
    ] = False,
    config: ConfigOption = None,
    server: ServerOption = None,
    key_file: KeyFileOption = None,
    account: AccountOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send now."""
    place = Place(config, server, key_file)
    with failing_clearly(as_json):
        who = asker(account)
        told = with_desk(place, lambda desk: send_now(desk, message, who, recipient or (), again))
        _answer(told, as_json, documents.released, words.released)


def hold(
    message: MessageArgument,
    for_: Annotated[str | None, typer.Option("--for", metavar="TIME", help="From now on, as in 10m.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="As in 14:30 or RFC 3339.")] = None,
    until_released: Annotated[bool, typer.Option("--until-released", help="Until somebody releases it.")] = False,
    recipient: RecipientOption = None,
    config: ConfigOption = None,
    server: ServerOption = None,
    key_file: KeyFileOption = None,
    account: AccountOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hold longer, or until released."""
    place = Place(config, server, key_file)
    with failing_clearly(as_json):
        if sum((for_ is not None, until is not None, until_released)) != 1:
            raise UsageError("say how long: one of --for TIME, --until TIME, --until-released")
        who = asker(account)

        async def work(desk: Desk) -> Told:
            due_at = None if until_released else _due_at(for_, until, desk.now())
            return await hold_flow(desk, message, due_at, who, recipient or ())

        told = with_desk(place, work)
        _answer(told, as_json, documents.held, words.held)


def _due_at(for_: str | None, until: str | None, now: Instant) -> Instant:
    due_at = now + _duration(for_) if for_ is not None else _time(until or "", now)
    if due_at <= now:
        raise UsageError("{time} is no time to hold for; takeback release sends at once", time=for_ or until)
    return due_at


def _duration(text: str) -> Duration:
    try:
        return parse_duration(text)
    except ValueError:
        raise UsageError(
            '{time} is no length of time; write it as "30s", "5m", "2h" or "3d"', time=repr(text)
        ) from None


def _time(text: str, now: Instant) -> Instant:
    try:
        return parse_time(text, clock.to_datetime(now).astimezone())
    except ValueError:
        raise UsageError(
            '{time} is no time; write it as "14:30", "2026-12-01 08:00" or with a zone', time=repr(text)
        ) from None


def parse_time(text: str, now: datetime) -> Instant:
    """The next `14:30`, or a date and time, local where no zone is said; ValueError where it is neither."""
    try:
        if len(text) <= 5:
            hour, minute = (int(part) for part in text.split(":"))
            today = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
            return clock.from_datetime(today if today > now else today + timedelta(days=1))
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return clock.from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo))
    except (ValueError, OverflowError):
        raise ValueError(f"no time: {text!r}") from None


def _answer(
    told: Told, as_json: bool, document: Callable[[Told], documents.Document], sentence: Callable[[Told], Said]
) -> None:
    if as_json:
        print_json(document(told))
    else:
        for each in (told, *told.also):
            say(t("{name}: {value}", name=each.message, value=sentence(each)))
    if not told.whole:
        raise typer.Exit(Exit.NOT_ALL)
