"""One gateway for most tests: TLS, accounts, three ways out; and the servers behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which

import pytest

from tests.doubles.smarthost import Smarthost
from tests.end_to_end.running import HOSTNAME, PASSWORD, Aside, Gateway, call_command, issue_certificate, running
from tests.services.requirement import missing

ACCOUNTS = ("ann@example.com", "ben@example.com", "cat@example.com", "locked@example.com")


@pytest.fixture(scope="session")
def aside() -> Iterator[Aside]:
    loop = Aside()
    yield loop
    loop.close()


@pytest.fixture(scope="session")
def sink(aside: Aside) -> Iterator[Smarthost]:
    """Takes everything but what is for `nobody`."""
    server = Smarthost(refuse_recipient={"nobody@smtp.example": "550 5.1.1 nobody of that name"})
    aside.run(server.start())
    yield server
    aside.run(server.close())


@pytest.fixture(scope="session")
def dropper(aside: Aside) -> Iterator[Smarthost]:
    """Closes the connection after the final dot, so that nobody knows."""
    server = Smarthost(drop_after_dot=True)
    aside.run(server.start())
    yield server
    aside.run(server.close())


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory, sink: Smarthost, dropper: Smarthost) -> Iterator[Gateway]:
    """Held for an hour, but for *@now.example and *@smtp.example, which leave at once."""
    folder = tmp_path_factory.mktemp("gateway")
    authority = issue_certificate(folder)
    file = folder / "takeback.toml"
    file.write_text(configuration(folder, sink.port, dropper.port))
    for account in ACCOUNTS:
        added = call_command("account", "add", account, "--password-stdin", "--config", str(file), given=PASSWORD)
        assert added.status == 0, added
    with running(file, authority) as process:
        yield process


def configuration(folder: Path, sink: int, dropper: int) -> str:
    return f"""
[data]
folder = "data"
reserve = "0B"
[smtp]
hostname = "{HOSTNAME}"
listen = ["127.0.0.1:0"]
listen_tls = ["127.0.0.1:0"]
certificate = "server.pem"
key = "server.key"
[[smtp.trusted]]
network = "127.0.0.2/32"
account = "crm"
may_send_as = ["*@crm.example"]
[auth]
failures_before_lockout = 5
longest_delay = "0s"
[organisation]
domains = ["example.com"]
[http]
listen = "127.0.0.1:0"
url = "https://localhost"
certificate = "server.pem"
key = "server.key"
[review]
enabled = false
[hold]
window = "1h"
longest = "2d"
[[hold.rule]]
when = {{ recipients = ["*@now.example", "*@smtp.example", "*@drop.example", "*@bens.example"] }}
window = "0s"
[[relay]]
from = ["ben@example.com"]
for = ["*@bens.example"]
to = "maildir://{folder}/box/from-ben/{{user}}"
[[relay]]
for = ["*@smtp.example", "*@bens.example"]
to = "smtp://127.0.0.1:{sink}"
tls = "off"
[[relay]]
for = ["*@drop.example"]
to = "smtp://127.0.0.1:{dropper}"
tls = "off"
[[relay]]
to = "maildir://{folder}/box/{{address}}"
"""


@pytest.fixture(scope="session")
def open_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """No TLS, no passwords: trusts this machine. Holds for an hour but for *@now.example; unlimited."""
    folder = tmp_path_factory.mktemp("open")
    file = folder / "takeback.toml"
    file.write_text(f"""
[data]
folder = "data"
reserve = "0B"
[smtp]
hostname = "{HOSTNAME}"
listen = ["127.0.0.1:0"]
[[smtp.trusted]]
network = "127.0.0.0/8"
account = "crm"
may_send_as = ["*@crm.example"]
[http]
listen = []
[review]
enabled = false
[hold]
window = "1h"
[[hold.rule]]
when = {{ recipients = ["*@now.example"] }}
window = "0s"
[[relay]]
to = "maildir://{folder}/box/{{address}}"
[limits]
held_messages = 0
held_bytes = "0B"
submissions_per_hour = 0
""")
    with running(file) as process:
        yield process


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """The path of an installed program. The test is skipped, or in CI fails, where there is none."""

    def find(name: str) -> str:
        path = which(name) or which(name, path="/usr/sbin")
        return path or missing(name)

    return find
