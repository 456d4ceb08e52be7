"""The next mail server of a route, over SMTP or LMTP, as a `Relay`."""

from __future__ import annotations

from collections.abc import Sequence

from takeback.ports import Consignment, MarkDot, Outcome, Verdict
from takeback.relay.connection import Connection, Trouble
from takeback.relay.destination import Server
from takeback.relay.opening import Opener
from takeback.relay.pool import Pool
from takeback.relay.settings import RelaySettings
from takeback.relay.transaction import NextServer, StaleConnection, Transaction


class Smarthost:
    """Hands consignments to one server, over a few connections that are used again."""

    def __init__(self, server: Server, settings: RelaySettings, hostname: str) -> None:
        """`hostname` is what EHLO says. Raises ConfigError where `ca_file` cannot be used."""
        opener = Opener(settings, server, hostname)
        self._pool = Pool(opener.open, settings.connections)
        self._server = NextServer(
            name=server.name,
            lmtp=server.scheme == "lmtp",
            command_timeout=settings.command_timeout,
            answer_timeout=settings.answer_timeout,
        )

    async def deliver(self, consignment: Consignment, mark_dot: MarkDot) -> Sequence[Outcome]:
        """As `takeback.ports.Relay` promises; besides, an exception of the content's reader comes through."""
        try:
            try:
                return await self._hand_over(await self._pool.take(), consignment, mark_dot)
            except StaleConnection:
                return await self._hand_over(await self._pool.take(fresh=True), consignment, mark_dot)
        except Trouble as trouble:
            outcome = Outcome(Verdict.DEFERRED, str(trouble))
            return [outcome for _ in consignment.envelope.recipients]

    async def close(self) -> None:
        await self._pool.close()

    async def _hand_over(
        self, connection: Connection, consignment: Consignment, mark_dot: MarkDot
    ) -> Sequence[Outcome]:
        transaction = Transaction(connection, consignment, self._server)
        try:
            await transaction.run(mark_dot)
        except BaseException:
            connection.abort()
            raise
        finally:
            self._pool.give_back(connection)
        return transaction.outcomes
