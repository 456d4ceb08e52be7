"""The codes of all findings, known without importing the rules, which takes longer than most commands run."""

from __future__ import annotations

import difflib
from pathlib import Path

_LISTS = {"__init__", "people", "content"}
"""Files beside the rules that only list them."""

CODES = frozenset(path.stem for path in (Path(__file__).parent / "rules").glob("*.py")) - _LISTS
"""Each rule has a file of its own, named after the code of its findings."""


def unknown(code: str) -> str | None:
    """What is wrong with a code that somebody wrote; None where there is one."""
    if code in CODES:
        return None
    if close := difflib.get_close_matches(code, CODES, n=1):
        return f"no rule finds {code!r}; did you mean {close[0]}?"
    return f"no rule finds {code!r}; known: {', '.join(sorted(CODES))}"
