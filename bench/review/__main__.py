"""Runs the benches of review that are named, or all, and prints their tables: `python -m bench.review`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import machine, report
from bench.results import Section, Skipped
from bench.review import attachments, clean, data, missing_recipient, robustness, speed, wrong_recipient

BENCHES: dict[str, Callable[[], Section]] = {
    "wrong_recipient": wrong_recipient.run,
    "missing_recipient": missing_recipient.run,
    "clean_people": clean.run,
    "attachments": attachments.run,
    "speed": speed.run,
    "robustness": robustness.run,
}


def main() -> None:
    arguments = _parser().parse_args()
    if arguments.data:
        os.environ[data.VARIABLE] = str(arguments.data)
    sections: dict[str, Section] = {}
    try:
        for name in arguments.names or BENCHES:
            print(f"{name} ...", file=sys.stderr, flush=True)
            sections[name] = _run(name)
    finally:
        figures = report.render(sections, machine.describe(), quick=False)
        print(figures)
    if arguments.write:
        report.write(arguments.write, figures)


def _run(name: str) -> Section:
    try:
        return BENCHES[name]()
    except Skipped as reason:
        print(f"{name}: skipped, {reason}", file=sys.stderr, flush=True)
        return Section(notes=[f"{name}: not measured, {reason}."])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.review", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--data", type=Path, metavar="FOLDER", help=f"where the mail is; else {data.VARIABLE}")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also put the tables into this file")
    arguments: Sequence[str] = list(BENCHES)
    parser.epilog = f"All of {', '.join(arguments)} are run where none is named."
    return parser


main()
