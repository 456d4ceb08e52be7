"""Reads the secret of a route at the moment it is needed. It is kept nowhere and shown nowhere."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from takeback.relay.settings import RelaySettings

_PATIENCE = 30.0
"""Seconds a command may take: enough for a person to touch a key."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who logs in and with what. `is_token` tells an OAuth access token from a password."""

    username: str
    secret: str = field(repr=False)
    is_token: bool = False


class SecretUnavailable(Exception):
    """The secret could not be read. The text names the key and the reason, never the secret."""


async def read_credentials(settings: RelaySettings) -> Credentials | None:
    """The credentials as they are now; None where the route needs none. Raises SecretUnavailable."""
    if not settings.username:
        return None
    secret = await _read_secret(settings)
    if not secret:
        raise SecretUnavailable(f"the secret of {settings.username} is empty")
    return Credentials(settings.username, secret, is_token=settings.token_command is not None)


async def _read_secret(settings: RelaySettings) -> str:
    if settings.password is not None:
        return settings.password.get_secret_value()
    if settings.password_env is not None:
        if settings.password_env not in os.environ:
            raise SecretUnavailable(f"password_env: {settings.password_env} is not set")
        return os.environ[settings.password_env]
    if settings.password_file is not None:
        return await asyncio.to_thread(_read_file, settings.password_file)
    if settings.password_command is not None:
        return await _run("password_command", settings.password_command)
    return await _run("token_command", settings.token_command or "")


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
