"""Accept, release at once and relay: Takeback beside Postfix, each to an smtp-sink of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from bench import peer, places, source
from bench.accept_and_hold import cpu_row
from bench.gateway import configure, serving
from bench.held import count
from bench.results import Row, Section, at_least, messages_per_second
from bench.rounds import Comparison, in_turn, no_meter, with_cpu
from bench.scale import Scale
from bench.slow_disk import SlowDisk
from takeback.hold.states import State

GOAL = 2.5


def run(scale: Scale) -> Section:
    rates = compare(scale)
    return Section(
        [
            Row(
                "Accept, release and relay",
                messages_per_second(rates.our_median),
                f"{messages_per_second(rates.their_median)} (Postfix)",
                f"{rates.ratio:.2f} times the rate (rounds: {rates.spread})",
                at_least(GOAL, rates.ratio),
            ),
            cpu_row("Accept, release and relay", rates),
        ],
        [
            "Accept, release and relay: as above, with no window; the clock stops when the sink has seen the dot of "
            "the last message. Takeback makes three steps durable for each message: accept, dot mark, result. "
            "Afterwards the sink had each message once, and each was on record as sent."
        ],
    )


def compare(scale: Scale, disk: SlowDisk | None = None) -> Comparison:
    """As the one of `bench.accept_and_hold`."""
    source.check()
    peer.check()
    within, meter = (disk.folder, disk.flushes) if disk else (None, no_meter)
    with places.folder(within) as folder, peer.sink() as our_sink, peer.sink() as their_sink:
        config = configure(folder, window="0s", relay=f"smtp://127.0.0.1:{our_sink.port}")
        with serving(config) as gateway, peer.relaying(their_sink.port, within) as postfix:
            ours, theirs = (gateway.port, our_sink), (postfix.port, their_sink)
            for port, sink in (ours, theirs):
                _rate(port, sink, scale.warm_up)()
            our_rate, their_rate = _rate(*ours, scale.messages), _rate(*theirs, scale.messages)
            rates = with_cpu(
                scale.rounds * scale.messages,
                gateway.cpu_seconds,
                postfix.cpu_seconds,
                lambda: in_turn(scale.rounds, our_rate, their_rate, meter),
            )
        _check_each_once(scale, config, our_sink)
    return rates


def _rate(port: int, sink: peer.Sink, messages: int) -> Callable[[], float]:
    def measure() -> float:
        expected = sink.count() + messages
        began = time.perf_counter()
        source.seconds_to_send(port, messages)
        sink.wait_for(expected)
        return messages / (time.perf_counter() - began)

    return measure


def _check_each_once(scale: Scale, config: Path, sink: peer.Sink) -> None:
    expected = scale.warm_up + scale.rounds * scale.messages
    sent = count(config, State.SENT)
    if (sent, sink.count()) != (expected, expected):
        raise RuntimeError(f"{expected} messages accepted: {sent} on record as sent, {sink.count()} arrived")
