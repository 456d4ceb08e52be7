"""What review costs the accept path: the same gateway with review on and with review off, in turn."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bench import places, source
from bench.gateway import Gateway, configure, serving
from bench.results import Row, Section, messages_per_second
from bench.rounds import in_turn
from bench.scale import Scale
from bench.waiting import until

_PATIENCE_SECONDS = 300.0


def run(scale: Scale) -> Section:
    source.check()
    with places.folder() as folder:
        on = configure(folder / "on", review=True)
        off = configure(folder / "off", review=False)
        with serving(on) as reviewing, serving(off) as plain:
            for gateway in (reviewing, plain):
                source.seconds_to_send(gateway.port, scale.warm_up)
            _rest(on.parent)
            ours = _with_rest(_rate(reviewing, scale.messages), on.parent)
            rates = in_turn(scale.rounds, ours, _rate(plain, scale.messages))
    return Section(
        [
            Row(
                "Accept with review on",
                messages_per_second(rates.our_median),
                f"{messages_per_second(rates.their_median)} (review off)",
                f"{rates.ratio:.2f} times the rate (rounds: {rates.spread})",
            )
        ],
        [
            f"Accept with review on: {scale.rounds} rounds of {scale.messages:,} messages on each side in turn; each "
            f"has {source.SIZE // 1024} KB, over {source.SESSIONS} sessions. Each round begins when all reviews are "
            "in, so that it pays for its own; nothing waits for a review before its 250."
        ],
    )


def _rate(gateway: Gateway, messages: int) -> Callable[[], float]:
    return lambda: messages / source.seconds_to_send(gateway.port, messages)


def _with_rest(measure: Callable[[], float], folder: Path) -> Callable[[], float]:
    """The same, and then the gateway comes to rest."""

    def measured() -> float:
        rate = measure()
        _rest(folder)
        return rate

    return measured


def _rest(folder: Path) -> None:
    """Afterwards every review is in."""
    [database] = (folder / "data").glob("*.db")
    waiting = "SELECT count(*) FROM message WHERE reviewed_at IS NULL AND review_by IS NOT NULL"

    def is_done() -> bool:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
            return bool(connection.execute(waiting).fetchone() == (0,))

    until(is_done, _PATIENCE_SECONDS, "the reviews")
