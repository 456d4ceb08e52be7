"""Who may submit, as whom, and what becomes of guessing: from the command to the wire."""

from __future__ import annotations

import base64
import shutil
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.contract.auth.dovecot_server import PROGRAM, dovecot
from tests.end_to_end.running import HOSTNAME, PASSWORD, Gateway, letter, running, submit
from tests.services.requirement import missing

ANN = "ann@example.com"
CAT = "cat@example.com"
WRONG = (535, b"5.7.8 User name or password is wrong")


@contextmanager
def stranger(gateway: Gateway, address: str = "127.0.0.1") -> Iterator[smtplib.SMTP]:
    """Under TLS, not logged in."""
    with smtplib.SMTP("localhost", gateway.port, timeout=30, source_address=(address, 0)) as session:
        session.starttls(context=gateway.trusting)
        session.ehlo()
        yield session


def log_in(session: smtplib.SMTP, account: str, password: str, acting_as: str = "") -> tuple[int, bytes]:
    """One attempt; smtplib's own login makes two."""
    session.ehlo_or_helo_if_needed()
    response = base64.b64encode("\0".join((acting_as, account, password)).encode()).decode()
    return session.docmd("AUTH", f"PLAIN {response}")


def test_without_a_login_nothing_is_taken(gateway: Gateway) -> None:
    with stranger(gateway) as session:
        assert session.mail(ANN) == (530, b"5.7.0 Log in first")


def test_the_wrong_password_and_then_the_right_one(gateway: Gateway) -> None:
    with stranger(gateway) as session:
        assert log_in(session, ANN, "wrong") == WRONG
        assert log_in(session, ANN, PASSWORD) == (235, b"2.7.0 Authenticated")
        assert session.mail(ANN)[0] == 250


def test_nobody_acts_as_another(gateway: Gateway) -> None:
    """An authorization identity (RFC 4616) that is not one's own, with one's own right password."""
    with stranger(gateway) as session:
        said = log_in(session, ANN, PASSWORD, acting_as="ben@example.com")
    assert said == (535, b"5.7.8 Nobody can act as another here; leave the authorization identity empty")


def test_what_was_said_before_starttls_is_forgotten(gateway: Gateway) -> None:
    with smtplib.SMTP("localhost", gateway.port, timeout=30) as session:
        assert log_in(session, ANN, PASSWORD)[0] == 235
        session.starttls(context=gateway.trusting)
        session.ehlo()
        assert session.mail(ANN) == (530, b"5.7.0 Log in first")


def test_guessing_locks_the_pair_and_nobody_else(gateway: Gateway) -> None:
    account, guesser = "locked@example.com", "127.0.0.66"
    for _ in range(5):
        with stranger(gateway, guesser) as session:
            assert log_in(session, account, "guess")[0] == 535
    with stranger(gateway, guesser) as session:
        said = b"4.7.0 Too many failures for this account from your address; try again later"
        assert log_in(session, account, PASSWORD) == (454, said)
    with stranger(gateway, guesser) as session:
        assert log_in(session, ANN, PASSWORD)[0] == 235
    with stranger(gateway, "127.0.0.67") as session:
        assert log_in(session, account, PASSWORD)[0] == 235


@pytest.mark.parametrize("sender", ["ben@example.com", "ann@example.com.evil.example", "ann@sub.example.com"])
def test_another_envelope_sender_is_refused(gateway: Gateway, sender: str) -> None:
    with gateway.session(ANN) as session:
        assert session.mail(sender) == (550, f"5.7.1 ann@example.com may not send as {sender}".encode())


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (b"From: Ben <ben@example.com>", b"5.7.1 ann@example.com may not send as ben@example.com"),
        (b"From: ben@example.com, ann@example.com", b"5.7.1 ann@example.com may not send as ben@example.com"),
        (b"From: ann@example.com\r\nSender: ben@example.com", b"5.7.1 ann@example.com may not send as ben@example.com"),
        (b"From: ann@example.com\r\nFrom: ben@example.com", b"5.7.1 Refused: the message has more than one From field"),
        (b'From: "ann@example.com" <ben@example.com>', b"5.7.1 ann@example.com may not send as ben@example.com"),
        (b"From: ann@example.com <ben@example.com>", b"5.7.1 Refused: the From field is not a plain list of addresses"),
        (b"From:\r\n ben@example.com", b"5.7.1 ann@example.com may not send as ben@example.com"),
    ],
)
def test_another_author_is_refused(gateway: Gateway, fields: bytes, said: bytes) -> None:
    with gateway.session(ANN) as session:
        session.mail(ANN)
        session.rcpt("bob@example.net")
        assert session.data(fields + b"\r\nSubject: forged\r\n\r\nbody\r\n") == (550, said)


def test_the_owner_is_who_logged_in_with_a_null_sender_too(gateway: Gateway) -> None:
    id = gateway.submit(ANN, ["null-sender@now.example"], sender="", message=letter(ANN))
    assert gateway.command("show", id, "--json").json["account"] == ANN


def test_a_granted_alias_until_it_is_revoked(gateway: Gateway) -> None:
    alias = "Sales@Example.com"
    refused = (550, f"5.7.1 cat@example.com may not send as {alias}".encode())
    with gateway.session(CAT) as session:
        assert session.mail(alias) == refused
    assert gateway.command("account", "grant", CAT, alias).status == 0
    with gateway.session(CAT) as session:
        submit(session, alias, ["bob@example.net"], letter("Sales <sales@example.com>"))
    assert gateway.command("account", "revoke", CAT, alias).status == 0
    with gateway.session(CAT) as session:
        assert session.mail(alias) == refused


def test_a_granted_domain(gateway: Gateway) -> None:
    assert gateway.command("account", "grant", CAT, "*@lists.example").status == 0
    assert gateway.command("account", "grant", CAT, "*@*.lists.example").status == 0
    listed = gateway.command("account", "list", "--json").json
    assert [each["may_also_send_as"] for each in listed if each["account"] == CAT] == [
        ["*@*.lists.example", "*@lists.example"]
    ]
    with gateway.session(CAT) as session:
        for sender in ("any@lists.example", "any@deep.er.lists.example"):
            submit(session, sender, ["bob@example.net"])
        assert session.mail("any@otherlists.example")[0] == 550


@pytest.mark.parametrize("pattern", ["*", "@example.com", "a b@example.com", "x@*.example.com", ""])
def test_a_grant_that_cannot_be(gateway: Gateway, pattern: str) -> None:
    ran = gateway.command("account", "grant", CAT, pattern)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("takeback: ")
    assert len(ran.err.splitlines()) == 1


def test_a_changed_password_counts_at_once(gateway: Gateway) -> None:
    address = "changing@example.com"
    assert gateway.command("account", "add", address, "--password-stdin", given="one password\n").status == 0
    assert gateway.command("account", "add", address).status == 2
    with stranger(gateway) as session:
        assert log_in(session, address, "one password")[0] == 235
    changed = gateway.command("account", "password", address)
    assert changed.status == 0
    fresh = changed.out.rpartition(": ")[2].strip()
    with stranger(gateway) as session:
        assert log_in(session, address, "one password") == WRONG
    with stranger(gateway) as session:
        assert log_in(session, address, fresh)[0] == 235
    assert gateway.command("account", "remove", address).status == 0
    with stranger(gateway) as session:
        assert log_in(session, address, fresh) == WRONG
    assert gateway.command("account", "remove", address).status == 4


def test_a_trusted_network_owns_what_it_sends_and_may_no_more(gateway: Gateway) -> None:
    with stranger(gateway, "127.0.0.2") as session:
        id = submit(session, "app@crm.example", ["bob@example.net"])
        assert session.mail(ANN) == (550, b"5.7.1 crm may not send as ann@example.com")
    assert gateway.command("show", id, "--json").json["account"] == "crm"


def test_logins_at_the_organisations_imap_server(tmp_path: Path) -> None:
    """Passwords and people are Dovecot's; grants are ours, by command."""
    if not Path(PROGRAM).exists():
        missing("dovecot")
    with dovecot({ANN: "imap password", "eve@elsewhere.example": "imap password"}) as server:
        shutil.copy(server.ca_file, tmp_path / "imap-ca.pem")
        file = tmp_path / "takeback.toml"
        file.write_text(f"""
[data]
folder = "data"
reserve = "0B"
[http]
listen = []
[review]
enabled = false
[smtp]
hostname = "{HOSTNAME}"
listen = ["127.0.0.1:0"]
[auth]
backend = "imap"
url = "imaps://localhost:{server.imaps_port}"
ca_file = "imap-ca.pem"
longest_delay = "0s"
[organisation]
domains = ["example.com"]
[[relay]]
to = "maildir://{tmp_path}/box/{{user}}"
""")
        with running(file) as gateway:
            assert gateway.command("account", "add", ANN, "--no-password").status == 0
            assert gateway.command("account", "grant", ANN, "sales@example.com").status == 0
            with smtplib.SMTP("127.0.0.1", gateway.port, timeout=30) as session:
                assert log_in(session, ANN, "another password") == WRONG
                assert log_in(session, "eve@elsewhere.example", "imap password") == WRONG
                assert log_in(session, ANN, "imap password")[0] == 235
                submit(session, "sales@example.com", ["bob@example.net"])
                assert session.mail("eve@elsewhere.example")[0] == 550
            assert gateway.command("doctor").status == 0
    with running(file) as gateway, smtplib.SMTP("127.0.0.1", gateway.port, timeout=30) as session:
        said = log_in(session, ANN, "imap password")
        assert said == (454, b"4.7.0 Authentication does not work just now; try again later")
        ran = gateway.command("doctor")
        assert ran.status == 1
        assert f"imaps://localhost:{server.imaps_port} does not work" in ran.out
