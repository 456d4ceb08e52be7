"""The demo serves its pages: whoever runs it can sign in with what it prints, and sees the samples waiting."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import httpx

from tests.doubles.gateways import COMMAND, ROOT
from tests.end_to_end.running import until

_INVITATION = re.compile(r"(http://127\.0\.0\.1:\d+)/ \(address (\S+), password (\S+)\)")


def test_the_pages_of_the_demo(tmp_path: Path) -> None:
    output = tmp_path / "output"
    with output.open("wb") as file:
        demo = subprocess.Popen(
            [*COMMAND[:-2], "demo", "--folder", str(tmp_path / "demo"), "--port", "0", "--pages", "0"],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "TAKEBACK_LANG": "en"},
        )
    try:
        invited = until(lambda: _INVITATION.search(output.read_text()), "the demo to say where its pages are", 60)
        assert invited
        url, address, password = invited.groups()
        with httpx.Client(base_url=url, timeout=30, trust_env=False, follow_redirects=True) as browser:
            token = re.search(r'name="csrf" value="([^"]+)"', browser.get("/").text)
            assert token
            fields = {"csrf": token[1], "username": address, "password": password}
            assert browser.post("/sign-in", data=fields).status_code == 200
            until(lambda: 'class="row' in browser.get("/").text, "a sample to be in the outbox")
            for path in ("/stopped", "/connect", "/settings", "/settings/mail"):
                assert browser.get(path).status_code == 200
    finally:
        demo.send_signal(signal.SIGINT)
        assert demo.wait(30) == 0
