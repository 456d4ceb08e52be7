"""Accept and hold, durable before the 250: Takeback beside Postfix with HOLD."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bench import peer, places, source
from bench.gateway import configure, serving
from bench.held import count
from bench.results import Row, Section, at_least, messages_per_second
from bench.rounds import Comparison, in_turn
from bench.scale import Scale
from takeback.hold.states import State

GOAL = 4


def run(scale: Scale) -> Section:
    source.check()
    peer.check()
    with places.folder() as folder, peer.holding() as postfix:
        config = configure(folder)
        with serving(config) as gateway:
            rates = _compare(scale, gateway.port, postfix.port)
        _check_nothing_missing(scale, config, postfix)
    return Section(
        [
            Row(
                "Accept and hold",
                messages_per_second(rates.our_median),
                f"{messages_per_second(rates.their_median)} (Postfix, HOLD)",
                f"{rates.ratio:.2f} times the rate (rounds: {rates.spread})",
                at_least(GOAL, rates.ratio),
            )
        ],
        [
            f"Accept and hold: {scale.rounds} rounds of {scale.messages:,} messages on each side in turn; messages of "
            f"{source.SIZE // 1024} KB from smtp-source over {source.SESSIONS} sessions that stay open; median rate. "
            "Both sides as shipped, but that one account may hold any number of messages here. Afterwards every "
            "message was found on hold, on both sides."
        ],
    )


def _compare(scale: Scale, our_port: int, their_port: int) -> Comparison:
    for port in (our_port, their_port):
        source.seconds_to_send(port, scale.warm_up)
    return in_turn(scale.rounds, _rate(our_port, scale.messages), _rate(their_port, scale.messages))


def _rate(port: int, messages: int) -> Callable[[], float]:
    return lambda: messages / source.seconds_to_send(port, messages)


def _check_nothing_missing(scale: Scale, config: Path, postfix: peer.Postfix) -> None:
    expected = scale.warm_up + scale.rounds * scale.messages
    ours, theirs = count(config, State.HELD), len(postfix.held())
    if (ours, theirs) != (expected, expected):
        raise RuntimeError(f"{expected} messages sent to each: {ours} held here, {theirs} by Postfix")
