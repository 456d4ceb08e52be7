"""A gateway whose rules do what subjects tell them to: `python -m tests.faults.reviewing_gateway CONFIG`. Only the list
of rules is another one (`tests.doubles.bad_rules`)."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from pathlib import Path

from takeback import app
from takeback.workers.pool import Pool

WORKER = (sys.executable, "-P", "-m", "tests.doubles.bad_rules")

if __name__ == "__main__":
    setattr(app, "Pool", partial(Pool, command=WORKER))  # noqa: B010 - not a name that the application gives away
    asyncio.run(app.serve(Path(sys.argv[1])))
