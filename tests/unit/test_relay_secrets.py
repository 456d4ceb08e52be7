"""Where secrets come from, and that errors never hold one."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from takeback import secrets
from takeback.relay.secrets import Credentials, read_credentials
from takeback.secrets import SecretUnavailable
from tests.doubles.consignments import relay_section


def read(**keys: str) -> Credentials | None:
    section = relay_section(**{"to": "smtp://mail.example", "username": "ann", **keys})
    return asyncio.run(read_credentials(section))


def test_no_login_no_credentials() -> None:
    assert read(username="") is None


def test_each_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "secret"
    file.write_bytes("pä ss\r\nsecond line\n".encode())
    monkeypatch.setenv("ANNS_PASSWORD", "pä ss")
    sources = [
        {"password": "pä ss"},
        {"password_file": str(file)},
        {"password_env": "ANNS_PASSWORD"},
        {"password_command": f"cat {file} | cat"},
    ]
    for source in sources:
        assert read(**source) == Credentials("ann", "pä ss"), source
    assert read(token_command="echo token") == Credentials("ann", "token", is_token=True)


def test_the_file_is_read_anew_each_time(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    for secret in ("one", "two"):
        file.write_text(secret)
        assert read(password_file=str(file)) == Credentials("ann", secret)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ({"password_env": "NO_SUCH_VARIABLE"}, "NO_SUCH_VARIABLE is not set"),
        ({"password_file": "/no/such/file"}, "No such file or directory: /no/such/file"),
        ({"password_command": "echo s3cret; exit 7"}, "password_command ended with status 7"),
        ({"token_command": "exit 1"}, "token_command ended with status 1"),
        ({"password_command": "true"}, "is empty"),
        ({"password_command": "printf '\\377'"}, "not UTF-8"),
    ],
)
def test_what_is_wrong_is_said_without_the_secret(source: dict[str, str], reason: str) -> None:
    with pytest.raises(SecretUnavailable, match=reason) as caught:
        read(**source)
    assert "s3cret" not in str(caught.value)


def test_a_command_that_hangs_is_ended_with_all_it_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_PATIENCE", 0.1)
    begun = time.monotonic()
    with pytest.raises(SecretUnavailable, match="took longer"):
        read(password_command="sleep 60 | sleep 60")
    assert time.monotonic() - begun < 30


def test_credentials_do_not_show_their_secret() -> None:
    assert "s3cret" not in repr(Credentials("ann", "s3cret"))
