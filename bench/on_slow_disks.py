"""Accepting and relaying again, on disks that take as long for a flush as common disks do."""

from __future__ import annotations

from collections.abc import Callable

from bench import accept_and_hold, accept_release_relay
from bench.results import Row, Section, at_least, messages_per_second, milliseconds
from bench.rounds import Comparison
from bench.scale import Scale
from bench.slow_disk import SlowDisk, slow_disk

FLUSH_SECONDS = (0.002, 0.010)
"""About a solid-state disk without a protected cache, and a disk that turns."""

Compare = Callable[[Scale, SlowDisk | None], Comparison]


def run(scale: Scale) -> Section:
    scale = scale.of_slow_disk()
    rows = []
    for seconds in FLUSH_SECONDS:
        rows.append(_row("Accept and hold", accept_and_hold.compare, accept_and_hold.GOAL, scale, seconds))
        rows.append(
            _row("Accept, release and relay", accept_release_relay.compare, accept_release_relay.GOAL, scale, seconds)
        )
    return Section(
        rows,
        [
            f"Where a flush takes longer: as above, {scale.rounds} rounds of {scale.messages:,} messages, with the "
            "data of both sides on one ext4 file system on a block device that keeps everything in memory and takes "
            "that long for each flush. The kernel lets those who wait at the same time share a flush, on both sides. "
            "A synced write takes one flush, two where the file grows. Flushes are the disk's own count."
        ],
    )


def _row(what: str, compare: Compare, goal: float, scale: Scale, seconds: float) -> Row:
    with slow_disk(seconds) as disk:
        rates = compare(scale, disk)
    return Row(
        f"{what}, a flush takes {milliseconds(seconds)}",
        f"{messages_per_second(rates.our_median)}, {_flushes(rates.our_usage, scale)}",
        f"{messages_per_second(rates.their_median)}, {_flushes(rates.their_usage, scale)} (Postfix)",
        f"{rates.ratio:.2f} times the rate (rounds: {rates.spread})",
        at_least(goal, rates.ratio),
    )


def _flushes(usage: list[int], scale: Scale) -> str:
    return f"{sum(usage) / scale.messages / scale.rounds:.2f} flushes a message"
