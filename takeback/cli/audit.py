"""audit: the sealed record of who did what."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from takeback.chain import Head, parse_head
from takeback.cli.terms import (
    ConfigOption,
    Exit,
    JsonOption,
    UsageError,
    failing_clearly,
    load_config,
    print_json,
    say,
)
from takeback.flows import audit as flow
from takeback.flows.audit import Verdict
from takeback.flows.documents import Document, time
from takeback.ports.audit import Audit, Sealed
from takeback.store.audit_store import SqlAudit
from takeback.store.keys import open_seal
from takeback.store.opening import open_store

T = TypeVar("T")

commands = typer.Typer(no_args_is_help=True, help="The sealed record of who did what.")

HeadOption = Annotated[
    list[str] | None,
    typer.Option("--head", metavar="HEAD", help="A head that was noted elsewhere must be in it; may be repeated."),
]


@commands.command()
def verify(head: HeadOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Check that nothing sealed was changed, taken out or put in. Status 1 names the first broken place."""
    with failing_clearly(as_json):
        known = [_read_head(text) for text in head or ()]
        verdict = with_audit(config, lambda audit: flow.verify(audit, known))
        if as_json:
            print_json(_verdict(verdict))
        else:
            _say_verdict(verdict)
        if verdict.broken is not None:
            raise typer.Exit(Exit.TROUBLE)


def _say_verdict(verdict: Verdict) -> None:
    if verdict.broken is not None:
        say(f"The record does not hold: {verdict.broken.reason}.")
    else:
        say(f"The record holds: {verdict.head.position} acts sealed, head {verdict.head}.")
    if verdict.unsealed:
        say(f"{verdict.unsealed} newer acts are not sealed yet; takeback audit seal does it now.")


@commands.command()
def head(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Where the chain ends now. Kept elsewhere, it proves later that nothing up to here was changed."""
    with failing_clearly(as_json):
        ends = with_audit(config, lambda audit: audit.head())
        if as_json:
            print_json(_head(ends))
        else:
            say(str(ends))


@commands.command()
def seal(config: ConfigOption = None) -> None:
    """Seal now what is not sealed yet; `takeback serve` does so every few seconds."""
    with failing_clearly():
        sealed = with_audit(config, flow.seal_all)
        say("Nothing was left to seal." if not sealed else f"Sealed {sealed} acts.")


@commands.command()
def export(
    config: ConfigOption = None,
    after: Annotated[
        int, typer.Option("--after", metavar="POSITION", min=0, help="Only what was sealed behind that position.")
    ] = 0,
) -> None:
    """Print every sealed act with its link, one JSON document a line, oldest first."""

    async def work(audit: Audit) -> None:
        async for sealed in flow.pages(audit, after):
            sys.stdout.write(json.dumps(_sealed(sealed), ensure_ascii=False, separators=(",", ":")) + "\n")

    with failing_clearly():
        with_audit(config, work)
        sys.stdout.flush()


def with_audit(path: Path | None, work: Callable[[Audit], Coroutine[Any, Any, T]]) -> T:
    """What `work` comes to with the record of that configuration."""

    async def run() -> T:
        data = load_config(path).data
        async with open_store(data) as store:
            return await work(SqlAudit(store.access, await open_seal(store.access, data)))

    return asyncio.run(run())


def _read_head(text: str) -> Head:
    try:
        return parse_head(text)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _head(head: Head) -> Document:
    return {"position": head.position, "link": head.link.hex()}


def _verdict(verdict: Verdict) -> Document:
    broken = verdict.broken
    return {
        "holds": broken is None,
        "head": _head(verdict.head),
        "unsealed": verdict.unsealed,
        "broken": None if broken is None else {"position": broken.position, "reason": broken.reason},
    }


def _sealed(sealed: Sealed) -> Document:
    """With all that the digest is made of, so that anybody can check it; `at` also as people read it."""
    link, act = sealed.link, sealed.act
    document: Document = {
        "position": link.position,
        "sealed_at": link.sealed_at,
        "digest": link.digest.hex(),
        "link": link.link.hex(),
    }
    if act is None:
        return {**document, "act": None}
    return {
        **document,
        "act": {
            "id": act.id,
            "at": act.at,
            "kind": act.kind,
            "actor": act.actor,
            "account": act.account,
            "message": act.message,
            "detail": act.detail,
            "salt": act.salt.hex(),
        },
        "when": time(act.at),
    }
