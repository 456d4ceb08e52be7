"""TLS and login towards the next server."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from takeback.errors import ConfigError
from takeback.ports import Outcome, Verdict
from takeback.relay.relays import make_relay
from tests.doubles.consignments import MESSAGE, DotMark, consignment, relay_section
from tests.doubles.smarthost import Smarthost

ANN = {"ann": "s3cret pässwort"}
LOGIN = {"username": "ann", "password": ANN["ann"]}


async def deliver(sink: Smarthost, **settings: Any) -> Outcome:
    scheme = "smtps" if sink.implicit_tls else "lmtp" if sink.lmtp else "smtp"
    async with sink:
        relay = make_relay(relay_section(to=f"{scheme}://localhost:{sink.port}", **settings), "us.example")
        try:
            return (await relay.deliver(consignment(), DotMark()))[0]
        finally:
            await relay.close()


def is_put_off_by_us(outcome: Outcome, reply: str) -> bool:
    return outcome.verdict is Verdict.DEFERRED and outcome.server == "" and outcome.reply.startswith(reply)


@pytest.mark.parametrize("lmtp", [False, True], ids=["smtp", "lmtp"])
async def test_required_and_good(lmtp: bool, server_tls: ssl.SSLContext, ca_file: Path) -> None:
    sink = Smarthost(lmtp=lmtp, tls=server_tls)
    outcome = await deliver(sink, tls="required", ca_file=str(ca_file))
    assert outcome.verdict is Verdict.SENT
    assert sink.dots[0].body == MESSAGE
    verb = "LHLO us.example" if lmtp else "EHLO us.example"
    assert sink.commands[:3] == [verb, "STARTTLS", verb]


async def test_implicit_and_good(server_tls: ssl.SSLContext, ca_file: Path) -> None:
    sink = Smarthost(implicit_tls=True, tls=server_tls)
    assert (await deliver(sink, ca_file=str(ca_file))).verdict is Verdict.SENT
    assert "STARTTLS" not in sink.commands


@pytest.mark.parametrize("implicit", [False, True])
async def test_a_certificate_that_cannot_be_verified(implicit: bool, server_tls: ssl.SSLContext) -> None:
    sink = Smarthost(implicit_tls=implicit, tls=server_tls)
    assert is_put_off_by_us(await deliver(sink, tls="required"), "454 4.7.5 the certificate of localhost")
    assert not any(line.startswith("MAIL") for line in sink.commands)


async def test_a_certificate_for_another_name(authority: trustme.CA, ca_file: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("elsewhere.example").configure_cert(context)
    outcome = await deliver(Smarthost(tls=context), tls="required", ca_file=str(ca_file))
    assert is_put_off_by_us(outcome, "454 4.7.5")


async def test_required_and_not_offered() -> None:
    sink = Smarthost()
    assert is_put_off_by_us(await deliver(sink, tls="required"), "454 4.7.0 TLS is required")
    assert sink.commands == ["EHLO us.example"]


async def test_opportunistic_takes_any_certificate(server_tls: ssl.SSLContext) -> None:
    sink = Smarthost(tls=server_tls)
    assert (await deliver(sink)).verdict is Verdict.SENT
    assert "STARTTLS" in sink.commands


async def test_opportunistic_goes_on_without_tls_where_it_does_not_come_about() -> None:
    without_certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    sink = Smarthost(tls=without_certificate)
    assert (await deliver(sink)).verdict is Verdict.SENT
    assert sink.connections == 2


async def test_off_leaves_an_offer_alone(server_tls: ssl.SSLContext) -> None:
    sink = Smarthost(tls=server_tls)
    assert (await deliver(sink, tls="off")).verdict is Verdict.SENT
    assert "STARTTLS" not in sink.commands


async def test_bytes_behind_the_answer_to_starttls_are_not_believed(server_tls: ssl.SSLContext, ca_file: Path) -> None:
    sink = Smarthost(tls=server_tls, behind_starttls=b"250 forged\r\n")
    outcome = await deliver(sink, tls="required", ca_file=str(ca_file))
    assert is_put_off_by_us(outcome, "451 4.5.0")
    assert sink.dots == []


@pytest.mark.parametrize("mechanisms", ["PLAIN LOGIN", "PLAIN", "LOGIN", "plain"])
async def test_login(mechanisms: str, server_tls: ssl.SSLContext, ca_file: Path) -> None:
    sink = Smarthost(tls=server_tls, users=ANN, mechanisms=mechanisms)
    assert (await deliver(sink, ca_file=str(ca_file), **LOGIN)).verdict is Verdict.SENT


@pytest.mark.parametrize("token", ["short", "long" * 300])
async def test_login_by_token(token: str, server_tls: ssl.SSLContext, ca_file: Path) -> None:
    """A long token must not stand on the line of the command (RFC 4954 §4)."""
    sink = Smarthost(tls=server_tls, users={"ann": token})
    outcome = await deliver(sink, username="ann", token_command=f"echo {token}", ca_file=str(ca_file))
    assert outcome.verdict is Verdict.SENT
    assert all(len(line) < 512 for line in sink.commands if line.startswith("AUTH"))


@pytest.mark.parametrize("mechanisms", ["PLAIN", "LOGIN", "XOAUTH2"])
async def test_a_refused_login_is_put_off(mechanisms: str) -> None:
    sink = Smarthost(users=ANN, mechanisms=mechanisms)
    wrong = {"token_command": "echo wrong"} if mechanisms == "XOAUTH2" else {"password": "wrong"}
    outcome = await deliver(sink, tls="off", username="ann", **wrong)
    assert is_put_off_by_us(outcome, "454 4.7.0 localhost refused the login of ann: 535 5.7.8")
    assert not any(line.startswith("MAIL") for line in sink.commands)


@pytest.mark.parametrize(
    ("fields", "settings", "reply"),
    [
        ({}, LOGIN, "454 4.7.0 localhost does not offer to log in by PLAIN or LOGIN"),
        ({"users": ANN, "mechanisms": "CRAM-MD5"}, LOGIN, "454 4.7.0 localhost does not offer"),
        ({"users": ANN}, {"username": "ann", "password_env": "NO_SUCH"}, "454 4.7.0 no login at localhost"),
        ({"users": ANN}, {"username": "ann", "password": "a\0b"}, "454 4.7.0 no login at localhost: NUL"),
    ],
)
async def test_no_way_to_log_in(fields: dict[str, Any], settings: dict[str, str], reply: str) -> None:
    assert is_put_off_by_us(await deliver(Smarthost(**fields), tls="off", **settings), reply)


async def test_a_password_never_goes_over_a_line_without_tls() -> None:
    sink = Smarthost(users=ANN)
    assert is_put_off_by_us(await deliver(sink, **LOGIN), "454 4.7.0 TLS is required")
    assert not any(line.startswith("AUTH") for line in sink.commands)


def test_a_bad_ca_file_is_an_error_of_the_configuration(tmp_path: Path) -> None:
    bad = tmp_path / "ca.pem"
    bad.write_text("nothing")
    with pytest.raises(ConfigError, match="ca_file"):
        make_relay(relay_section(to="smtp://localhost", ca_file=str(bad)), "us.example")
