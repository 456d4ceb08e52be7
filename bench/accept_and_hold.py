"""Accept and hold, durable before the 250: Takeback beside Postfix with HOLD."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bench import peer, places, source
from bench.gateway import configure, serving
from bench.held import count
from bench.results import Row, Section, at_least, messages_per_second, milliseconds
from bench.rounds import Comparison, in_turn, no_meter, with_cpu
from bench.scale import Scale
from bench.slow_disk import SlowDisk
from takeback.hold.states import State

GOAL = 4


def run(scale: Scale) -> Section:
    rates = compare(scale)
    return Section(
        [
            Row(
                "Accept and hold",
                messages_per_second(rates.our_median),
                f"{messages_per_second(rates.their_median)} (Postfix, HOLD)",
                f"{rates.ratio:.2f} times the rate (rounds: {rates.spread})",
                at_least(GOAL, rates.ratio),
            ),
            cpu_row("Accept and hold", rates),
        ],
        [
            f"Accept and hold: {scale.rounds} rounds of {scale.messages:,} messages on each side in turn; messages of "
            f"{source.SIZE // 1024} KB from smtp-source over {source.SESSIONS} sessions that stay open; median rate. "
            "Both sides as shipped, but that one account may hold any number of messages here. Afterwards every "
            "message was found on hold, on both sides."
        ],
    )


def cpu_row(what: str, rates: Comparison) -> Row:
    return Row(
        f"{what}: processor time",
        f"{milliseconds(rates.our_cpu)} a message",
        f"{milliseconds(rates.their_cpu)} a message (Postfix)",
        f"{rates.our_cpu / rates.their_cpu:.2f} times as much",
    )


def compare(scale: Scale, disk: SlowDisk | None = None) -> Comparison:
    """The rates of both sides, and the flushes of the disk that they work on, where it is not this machine's own."""
    source.check()
    peer.check()
    within, meter = (disk.folder, disk.flushes) if disk else (None, no_meter)
    with places.folder(within) as folder, peer.holding(within) as postfix:
        config = configure(folder)
        with serving(config) as gateway:
            for port in (gateway.port, postfix.port):
                source.seconds_to_send(port, scale.warm_up)
            ours, theirs = _rate(gateway.port, scale.messages), _rate(postfix.port, scale.messages)
            rates = with_cpu(
                scale.rounds * scale.messages,
                gateway.cpu_seconds,
                postfix.cpu_seconds,
                lambda: in_turn(scale.rounds, ours, theirs, meter),
            )
        _check_nothing_missing(scale, config, postfix)
    return rates


def _rate(port: int, messages: int) -> Callable[[], float]:
    return lambda: messages / source.seconds_to_send(port, messages)


def _check_nothing_missing(scale: Scale, config: Path, postfix: peer.Postfix) -> None:
    expected = scale.warm_up + scale.rounds * scale.messages
    ours, theirs = count(config, State.HELD), len(postfix.held())
    if (ours, theirs) != (expected, expected):
        raise RuntimeError(f"{expected} messages sent to each: {ours} held here, {theirs} by Postfix")
