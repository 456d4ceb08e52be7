"""The demo: a message is sent, delivered and recalled among its own mailboxes."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from tests.doubles.gateways import COMMAND, ROOT
from tests.end_to_end.running import call_command, until


def test_a_delivered_message_is_recalled_in_the_demo(tmp_path: Path) -> None:
    folder, output = tmp_path / "demo", tmp_path / "output"
    with output.open("wb") as file:
        demo = subprocess.Popen(
            [*COMMAND[:-2], "demo", "--folder", str(folder), "--port", "0"],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "TAKEBACK_LANG": "en"},
        )
    try:
        inbox = folder / "mailboxes" / "omar" / "new"
        until(lambda: inbox.is_dir() and list(inbox.iterdir()), "the message to be delivered", 60)
        config = ("--config", str(folder / "takeback.toml"))
        id = until(lambda: _id_of(output.read_text(), "Salaries"), "the message to be shown")
        recalled = call_command("recall", id, "--json", *config)
        assert recalled.status == 0 and recalled.json["counts"] == {"recalled": 1}, recalled
        assert not list(inbox.iterdir())
        until(lambda: f"{id}  recall: recalled, unread (1)" in output.read_text(), "the demo to show it")
        assert call_command("restore", recalled.json["id"], *config).status == 0
        assert len(list(inbox.iterdir())) + len(list((folder / "mailboxes" / "omar" / "cur").iterdir())) == 1
        assert call_command("drill", *config).status == 0
    finally:
        demo.send_signal(signal.SIGINT)
        assert demo.wait(30) == 0


def _id_of(text: str, subject: str) -> str:
    return next((line.split()[0] for line in text.splitlines() if subject in line), "")
