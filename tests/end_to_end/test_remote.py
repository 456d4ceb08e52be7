"""The same commands from another machine: over HTTPS, with a key, against the real process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.end_to_end.running import Gateway, Ran, call_command, letter, run_command, until
from tests.end_to_end.test_command_line import BOTH, complain, half_gone

CAT = "cat@example.com"
Remote = Callable[..., Ran]


@pytest.fixture(scope="module")
def key(gateway: Gateway) -> str:
    return str(gateway.command("key", "add", CAT, "elsewhere", "--json").json["secret"])


@pytest.fixture(scope="module")
def server(gateway: Gateway) -> str:
    return f"https://localhost:{gateway.ports[-1]}"


@pytest.fixture
def remote(gateway: Gateway, server: str, key: str) -> Iterator[Remote]:
    def run(*arguments: str, **environment: str) -> Ran:
        known = {"SSL_CERT_FILE": str(gateway.folder / "ca.pem"), "TAKEBACK_SERVER": server, "TAKEBACK_KEY": key}
        return call_command(*arguments, environment={**known, **environment})

    yield run


def local(gateway: Gateway, *arguments: str) -> Ran:
    return gateway.command(*arguments, "--account", CAT)


def test_what_is_read_is_the_same(gateway: Gateway, remote: Remote) -> None:
    message = letter(CAT, "far away", "Message-ID: <far@example.com>")
    gateway.submit(CAT, BOTH, message)
    newer = gateway.submit(CAT, BOTH, message)
    for command in (["outbox"], ["show", newer], ["show", "<far@example.com>"], ["show", "last"]):
        for form in (["--json"], []):
            there, here = remote(*command, *form), local(gateway, *command, *form)
            assert there.status == 0 and there.err == ""
            if form:
                assert there.json == here.json
            else:
                assert [line for line in there.out.splitlines() if newer in line or "Subject" in line]


def test_acts_are_the_same(gateway: Gateway, remote: Remote) -> None:
    gone = half_gone(gateway)
    until_then = ("--until", "2099-01-01T00:00:00Z")
    for command in (
        ["hold", gone, *until_then],
        ["hold", gone, "--until-released"],
        ["undo", gone, "--recipient", "KEPT@example.net"],
        ["undo", gone],
        ["release", gone],
        ["undo", "no-such-id"],
        ["undo", gone, "--recipient", "who@example.net"],
        ["hold", gone, "--for", "0s"],
        ["hold", gone],
    ):
        there, here = remote(*command, "--json"), local(gateway, *command, "--json")
        assert (there.status, there.json) == (here.status, here.json), command
        there, here = remote(*command), local(gateway, *command)
        assert (there.status, there.out, there.err) == (here.status, here.out, here.err), command
    actors = {event["actor"] for event in gateway.command("show", gone, "--json").json["events"]}
    assert f"api:{CAT}/elsewhere" in actors


def test_undo_elsewhere_is_an_undo(gateway: Gateway, remote: Remote) -> None:
    id = gateway.submit(CAT, ["stopped@example.net"])
    assert remote("undo", id).out == f"{id}: Stopped for 1 recipient: stopped@example.net.\n"
    assert gateway.command("release", id).status == 3
    id = gateway.submit(CAT, ["wanted@example.net"])
    assert remote("release", id).status == 0
    until(lambda: gateway.mailbox("wanted@example.net"), "what was released elsewhere to arrive")


def test_the_command_as_a_process(
    gateway: Gateway, server: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key"
    file.write_text(f"{key}\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(gateway.folder / "ca.pem"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    id = gateway.submit(CAT, BOTH)
    ran = run_command("undo", id, "--server", server, "--key-file", str(file), "--json")
    assert (ran.status, ran.err, ran.json["stopped"]) == (0, "", BOTH)
    monkeypatch.delenv("SSL_CERT_FILE")
    ran = run_command("outbox", "--server", server, "--key-file", str(file))
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith(f"takeback: {server}: its certificate is not good")


def test_what_goes_wrong_is_one_line(gateway: Gateway, remote: Remote, server: str, key: str, tmp_path: Path) -> None:
    elsewhere = gateway.submit("ann@example.com", BOTH)
    reading = gateway.command("key", "add", CAT, "reader", "--scope", "read", "--json").json["secret"]
    own = gateway.submit(CAT, BOTH)
    closed = "https://127.0.0.1:1"
    smtp = f"insecure+http://localhost:{gateway.port}"
    for arguments, environment, status, code in (
        (["undo", elsewhere], {}, 4, "not_found"),
        (["outbox", "--account", "ann@example.com"], {}, 4, "not_found"),
        (["undo", own], {"TAKEBACK_KEY": reading}, 1, "not_allowed"),
        (["outbox"], {"TAKEBACK_KEY": f"{key}x"}, 1, "not_signed_in"),
        (["outbox"], {"TAKEBACK_KEY": ""}, 2, "bad_usage"),
        (["outbox"], {"TAKEBACK_KEY": "no key"}, 2, "bad_usage"),
        (["outbox"], {"SSL_CERT_FILE": ""}, 1, "bad_certificate"),
        (["outbox"], {"TAKEBACK_SERVER": closed}, 1, "unreachable"),
        (["outbox"], {"TAKEBACK_SERVER": smtp}, 1, "unreachable"),
        (["outbox"], {"TAKEBACK_SERVER": "http://gateway.example"}, 2, "bad_usage"),
        (["outbox", "--server", "gateway"], {}, 2, "bad_usage"),
        (["outbox", "--key-file", str(tmp_path / "none")], {}, 2, "bad_usage"),
        (["outbox", "--key-file", str(tmp_path)], {}, 2, "bad_usage"),
        (["outbox", "--server", server, "--config", str(gateway.file)], {}, 2, "bad_usage"),
        (["outbox", "--config", str(gateway.file), "--key-file", "x"], {}, 2, "bad_usage"),
    ):
        complain(remote(*arguments, "--json", **environment), status, code)
        ran = remote(*arguments, **environment)
        assert (ran.status, ran.out) == (status, "")
        assert len(ran.err.splitlines()) == 1 and ran.err.startswith("takeback: ")
        assert key not in ran.err


def test_a_configuration_that_is_named_is_this_machines(gateway: Gateway, remote: Remote) -> None:
    """Whatever the environment says."""
    id = gateway.submit("ann@example.com", BOTH)
    assert remote("show", id, "--config", str(gateway.file)).status == 0


@pytest.mark.parametrize("command", [["doctor"], ["backup", "x"], ["account", "list"], ["serve"], ["review", "stats"]])
def test_what_works_on_the_spot_only_says_so(remote: Remote, command: list[str], server: str) -> None:
    for option in (["--server", server], [f"--server={server}"]):
        ran = remote(*command, *option)
        assert (ran.status, ran.out) == (2, "")
        assert f"takeback {command[0]} works on the gateway's own machine" in ran.err
