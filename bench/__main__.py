"""Runs the benches that are named, or all, and prints their report."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import (
    accept_and_hold,
    accept_release_relay,
    accept_with_review,
    machine,
    million,
    on_slow_disks,
    profile,
    recall,
    report,
    two_nodes,
    undo,
    uploads,
)
from bench.results import Section, Skipped
from bench.scale import FULL, QUICK, Scale

BENCHES: dict[str, Callable[[Scale], Section]] = {
    "accept_and_hold": accept_and_hold.run,
    "accept_release_relay": accept_release_relay.run,
    "on_slow_disks": on_slow_disks.run,
    "two_nodes": two_nodes.run,
    "accept_with_review": accept_with_review.run,
    "undo": undo.run,
    "million": million.run,
    "uploads": uploads.run,
    "recall": recall.run,
    "profile": profile.run,
}


def main() -> None:
    arguments = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is stopped
    sections: dict[str, Section] = {}
    try:
        _run(arguments.names or list(BENCHES), QUICK if arguments.quick else FULL, sections)
    finally:
        # Hours of figures are not lost because the last bench failed.
        figures = report.render(sections, machine.describe(), arguments.quick)
        print(figures)
    if arguments.write:
        report.write(arguments.write, figures)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", type=_name, help=", ".join(BENCHES))
    parser.add_argument("--quick", action="store_true", help="only try that they work; the figures mean nothing")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also put the report into this file")
    return parser


def _name(text: str) -> str:
    if text not in BENCHES:
        raise argparse.ArgumentTypeError(f"no such bench: {text}; there are {', '.join(BENCHES)}")
    return text


def _run(names: Sequence[str], scale: Scale, sections: dict[str, Section]) -> None:
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            sections[name] = BENCHES[name](scale)
        except Skipped as reason:
            print(f"{name}: skipped, {reason}", file=sys.stderr, flush=True)
            sections[name] = Section(notes=[f"{name}: not measured, {reason}."])


main()
