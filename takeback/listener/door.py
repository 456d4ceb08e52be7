"""The door: who a client is, and so whose messages it brings."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Sequence

import structlog

from takeback import figures
from takeback.auth.gate import Accepted, Gate, Locked, Unavailable
from takeback.errors import StoreUnavailable
from takeback.flows.submitter import Submitter
from takeback.listener.settings import Trusted
from takeback.mail.address import Pattern
from takeback.ports.store import Account
from takeback.smtp.events import Credentials
from takeback.smtp.replies import Reply

LookUp = Callable[[str], Awaitable[Account | None]]

_WELCOME = Reply.of(235, "2.7.0", "Authenticated")
_WRONG = Reply.of(535, "5.7.8", "User name or password is wrong")
_NOT_AS_ANOTHER = Reply.of(535, "5.7.8", "Nobody can act as another here; leave the authorization identity empty")
_LATER = Reply.of(454, "4.7.0", "Authentication does not work just now; try again later")
_LOCKED = Reply.of(454, "4.7.0", "Too many failures for this account from your address; try again later")

log = structlog.get_logger("login")


class Door:
    """Knows trusted networks and asks the gate about everybody else."""

    def __init__(self, gate: Gate, look_up: LookUp, is_ours: Callable[[str], bool], trusted: Sequence[Trusted]) -> None:
        """`is_ours` says of an address that logged in whether the backend may vouch for it."""
        self._gate = gate
        self._look_up = look_up
        self._is_ours = is_ours
        self._trusted = [(entry.network, _trusted_submitter(entry)) for entry in trusted]

    def trusted(self, client: str) -> Submitter | None:
        """Who owns what comes from that address without a login; None where a login is asked for."""
        try:
            address = ipaddress.ip_address(client.partition("%")[0])
        except ValueError:
            return None
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return next((submitter for network, submitter in self._trusted if address in network), None)

    async def authenticate(self, credentials: Credentials, client: str) -> tuple[Reply, Submitter | None]:
        """The reply to AUTH and, where it is 235, who it is."""
        if credentials.authzid not in ("", credentials.username):
            return _NOT_AS_ANOTHER, None
        answer = await self._gate.attempt(credentials.username, credentials.password, client)
        figures.LOGINS.labels(type(answer).__name__.lower()).inc()
        match answer:
            case Accepted(identity):
                return await self._welcome(identity.key, identity.address)
            case Unavailable(reason):
                log.error("backend unavailable", reason=reason)
                return _LATER, None
            case Locked():
                log.warning("locked", client=client, username=credentials.username)
                return _LOCKED, None
            case _:
                log.warning("refused", client=client, username=credentials.username)
                return _WRONG, None

    async def _welcome(self, key: str, address: str) -> tuple[Reply, Submitter | None]:
        if not self._is_ours(address):
            log.warning("not of this organisation", username=address)
            return _WRONG, None
        try:
            account = await self._look_up(key)
        except StoreUnavailable as error:
            log.error("accounts unavailable", reason=str(error))
            return _LATER, None
        grants = tuple(map(Pattern, account.grants)) if account else ()
        return _WELCOME, Submitter(key, address, grants)


def _trusted_submitter(entry: Trusted) -> Submitter:
    return Submitter(entry.account, "", entry.may_send_as, authenticated=False)
