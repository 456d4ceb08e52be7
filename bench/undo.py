"""Undo with many on hold: asked of the store, and by a person in a terminal, beside `postsuper -d`."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from statistics import median

from bench import peer, places, source
from bench.gateway import COMMAND, configure
from bench.held import BODY_SIZE, held_store
from bench.results import Row, Section, Skipped, latency
from bench.scale import Scale


def run(scale: Scale) -> Section:
    with places.folder() as folder:
        config = configure(folder)
        with held_store(config) as store:
            chosen = Random(1).sample(store.fill(scale.held), scale.undos + scale.commands)
            in_process = store.seconds_to_undo(chosen[: scale.undos])
        by_command = [_seconds_to_undo(config, id) for id in chosen[scale.undos :]]
    notes = [
        f"Undo: {scale.held:,} messages of {BODY_SIZE // 1024} KB held, {scale.undos:,} of them undone one after the "
        f"other: found, stopped and durable. {scale.commands} more with the `takeback undo` command, from its start "
        "to its end.",
    ]
    try:
        theirs = _seconds_to_delete(scale)
    except Skipped as reason:
        theirs = []
        notes.append(f"postsuper -d: not measured, {reason}.")
    else:
        notes.append(
            f"postsuper -d: {scale.deletions} commands, from start to end, with {2 * scale.deletions} messages on "
            "hold when it began (a message is a file there, found by its name)."
        )
    return Section([_row("Undo, in the gateway", in_process, theirs), _row("Undo, command", by_command, theirs)], notes)


def _row(what: str, ours: Sequence[float], theirs: Sequence[float]) -> Row:
    if not theirs:
        return Row(what, latency(ours))
    ratio = median(theirs) / median(ours)
    words = f"{ratio:.3g} times as fast" if ratio >= 1 else f"{1 / ratio:.3g} times as slow"
    return Row(what, latency(ours), f"{latency(theirs)} (postsuper -d)", words)


def _seconds_to_undo(config: Path, id: str) -> float:
    began = time.perf_counter()
    subprocess.run([*COMMAND, "undo", id, "--config", str(config), "--json"], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def _seconds_to_delete(scale: Scale) -> list[float]:
    source.check()
    with peer.holding() as postfix:
        source.seconds_to_send(postfix.port, 2 * scale.deletions)
        return [postfix.seconds_to_delete(id) for id in postfix.held()[: scale.deletions]]
