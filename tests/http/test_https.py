"""HTTPS by the gateway's own certificate, and what SIGHUP changes under open connections: the real process."""

from __future__ import annotations

import http.client
import re
import signal
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import trustme

from tests.end_to_end.running import PASSWORD, Gateway, call_command, issue_certificate, running, until

ANN = "ann@example.com"
CONFIGURATION = """
[data]
folder = "data"
reserve = "0B"
[smtp]
hostname = "gateway.example"
listen = ["127.0.0.1:0"]
certificate = "server.pem"
key = "server.key"
[http]
listen = "127.0.0.1:0"
url = "https://localhost"
certificate = "server.pem"
key = "server.key"
session = "2d"
[hold]
window = "1h"
[review]
enabled = false
[[relay]]
to = "smtp://127.0.0.1:9"
tls = "off"
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("https")
    authority = issue_certificate(folder)
    file = folder / "takeback.toml"
    file.write_text(CONFIGURATION)
    call_command("account", "add", ANN, "--password-stdin", "--config", str(file), given=PASSWORD)
    with running(file, authority) as ready:
        yield ready


def browser(gateway: Gateway, host: str = "localhost") -> httpx.Client:
    url = f"https://localhost:{gateway.ports[-1]}"
    return httpx.Client(base_url=url, headers={"Host": host}, verify=gateway.trusting, timeout=30, trust_env=False)


def sign_in(client: httpx.Client) -> httpx.Response:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/sign-in").text)
    assert found
    answer = client.post("/sign-in", data={"csrf": found[1], "username": ANN, "password": PASSWORD})
    assert answer.status_code == 303
    return answer


@contextmanager
def events(client: httpx.Client) -> Iterator[Iterator[str]]:
    """The lines of a stream on which nothing is missed any more."""
    with client.stream("GET", "/events") as stream:
        lines = stream.iter_lines()
        while next(lines) != "event: ready":
            pass
        yield lines


def heard(lines: Iterator[str], id: str) -> None:
    """Returns when the stream has told of that message."""
    while f'"{id}"' not in next(lines):
        pass


def certificate_shown(gateway: Gateway) -> bytes:
    """To a client that connects now."""
    return ssl.get_server_certificate(("localhost", gateway.ports[-1])).encode()


def reloads(gateway: Gateway, outcome: str) -> None:
    """Returns when the process has read its configuration again, with that outcome in its log."""
    before = gateway.log.count(outcome)
    gateway.process.send_signal(signal.SIGHUP)
    until(lambda: gateway.log.count(outcome) > before, outcome)


def test_cookies_are_for_https_only(gateway: Gateway) -> None:
    with browser(gateway) as client:
        answer = sign_in(client)
        (cookie,) = [each for each in answer.headers.get_list("set-cookie") if "Max-Age=0" not in each]
        assert cookie.startswith("__Host-") and {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(
            cookie.split("; ")
        )
        assert answer.headers["strict-transport-security"]
        assert client.get("/").status_code == 200


def test_plain_http_is_not_spoken(gateway: Gateway) -> None:
    connection = http.client.HTTPConnection("localhost", gateway.ports[-1], timeout=30)
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        connection.request("GET", "/")
        connection.getresponse()
    connection.close()


def test_a_renewed_certificate_is_shown_and_nobody_is_cut_off(gateway: Gateway) -> None:
    before = certificate_shown(gateway)
    with browser(gateway) as client:
        sign_in(client)
        with events(client) as lines:
            renewed = trustme.CA()
            _write(renewed, gateway.folder)
            assert gateway.authority is not None
            old, gateway.authority = gateway.authority, renewed
            reloads(gateway, "configuration read again")
            assert certificate_shown(gateway) != before
            heard(lines, gateway.submit(ANN, ["bob@one.example"]))
    with browser(gateway) as client:
        assert client.get("/sign-in").status_code == 200
    gateway.authority = old
    with browser(gateway) as client, pytest.raises(httpx.ConnectError):
        client.get("/sign-in")
    gateway.authority = renewed


def test_a_certificate_without_its_key_changes_nothing(gateway: Gateway) -> None:
    before = certificate_shown(gateway)
    good = (gateway.folder / "server.pem").read_bytes()
    other = trustme.CA().issue_cert("localhost")
    (gateway.folder / "server.pem").write_bytes(other.cert_chain_pems[0].bytes())
    try:
        reloads(gateway, "configuration kept as it was")
        assert certificate_shown(gateway) == before
    finally:
        (gateway.folder / "server.pem").write_bytes(good)


def test_new_settings_take_effect_for_who_is_signed_in_and_bad_ones_do_not(gateway: Gateway) -> None:
    with browser(gateway) as client:
        sign_in(client)
        with events(client) as lines:
            gateway.file.write_text(CONFIGURATION.replace('session = "2d"', 'session = "a while"'))
            reloads(gateway, "configuration kept as it was")
            assert _lifetime(gateway) == 2 * 86400
            gateway.read_configuration_again(
                CONFIGURATION.replace('session = "2d"', 'session = "3d"').replace(
                    "https://localhost", "https://mail.example"
                )
            )
            assert _lifetime(gateway, "mail.example") == 3 * 86400
            assert client.get("/", headers={"Host": "mail.example"}).status_code == 200
            assert client.get("/", headers={"Host": "other.example"}).status_code == 421
            heard(lines, gateway.submit(ANN, ["bob@one.example"]))
    gateway.read_configuration_again(CONFIGURATION)


def _lifetime(gateway: Gateway, host: str = "localhost") -> int:
    with browser(gateway, host) as client:
        found = re.search(r"Max-Age=([1-9]\d*)", sign_in(client).headers["set-cookie"])
        assert found
        return int(found[1])


def _write(authority: trustme.CA, folder: Path) -> None:
    issued = authority.issue_cert("localhost", "127.0.0.1", "gateway.example")
    issued.private_key_pem.write_to_path(folder / "server.key")
    (folder / "server.pem").write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
