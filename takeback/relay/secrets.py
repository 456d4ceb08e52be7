"""Reads the credentials of a route at the moment they are needed. They are kept nowhere and shown nowhere."""

from __future__ import annotations

from dataclasses import dataclass, field

from takeback.relay.settings import RelaySettings
from takeback.secrets import read_password, read_token


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who logs in and with what. `is_token` tells an OAuth access token from a password."""

    username: str
    secret: str = field(repr=False)
    is_token: bool = False


async def read_credentials(settings: RelaySettings) -> Credentials | None:
    """The credentials as they are now; None where the route needs none. Raises SecretUnavailable."""
    if not settings.username:
        return None
    if settings.token_command is not None:
        return Credentials(settings.username, await read_token(settings.token_command, settings.username), True)
    return Credentials(settings.username, await read_password(settings))
