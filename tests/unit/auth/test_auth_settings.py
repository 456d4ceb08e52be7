from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from takeback.auth.settings import AuthSettings
from takeback.clock import MINUTE, SECOND
from takeback.imap_url import Encryption, ImapServer, parse_imap_url


def test_without_a_table_our_own_accounts_are_asked() -> None:
    settings = AuthSettings()
    assert settings.backend == "accounts"
    assert (settings.failures_before_delay, settings.longest_delay) == (3, 5 * SECOND)
    assert (settings.failures_before_lockout, settings.lockout) == (10, 15 * MINUTE)


def test_everything_can_be_written_as_text() -> None:
    settings = AuthSettings.model_validate(
        {"backend": "imap", "url": "imaps://imap.example.com", "timeout": "30s", "lockout": "1h", "longest_delay": "0s"}
    )
    assert settings.imap_server == ImapServer("imap.example.com", 993, Encryption.IMPLICIT)
    assert (settings.timeout, settings.lockout, settings.longest_delay) == (30 * SECOND, 60 * MINUTE, 0)


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ({"backend": "ldap"}, "accounts"),
        ({"backend": "imap"}, "not an IMAP server"),
        ({"backend": "imap", "url": "imap.example.com"}, "not an IMAP server"),
        ({"url": "imaps://imap.example.com"}, "belong to backend"),
        ({"ca_file": "ca.pem"}, "belong to backend"),
        ({"unknown": 1}, "unknown"),
        ({"timeout": 10}, "timeout"),
        ({"timeout": "0s"}, "timeout"),
        ({"lockout": "0s"}, "lockout"),
        ({"lockout": "2d"}, "lockout"),
        ({"longest_delay": "2m"}, "longest_delay"),
        ({"failures_before_delay": 0}, "failures_before_delay"),
        ({"failures_before_delay": 11}, "may not be greater"),
        ({"failures_before_lockout": "ten"}, "failures_before_lockout"),
        ({"domain": "@example.com"}, "domain"),
        ({"domain": "example com"}, "domain"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(table: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        AuthSettings.model_validate(table)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("imaps://imap.example.com", ImapServer("imap.example.com", 993, Encryption.IMPLICIT)),
        ("imaps://imap.example.com:1993/", ImapServer("imap.example.com", 1993, Encryption.IMPLICIT)),
        ("IMAPS://IMAP.example.com", ImapServer("imap.example.com", 993, Encryption.IMPLICIT)),
        ("imap://imap.example.com", ImapServer("imap.example.com", 143, Encryption.STARTTLS)),
        ("imap://127.0.0.1:2143", ImapServer("127.0.0.1", 2143, Encryption.NONE)),
        ("imap://[::1]", ImapServer("::1", 143, Encryption.NONE)),
        ("imap://localhost", ImapServer("localhost", 143, Encryption.NONE)),
        ("imap://localhost.example.com", ImapServer("localhost.example.com", 143, Encryption.STARTTLS)),
        ("imap://[2001:db8::1]", ImapServer("2001:db8::1", 143, Encryption.STARTTLS)),
    ],
)
def test_only_loopback_goes_without_encryption(url: str, server: ImapServer) -> None:
    assert parse_imap_url(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "",
        "imaps://",
        "https://imap.example.com",
        "imaps://imap.example.com:0",
        "imaps://imap.example.com:99999",
        "imaps://imap.example.com:port",
        "imaps://user:secret@imap.example.com",
        "imaps://imap.example.com/INBOX",
        "imaps://imap.example.com?tls=off",
        "imaps://imap.example.com#x",
        "imaps://[::1",
    ],
)
def test_a_bad_url_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(ValueError, match=r"imaps://imap\.example\.com"):
        parse_imap_url(url)
