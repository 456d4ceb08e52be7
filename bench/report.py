"""The report: one table of all rows, then how each was measured, then where the time goes. Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.results import Row, Section

BEGIN = "<!-- figures: written by python -m bench --write -->"
END = "<!-- end of figures -->"


def render(sections: Mapping[str, Section], machine: Sequence[str], quick: bool) -> str:
    rows = [row for section in sections.values() for row in section.rows]
    notes = [note for section in sections.values() for note in section.notes]
    listings = [section.listing for section in sections.values() if section.listing]
    return "\n".join(
        [
            *(["**A quick run, to see that the benches work. Its figures mean nothing.**", ""] if quick else []),
            *_list([*machine, f"Date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"]),
            *(_table(rows) if rows else []),
            *_list(notes),
            *listings,
        ]
    )


def _list(lines: Sequence[str]) -> list[str]:
    return [*(f"- {line}" for line in lines), ""]


def _table(rows: Sequence[Row]) -> list[str]:
    return ["| What | Takeback | Beside it | Ratio | Goal | Met |", "|---|---|---|---|---|---|", *map(_line, rows), ""]


def _line(row: Row) -> str:
    goal = (row.goal.words, "yes" if row.goal.met else "**no**") if row.goal else ("", "")
    return f"| {' | '.join((row.what, row.ours, row.beside, row.ratio, *goal))} |"


def write(file: Path, figures: str) -> None:
    """Afterwards the figures stand between the two marks of that file; what else it says is left as it was."""
    text = file.read_text("utf-8") if file.exists() else f"# Speed and memory\n\n{BEGIN}\n{END}\n"
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{file} has no place for figures: it needs the lines {BEGIN} and {END}")
    file.write_text(f"{before}{BEGIN}\n\n{figures.strip()}\n\n{END}{after}", "utf-8")
