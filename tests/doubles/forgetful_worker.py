"""A worker with room for the history of one account: `python -m tests.doubles.forgetful_worker`."""

from __future__ import annotations

from takeback.workers import process
from tests.doubles.bad_rules import RULES

if __name__ == "__main__":
    process._MOST_COUNTERS = 0
    process.main(RULES)
