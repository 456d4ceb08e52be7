"""Proving who one is: the exchanges of AUTH (RFC 4954; PLAIN is RFC 4616, LOGIN is draft-murchison-sasl-login)."""

from __future__ import annotations

import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from takeback.smtp.events import Credentials


class AuthError(ValueError):
    """The client's response is not what the mechanism asks for; says in one line what is wrong."""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """What the server asks, in order, and what the responses to all of it mean. A response that comes with the
    AUTH command itself answers the first challenge."""

    challenges: tuple[bytes, ...]
    conclude: Callable[[Sequence[str]], Credentials]


def _conclude_plain(responses: Sequence[str]) -> Credentials:
    parts = responses[0].split("\0")
    if len(parts) != 3 or not parts[1]:
        raise AuthError("the response must hold an identity, a user name and a password")
    return Credentials("PLAIN", *parts)


def _conclude_login(responses: Sequence[str]) -> Credentials:
    username, password = responses
    if not username or "\0" in username + password:
        raise AuthError("the user name is empty, or something holds NUL")
    return Credentials("LOGIN", "", username, password)


MECHANISMS: Mapping[str, Mechanism] = {
    "PLAIN": Mechanism((b"",), _conclude_plain),
    "LOGIN": Mechanism((b"Username:", b"Password:"), _conclude_login),
}


class Exchange:
    """One AUTH command, from its first challenge to the credentials."""

    def __init__(self, mechanism: Mechanism) -> None:
        self._mechanism = mechanism
        self._responses: list[str] = []

    @property
    def challenge(self) -> bytes:
        """What the server says next, as it stands behind `334 `."""
        return binascii.b2a_base64(self._mechanism.challenges[len(self._responses)], newline=False)

    def take(self, line: bytes) -> Credentials | None:
        """The credentials, or None where the next challenge is due. AuthError ends the exchange."""
        try:
            response = binascii.a2b_base64(line, strict_mode=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            raise AuthError("the response is not UTF-8 in base64") from None
        self._responses.append(response)
        if len(self._responses) < len(self._mechanism.challenges):
            return None
        return self._mechanism.conclude(self._responses)
