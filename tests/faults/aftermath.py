"""Before and after a recall that dies: a gateway that has delivered one message, the death, and what is made of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from takeback.config import load
from takeback.mail.envelope import Envelope, Recipient
from takeback.ports import Outcome as RelayOutcome
from takeback.ports import Verdict
from takeback.ports.store import ClaimRequest, DotMark, NewMessage, Origin, Result, Settlement
from takeback.recall.report import Report
from takeback.recalls import Recalls
from takeback.store.keys import open_seal
from takeback.store.opening import open_store
from tests.doubles.gateways import ROOT
from tests.doubles.recalls import DATE, FROM, ID, SECRET, stored_copy
from tests.faults.crashing_recall import LEASE, Fatality, begin

ANN = "ann@example.com"
MESSAGE = "1nmkmg0000000000"


class Undertaker:
    """Plays recalls that die, each in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def play(self, fatality: Fatality) -> bool:
        """Whether it died by SIGKILL; else it had come to its end without meeting that step."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(fatality.line())
        self._process.stdin.flush()
        status = int(self._process.stdout.readline())
        assert status in (0, -signal.SIGKILL)
        return status != 0


@contextmanager
def undertaker() -> Iterator[Undertaker]:
    """Imports once what each of the dying would have to."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.crashing_recall"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    with process:
        yield Undertaker(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(60) == 0


async def prepare(folder: Path, mailboxes: Mapping[str, Any], lmtp_port: int, user: str) -> Path:
    """The configuration of a gateway that has delivered one message to that user."""
    file = folder / "takeback.toml"
    section = "\n".join(f"{key} = {json.dumps(value)}" for key, value in mailboxes.items())
    file.write_text(f"""
[data]
folder = "data"
reserve = "0B"
[smtp]
hostname = "gateway.example"
[[smtp.trusted]]
network = "127.0.0.0/8"
account = "{ANN}"
may_send_as = ["{ANN}"]
[review]
enabled = false
[[relay]]
to = "lmtp://127.0.0.1:{lmtp_port}"
[[mailboxes]]
{section}
""")
    async with open_store(load(file).data) as store:
        now = store.now()
        message = NewMessage(
            id=MESSAGE,
            account=ANN,
            origin=Origin.SUBMISSION,
            envelope=Envelope(ANN, (Recipient(f"{user}@example.com"),)),
            due_at=[now],
            accepted_at=now,
            size=len(stored_copy()),
            eight_bit=False,
            content=[stored_copy()],
            lock_secret=SECRET,
            body_digest=b"\0" * 32,
            message_id=ID,
            header_from=FROM,
            header_date=DATE,
        )
        await store.accept(message)
        [claimed] = await store.claim(ClaimRequest("token", 10, 60_000_000, now))
        ids = [each.id for each in claimed.recipients]
        assert await store.mark_dot(DotMark("token", ids))
        outcome = RelayOutcome(Verdict.SENT, "250 ok", f"127.0.0.1:{lmtp_port}", delivered=True)
        await store.record(Settlement("token", [Result(id, outcome) for id in ids]))
    return file


async def finish(asked: Fatality) -> Report:
    """What it comes to when it is asked again, and nobody dies."""
    config = load(Path(asked.file))
    async with open_store(config.data) as store:
        recalls = Recalls(config, store, await open_seal(store.access, config.data), LEASE)
        known = await recalls.store.recalls(MESSAGE)
        [id] = known or await begin(recalls, store, asked)
        await recalls.recaller.work_off(id, _nothing)
        report = await recalls.store.report(id)
        await recalls.close()
    assert report is not None
    return report


async def _nothing() -> None: ...


async def told(file: Path) -> list[str]:
    """What was recorded of outcomes, and the summaries that wait to be sent."""
    async with open_store(load(file).data) as store:
        kinds = [each.kind for each in await store.events(MESSAGE)]
        mail = [view for view in await store.outbox(None, None) if view.origin is Origin.SYSTEM]
    return [kind for kind in kinds if kind.startswith("recall_")] + ["summary"] * len(mail)
