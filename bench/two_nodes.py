"""Two gateways that share one PostgreSQL, beside one that has it to itself: whether more processes accept more."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from bench import places, source
from bench.gateway import configure, serving
from bench.results import Row, Section, Skipped, messages_per_second
from bench.rounds import Comparison, in_turn
from bench.scale import Scale
from tests.services.postgresql import PostgreSql, find_programs, postgresql


def run(scale: Scale) -> Section:
    source.check()
    programs = find_programs()
    if programs is None:
        raise Skipped("PostgreSQL is not installed")
    with postgresql(programs) as server, places.folder() as folder:
        rates = _compare(scale, server, folder)
    return Section(
        [
            Row(
                "Accept and hold, two nodes on one PostgreSQL",
                messages_per_second(rates.our_median),
                f"{messages_per_second(rates.their_median)} (one node on it)",
                f"{rates.ratio:.2f} times the rate (rounds: {rates.spread})",
            )
        ],
        [
            f"Two nodes: {scale.rounds} rounds of {scale.messages:,} messages; half of the {source.SESSIONS} sessions "
            "go to each of the two. A PostgreSQL with its defaults (fsync on), on this machine as everything else."
        ],
    )


def _compare(scale: Scale, server: PostgreSql, folder: Path) -> Comparison:
    with ExitStack() as stack:
        shared = [_node(stack, server, folder / f"node{number}", folder / "shared.key") for number in (1, 2)]
        alone = [_node(stack, server, folder / "alone", folder / "alone.key")]
        for ports in (shared, alone):
            _rate(ports, scale.warm_up)
        return in_turn(scale.rounds, lambda: _rate(shared, scale.messages), lambda: _rate(alone, scale.messages))


def _node(stack: ExitStack, server: PostgreSql, folder: Path, key: Path) -> int:
    """The port of a gateway. Those with the same key share a database."""
    if not key.exists():
        server.execute(f"CREATE DATABASE {key.stem}")
    data = f'database = "{server.url(key.stem)}"\nkey_file = "{key}"'
    return stack.enter_context(serving(configure(folder, data=data))).port


def _rate(ports: list[int], messages: int) -> float:
    """Messages a second, spread evenly over these gateways at the same time."""
    share, sessions = messages // len(ports), source.SESSIONS // len(ports)
    began = time.perf_counter()
    with ThreadPoolExecutor(len(ports)) as senders:
        list(senders.map(lambda port: source.seconds_to_send(port, share, sessions), ports))
    return messages / (time.perf_counter() - began)
