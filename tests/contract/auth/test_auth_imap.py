"""What the IMAP backend makes of servers that are down, slow, hostile, or only a little different."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
import uvloop

from takeback.auth.backends import AuthUnavailable, ImapBackend
from takeback.auth.identity import Identity
from takeback.auth.imap import ImapFailure, log_in
from takeback.auth.settings import AuthSettings
from takeback.clock import MILLISECOND, MINUTE, SECOND
from takeback.errors import ConfigError
from takeback.imap_url import Encryption, ImapServer
from tests.contract.auth.imap_double import CLOSE, ENDLESS, HANG, ImapDouble

NOW = 1_000_000 * SECOND
ANN, SECRET = "ann@example.com", "sécret word"
PLAIN = base64.b64encode(f"\0{ANN}\0{SECRET}".encode())
NewLoop = Callable[[], asyncio.AbstractEventLoop]
WAYS = [b"IMAP4rev1 AUTH=PLAIN SASL-IR", b"IMAP4rev1 AUTH=PLAIN LOGINDISABLED", b"IMAP4rev1", b"imap4rev1 auth=plain"]


async def ask(double: ImapDouble, password: str = SECRET, patience: int = 5 * SECOND) -> bool:
    """One login in clear text; afterwards the double's connection is gone."""
    async with double.running():
        server = ImapServer("127.0.0.1", double.port, Encryption.NONE)
        return await log_in(server, ssl.create_default_context(), patience, ANN, password)


@pytest.mark.parametrize("capabilities", WAYS)
@pytest.mark.parametrize("greeting_tells", [True, False])
@pytest.mark.parametrize("password", [SECRET, "wrong"])
def test_each_way_of_presenting_a_password_works(capabilities: bytes, greeting_tells: bool, password: str) -> None:
    double = ImapDouble({ANN: SECRET}, capabilities, greeting_tells)
    assert asyncio.run(ask(double, password)) is (password == SECRET)
    assert double.logins == 1
    commands = [line.split(b" ")[1] for line in double.heard if b" " in line]
    assert (b"CAPABILITY" in commands) is not greeting_tells
    assert commands[-1] == b"LOGOUT"


def test_a_password_never_travels_inside_a_command_line() -> None:
    double = ImapDouble({ANN: 'a "b" {3}\r\nt9 NOOP'}, b"IMAP4rev1")
    assert asyncio.run(ask(double, 'a "b" {3}\r\nt9 NOOP'))
    assert not any(b"NOOP" in line for line in double.heard)


@pytest.mark.parametrize(
    "says",
    [
        {"connect": b"* BYE go away"},
        {"connect": b"* PREAUTH you are root"},
        {"connect": b"220 smtp.example.com ESMTP"},
        {"connect": b"\xff\xfe\x00"},
        {"connect": b"* OK {5}\r\nhello"},
        {"connect": CLOSE},
        {"connect": ENDLESS},
        {"CAPABILITY": b"TAG NO"},
        {"CAPABILITY": b"TAG BAD"},
        {"CAPABILITY": b"other OK"},
        {"CAPABILITY": b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\nTAG OK"},
        {"CAPABILITY": CLOSE},
        {"CAPABILITY": ENDLESS},
        {"CAPABILITY": b"\r\n".join([b"* OK still here"] * 10_000)},
        {"password": b"TAG BAD what"},
        {"password": b"TAG"},
        {"password": b""},
        {"password": b"* BYE out of memory"},
        {"password": b"TAG NO [UNAVAILABLE] try later"},
        {"password": b"TAG NO [unavailable] try later"},
        {"password": b"TAG NO [LIMIT] too many"},
        {"password": b"TAG PREAUTH"},
        {"password": b"+ one more thing"},
        {"password": b"wrong OK"},
        {"password": b"OK"},
        {"password": CLOSE},
        {"password": ENDLESS},
    ],
    ids=lambda says: " ".join(f"{when} {what[:24]!r}" for when, what in says.items()),
)
def test_anything_but_a_clear_yes_or_no_is_neither(says: dict[str, bytes]) -> None:
    with pytest.raises(ImapFailure) as failure:
        asyncio.run(ask(ImapDouble({ANN: SECRET}, says=says)))
    assert str(failure.value).isprintable()


@pytest.mark.parametrize(
    "answer", [b"TAG NO", b"TAG NO [AUTHENTICATIONFAILED] no", b"TAG no [EXPIRED] old", b"TAG NO ["]
)
def test_a_no_is_a_no(answer: bytes) -> None:
    assert not asyncio.run(ask(ImapDouble({ANN: SECRET}, says={"password": answer})))


@pytest.mark.parametrize("moment", ["connect", "CAPABILITY", "AUTHENTICATE", "password"])
def test_a_server_that_says_nothing_costs_no_more_than_the_timeout(moment: str) -> None:
    with pytest.raises(ImapFailure, match="did not answer"):
        asyncio.run(ask(ImapDouble({ANN: SECRET}, says={moment: HANG}), patience=200 * MILLISECOND))


def test_a_server_that_keeps_the_line_open_after_the_logout_delays_little_and_changes_nothing() -> None:
    assert asyncio.run(ask(ImapDouble({ANN: SECRET}, says={"LOGOUT": HANG})))


def test_a_confused_server_cannot_make_us_show_the_password() -> None:
    echo = b"TAG BAD [X] unknown: " + SECRET.encode() + b" " + PLAIN
    for answer in (echo, echo.replace(b"BAD", b"NO [UNAVAILABLE]"), PLAIN, b"TAG " + PLAIN):
        with pytest.raises(ImapFailure) as failure:
            asyncio.run(ask(ImapDouble({ANN: SECRET}, says={"password": answer})))
        assert SECRET not in str(failure.value)
        assert PLAIN.decode() not in str(failure.value)
        assert PLAIN.decode().upper() not in str(failure.value)


def test_nothing_listening_is_neither_yes_nor_no() -> None:
    async def scenario() -> None:
        double = ImapDouble()
        async with double.running():
            pass
        server = ImapServer("127.0.0.1", double.port, Encryption.NONE)
        await log_in(server, ssl.create_default_context(), SECOND, ANN, SECRET)

    with pytest.raises(ImapFailure):
        asyncio.run(scenario())


# TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def serving(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def ask_over_tls(double: ImapDouble, context: ssl.SSLContext) -> bool:
    async with double.running():
        encryption = Encryption.IMPLICIT if double.implicit_tls else Encryption.STARTTLS
        return await log_in(ImapServer("localhost", double.port, encryption), context, 5 * SECOND, ANN, SECRET)


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize("implicit", [True, False])
def test_a_verified_server_is_given_the_password(authority: trustme.CA, implicit: bool, new_loop: NewLoop) -> None:
    double = ImapDouble({ANN: SECRET}, tls=serving(authority, "localhost"), implicit_tls=implicit)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(ask_over_tls(double, trusting(authority)))
    assert double.logins == 1


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the double's own side of a handshake that failed
@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize(("name", "trusted"), [("localhost", False), ("imap.example.com", True)])
def test_an_unverified_server_is_not(authority: trustme.CA, implicit: bool, name: str, trusted: bool) -> None:
    double = ImapDouble({ANN: SECRET}, tls=serving(authority, name), implicit_tls=implicit)
    context = trusting(authority) if trusted else ssl.create_default_context()
    with pytest.raises(ImapFailure, match="certificate"):
        asyncio.run(ask_over_tls(double, context))
    assert double.logins == 0
    assert not any(b"AUTH" in line or b"LOGIN" in line for line in double.heard)


@pytest.mark.parametrize("answer", [b"TAG NO not today", b"TAG BAD what", CLOSE])
def test_without_starttls_no_password_is_sent(answer: bytes) -> None:
    double = ImapDouble({ANN: SECRET}, says={"STARTTLS": answer}, greeting_tells_capabilities=True)
    with pytest.raises(ImapFailure):
        asyncio.run(ask_over_tls(double, ssl.create_default_context()))
    assert double.logins == 0


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_what_was_said_before_the_handshake_is_not_believed(authority: trustme.CA, new_loop: NewLoop) -> None:
    injected = b"\r\n* CAPABILITY IMAP4rev1\r\nt2 OK\r\nt3 OK"
    double = ImapDouble({}, tls=serving(authority, "localhost"), injected_before_tls=injected)
    with (
        asyncio.Runner(loop_factory=new_loop) as runner,
        pytest.raises(ImapFailure, match="before the TLS handshake"),
    ):
        runner.run(ask_over_tls(double, trusting(authority)))
    assert double.logins == 0


def test_capabilities_from_before_the_handshake_are_asked_for_again(authority: trustme.CA) -> None:
    double = ImapDouble({ANN: SECRET}, greeting_tells_capabilities=True, tls=serving(authority, "localhost"))
    assert asyncio.run(ask_over_tls(double, trusting(authority)))
    assert [line.split(b" ")[1] for line in double.heard if b" " in line][:2] == [b"STARTTLS", b"CAPABILITY"]


# The backend around it


def backend_for(double: ImapDouble) -> ImapBackend:
    return ImapBackend(
        AuthSettings.model_validate({"backend": "imap", "url": f"imap://127.0.0.1:{double.port}", "timeout": "5s"})
    )


def test_the_server_is_asked_once_in_five_minutes_for_a_right_password_and_always_for_a_wrong_one() -> None:
    async def scenario() -> None:
        async with ImapDouble({ANN: SECRET}).running() as double:
            backend = backend_for(double)
            for _ in range(3):
                assert await backend.verify(ANN, SECRET, NOW) == Identity(ANN, ANN)
            assert double.logins == 1
            for _ in range(3):
                assert await backend.verify(ANN, "wrong", NOW) is None
            assert double.logins == 4
            assert await backend.verify(ANN, SECRET, NOW + 5 * MINUTE) is not None
            assert double.logins == 5

    asyncio.run(scenario())


def test_the_server_is_asked_for_the_very_name_that_the_identity_carries() -> None:
    async def scenario() -> None:
        async with ImapDouble({"Ann@Example.com": SECRET, "jos\u00e9@example.com": SECRET}).running() as double:
            backend = backend_for(double)
            assert await backend.verify("Ann@Example.com", SECRET, NOW) is None
            jose = Identity("jos\u00e9@example.com", "jos\u00e9@example.com")
            assert await backend.verify("JOSE\u0301@example.com", SECRET, NOW) == jose

    asyncio.run(scenario())


def test_what_cannot_be_a_password_never_reaches_the_server() -> None:
    async def scenario() -> None:
        async with ImapDouble({ANN: ""}).running() as double:
            backend = backend_for(double)
            for password in ("", "nul\0", "lone\ud800", "p" * 1025):
                assert await backend.verify(ANN, password, NOW) is None
            assert double.heard == []

    asyncio.run(scenario())


def test_trouble_is_reported_as_unavailable_and_not_remembered() -> None:
    async def scenario() -> None:
        async with ImapDouble({ANN: SECRET}, says={"password": b"TAG NO [UNAVAILABLE] later"}).running() as double:
            backend = backend_for(double)
            with pytest.raises(AuthUnavailable, match="UNAVAILABLE"):
                await backend.verify(ANN, SECRET, NOW)
            double.says.clear()
            assert await backend.verify(ANN, SECRET, NOW) is not None

    asyncio.run(scenario())


def test_a_hundred_logins_open_at_most_twenty_connections_and_the_rest_wait() -> None:
    async def scenario() -> None:
        async with ImapDouble({ANN: SECRET}, says={"password": HANG}).running() as double:
            url = f"imap://127.0.0.1:{double.port}"
            backend = ImapBackend(AuthSettings.model_validate({"backend": "imap", "url": url, "timeout": "1s"}))
            attempts = (backend.verify(ANN, f"p{n}", NOW) for n in range(100))
            answers = await asyncio.gather(*attempts, return_exceptions=True)
            assert all(isinstance(answer, AuthUnavailable) for answer in answers)
            assert double.most_connections == 20

    asyncio.run(scenario())


@pytest.mark.parametrize("name", ["missing.pem", "not-a-certificate.pem", "nul\0.pem"])
def test_a_bad_ca_file_is_a_configuration_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "not-a-certificate.pem").write_text("hello")
    settings = AuthSettings(backend="imap", url="imaps://imap.example.com", ca_file=tmp_path / name)
    with pytest.raises(ConfigError, match="ca_file"):
        ImapBackend(settings)
