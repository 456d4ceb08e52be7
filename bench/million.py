"""A million on hold: what it costs whoever submits, whoever undoes, and in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import median

from bench import places, source
from bench.gateway import Gateway, configure, serving
from bench.held import BODY_SIZE, HeldStore, held_store
from bench.results import Row, Section, at_most, messages_per_second, milliseconds
from bench.rounds import Comparison, in_turn
from bench.scale import Scale

GOAL = 1.3
MEMORY_GOAL_MB = 200


def run(scale: Scale) -> Section:
    source.check()
    with places.folder() as folder:
        full, empty = configure(folder / "full"), configure(folder / "empty")
        undos = _compare_undos(scale, full, empty)
        with serving(full) as full_gateway, serving(empty) as empty_gateway:
            rates = _compare_rates(scale, full_gateway, empty_gateway)
            memory, peak = full_gateway.memory(), full_gateway.memory_peak()
    held = f"{scale.million:,} held"
    return Section(
        [
            Row(
                f"Accept and hold, {held}",
                messages_per_second(rates.our_median),
                f"{messages_per_second(rates.their_median)} (empty store)",
                f"{rates.inverse:.2f} times as slow",
                at_most(GOAL, rates.inverse),
            ),
            Row(
                f"Undo, {held}",
                f"median {milliseconds(undos.our_median)}",
                f"median {milliseconds(undos.their_median)} (empty store)",
                f"{undos.ratio:.2f} times as slow",
                at_most(GOAL, undos.ratio),
            ),
            Row(
                f"Memory, {held}",
                f"{memory:.0f} MB resident, {peak:.0f} MB at most",
                goal=at_most(MEMORY_GOAL_MB, peak, " MB"),
            ),
        ],
        [
            f"{held}: messages of {BODY_SIZE // 1024} KB, to spare the disk, put there through the store's own "
            f"accept. Two gateways in turn, {scale.rounds} rounds: one with all of them, one with nothing but what "
            f"its own rounds bring. Submissions are {scale.messages:,} a round, as above; undos "
            f"{scale.undos_a_round:,} a round, chosen at random."
        ],
    )


def _compare_undos(scale: Scale, full: Path, empty: Path) -> Comparison:
    with held_store(full) as full_store, held_store(empty) as empty_store:
        ids = full_store.fill(scale.million)
        chosen = iter(Random(1).sample(ids, scale.rounds * scale.undos_a_round))
        return in_turn(
            scale.rounds,
            lambda: _median_undo(full_store, [next(chosen) for _ in range(scale.undos_a_round)]),
            lambda: _median_undo(empty_store, empty_store.fill(scale.undos_a_round)),
        )


def _median_undo(store: HeldStore, ids: list[str]) -> float:
    return median(store.seconds_to_undo(ids))


def _compare_rates(scale: Scale, full: Gateway, empty: Gateway) -> Comparison:
    for gateway in (full, empty):
        source.seconds_to_send(gateway.port, scale.warm_up)
    return in_turn(scale.rounds, _rate(full, scale.messages), _rate(empty, scale.messages))


def _rate(gateway: Gateway, messages: int) -> Callable[[], float]:
    return lambda: messages / source.seconds_to_send(gateway.port, messages)
