"""Reads a secret that the configuration names, at the moment it is needed. It is kept nowhere and shown nowhere."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr

_PATIENCE = 30.0
"""Seconds a command may take: enough for a person to touch a key."""


class SecretUnavailable(Exception):
    """The secret could not be read. The text names the key and the reason, never the secret."""


class NamesPassword(Protocol):
    """Settings that say who logs in, and where the password is."""

    @property
    def username(self) -> str: ...
    @property
    def password(self) -> SecretStr | None: ...
    @property
    def password_file(self) -> Path | None: ...
    @property
    def password_command(self) -> str | None: ...
    @property
    def password_env(self) -> str | None: ...


PASSWORD_KEYS = ("password", "password_file", "password_command", "password_env")


def check_one_secret(settings: NamesPassword, keys: Sequence[str] = PASSWORD_KEYS) -> None:
    """ValueError unless a user name has exactly one of these keys beside it, and none of them stands alone."""
    sources = [key for key in keys if getattr(settings, key) is not None]
    if len(sources) > 1:
        raise ValueError(f"{' and '.join(sources)} each name a secret; keep one of them")
    if sources and not settings.username:
        raise ValueError(f"{sources[0]} needs username beside it")
    if settings.username and not sources:
        raise ValueError(f"username needs one of {', '.join(keys)} beside it")


async def read_password(settings: NamesPassword) -> str:
    """The password as it is now. Raises SecretUnavailable, also where it is empty."""
    return _not_empty(await _read_password(settings), settings.username)


async def read_token(command: str, username: str) -> str:
    """The access token that `token_command` prints. Raises SecretUnavailable, also where it is empty."""
    return _not_empty(await _run("token_command", command), username)


def _not_empty(secret: str, username: str) -> str:
    if not secret:
        raise SecretUnavailable(f"the secret of {username} is empty")
    return secret


async def _read_password(settings: NamesPassword) -> str:
    if settings.password is not None:
        return settings.password.get_secret_value()
    if settings.password_env is not None:
        if settings.password_env not in os.environ:
            raise SecretUnavailable(f"password_env: {settings.password_env} is not set")
        return os.environ[settings.password_env]
    if settings.password_file is not None:
        return await asyncio.to_thread(_read_file, settings.password_file)
    return await _run("password_command", settings.password_command or "")


def _read_file(path: Path) -> str:
    try:
        return _first_line(path.read_bytes())
    except OSError as error:
        raise SecretUnavailable(f"password_file: {error.strerror}: {path}") from None


async def _run(key: str, command: str) -> str:
    """The first line that the command prints, as `pass` and its kin mean it."""
    process = await asyncio.create_subprocess_shell(
        command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, start_new_session=True
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            output, _ = await process.communicate()
    except TimeoutError:
        raise SecretUnavailable(f"{key} took longer than {_PATIENCE:.0f} seconds") from None
    finally:
        await _end(process)
    if process.returncode:
        raise SecretUnavailable(f"{key} ended with status {process.returncode}")
    return _first_line(output)


async def _end(process: Process) -> None:
    """Ends a command that has not ended by itself, and what it started."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _first_line(data: bytes) -> str:
    try:
        return data.partition(b"\n")[0].removesuffix(b"\r").decode("utf-8")
    except UnicodeDecodeError:
        raise SecretUnavailable("the secret is not UTF-8 text") from None
