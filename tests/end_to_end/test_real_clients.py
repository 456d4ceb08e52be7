"""What people and programs really send with, against the real process."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import subprocess
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from tests.doubles.smarthost import Smarthost
from tests.end_to_end.running import PASSWORD, Gateway, letter, until

Tool = Callable[[str], str]
ANN = "ann@example.com"


def run(command: Sequence[str], given: bytes = b"", folder: Path | None = None) -> str:
    done = subprocess.run(command, input=given, capture_output=True, timeout=60, check=False, cwd=folder)
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    assert done.returncode == 0, said
    return said


def held_for(gateway: Gateway, recipient: str) -> bool:
    """Whether exactly one message for it is held, as its own command says."""
    outbox = gateway.command("outbox", "--json").json
    return [each["state"] for view in outbox for each in view["recipients"] if each["address"] == recipient] == ["held"]


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_swaks(gateway: Gateway, tool: Tool, mechanism: str, tls: str) -> None:
    recipient = f"swaks-{mechanism.lower()}-{tls}@example.net"
    said = run(
        [
            tool("swaks"),
            *("--server", "localhost", "--from", ANN, "--to", recipient, "--auth", mechanism),
            *("--auth-user", ANN, "--auth-password", PASSWORD, "--tls-verify", "--tls-ca-path"),
            str(gateway.folder / "ca.pem"),
            *(["--tls", "--port", str(gateway.ports[0])] if tls == "starttls" else []),
            *(["--tls-on-connect", "--port", str(gateway.ports[1])] if tls == "implicit" else []),
        ]
    )
    assert "235 2.7.0 Authenticated" in said
    assert "held for 1h, can be undone" in said
    assert held_for(gateway, recipient)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_msmtp(gateway: Gateway, tool: Tool, tls: str) -> None:
    recipient = f"msmtp-{tls}@example.net"
    port = gateway.ports[1] if tls == "implicit" else gateway.ports[0]
    program = tool("msmtp")
    settings = [
        f"--tls-trust-file={gateway.folder / 'ca.pem'}",
        f"--tls-starttls={'off' if tls == 'implicit' else 'on'}",
    ]
    run(
        [
            program,
            *("--file=/dev/null", "--host=localhost", f"--port={port}", "--tls=on", *settings),
            *("--auth=plain", f"--user={ANN}", f"--passwordeval=echo '{PASSWORD}'", f"--from={ANN}"),
            *("--dsn-notify=failure,delay", "--dsn-return=headers", recipient),
        ],
        letter(ANN).replace(b"\r\n", b"\n"),
    )
    assert held_for(gateway, recipient)


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_curl(gateway: Gateway, tool: Tool, tmp_path: Path, scheme: str) -> None:
    recipient = f"curl-{scheme}@example.net"
    port = gateway.ports[scheme == "smtps"]
    (tmp_path / "letter").write_bytes(letter(ANN))
    run(
        [
            tool("curl"),
            *("--silent", "--show-error", "--ssl-reqd", "--cacert", str(gateway.folder / "ca.pem")),
            *("--url", f"{scheme}://localhost:{port}/client.example", "--user", f"{ANN}:{PASSWORD}"),
            *("--mail-from", ANN, "--mail-rcpt", recipient, "--upload-file", str(tmp_path / "letter")),
        ]
    )
    assert held_for(gateway, recipient)


def test_smtp_source_over_several_sessions(open_gateway: Gateway, tool: Tool) -> None:
    """Postfix' own load generator: it cannot log in, so it comes from a trusted network."""
    run(
        [
            tool("smtp-source"),
            *("-d", "-s", "5", "-m", "40", "-l", "2000", "-M", "client.example", "-f", "robot@crm.example"),
            *("-t", "many@now.example", f"inet:127.0.0.1:{open_gateway.port}"),
        ]
    )
    until(lambda: len(open_gateway.mailbox("many@now.example")) == 40, "forty messages to arrive")


def test_a_whole_session_in_one_packet(open_gateway: Gateway) -> None:
    """PIPELINING (RFC 2920): the replies come in order, each command has one."""
    one = b"MAIL FROM:<robot@crm.example>\r\nRCPT TO:<piped@example.net>\r\nDATA\r\n"
    message = letter("robot@crm.example") + b".\r\n"
    with socket.create_connection(("127.0.0.1", open_gateway.port), 30) as wire:
        wire.sendall(b"EHLO client.example\r\n" + (one + message) * 20 + b"QUIT\r\n")
        said = b"".join(iter(lambda: wire.recv(1 << 16), b""))
    codes = [line[:3] for line in said.splitlines() if line[3:4] == b" "]
    assert codes == [b"220", b"250", *[b"250", b"250", b"354", b"250"] * 20, b"221"]
    ids = re.findall(rb"250 2\.0\.0 ([a-z0-9]{10,}) held", said)
    assert len(set(ids)) == 20


def test_dsn_parameters_reach_a_server_that_knows_them(gateway: Gateway, sink: Smarthost) -> None:
    body = letter(ANN, "dsn", "Content-Type: text/plain; charset=utf-8") + "سلام\r\n".encode()
    with gateway.session(ANN) as session:
        session.sendmail(
            ANN,
            ["passed-on@smtp.example"],
            body,
            mail_options=["BODY=8BITMIME", "RET=HDRS", "ENVID=order+2B42"],
            rcpt_options=["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;passed-on@smtp.example"],
        )
    dot = until(lambda: [dot for dot in sink.dots if "passed-on@smtp.example" in dot.recipients], "the message")[0]
    assert {"BODY=8BITMIME", "RET=HDRS", "ENVID=order+2B42"} <= set(dot.mail.split())
    assert {"NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;passed-on@smtp.example"} <= set(dot.rcpts[0].split())
    assert "سلام".encode() in dot.body


def test_smtplib_with_addresses_and_subject_in_arabic(gateway: Gateway) -> None:
    message = EmailMessage(policy=SMTP.clone(utf8=True))
    message["From"], message["To"], message["Subject"] = ANN, "محمد@مثال.example", "مرحبا بالعالم"
    message.set_content("نص\n", cte="8bit")
    with gateway.session(ANN) as session:
        assert session.send_message(message, ANN, ["محمد@مثال.example"]) == {}
    view = gateway.command("outbox", "--json").json[0]
    assert view["subject"] == "مرحبا بالعالم"
    assert [each["address"] for each in view["recipients"]] == ["محمد@مثال.example"]
    assert "مرحبا بالعالم" in gateway.command("outbox").out


def test_an_attachment_of_20_megabytes_arrives_whole(gateway: Gateway) -> None:
    content = bytes(range(256)) * (20 * 4096)
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = ANN, "big@now.example", "big"
    message.set_content("see below")
    message.add_attachment(content, maintype="application", subtype="octet-stream", filename="big.bin")
    sent = message.as_bytes()
    with gateway.session(ANN) as session:
        session.sendmail(ANN, "big@now.example", sent)
    [arrived] = until(lambda: gateway.mailbox("big@now.example"), "the message to arrive", 30)
    assert arrived.endswith(sent)


def test_starttls_with_a_client_that_does_not_trust_us(gateway: Gateway) -> None:
    """Its handshake fails; the gateway lives on."""
    with smtplib.SMTP("localhost", gateway.port, timeout=30) as session, pytest.raises(ssl.SSLCertVerificationError):
        session.starttls(context=ssl.create_default_context())
    with gateway.session(ANN) as session:
        assert session.noop()[0] == 250
