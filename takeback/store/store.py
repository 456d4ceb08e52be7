"""The store as the flows see it: transitions go through the one writer, questions through readers beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial
from itertools import count

from takeback.clock import Duration, Instant
from takeback.errors import ClockStepped
from takeback.hold.states import State
from takeback.ports import Content
from takeback.ports.store import (
    Account,
    Answer,
    Change,
    ClaimedMessage,
    ClaimRequest,
    DotMark,
    Drop,
    EventView,
    Handback,
    HoldRequest,
    Listing,
    MessageView,
    NewMessage,
    Parked,
    ParkRequest,
    Position,
    ReleaseRequest,
    Retention,
    Selection,
    Settlement,
    StagedChunk,
    Usage,
    UsageQuestion,
)
from takeback.store import (
    accepting,
    accounts,
    changing,
    claiming,
    dropping,
    following,
    housekeeping,
    listing,
    reading,
    settling,
)
from takeback.store.access import Access
from takeback.store.accounts import Grant, NewAccount, Rehash, Removal
from takeback.store.database import Database
from takeback.store.writer import Transition, Urgency

_ACCEPT = Transition(accepting.accept, Urgency.ACCEPT)
_STAGE = Transition(accepting.stage, Urgency.ACCEPT)
_MARK_DOT = Transition(claiming.mark_dot, Urgency.DELIVERY)
_RECORD = Transition(settling.record, Urgency.DELIVERY)
_GIVE_BACK = Transition(claiming.give_back, Urgency.DELIVERY)
_RENEW = Transition(claiming.renew, Urgency.DELIVERY)
_REAP = Transition(claiming.reap, Urgency.DELIVERY)
_UNDO = Transition(changing.undo, Urgency.PERSON)
_RELEASE = Transition(changing.release, Urgency.PERSON)
_HOLD = Transition(changing.hold, Urgency.PERSON)
_DROP = Transition(dropping.drop, Urgency.PERSON)
_PARK = Transition(housekeeping.park, Urgency.PERSON)
_HEARTBEAT = Transition(housekeeping.heartbeat, Urgency.DELIVERY)
_NOTE_FACT = Transition(housekeeping.note_fact, Urgency.DELIVERY)
_SWEEP = Transition(housekeeping.sweep, Urgency.DELIVERY)
_NOTE = Transition(following.note, Urgency.PERSON)
_SET_ACCOUNT = Transition(accounts.set_account, Urgency.PERSON)
_REPLACE_HASH = Transition(accounts.replace_hash, Urgency.PERSON)
_REMOVE_ACCOUNT = Transition(accounts.remove_account, Urgency.PERSON)
_SET_GRANT = Transition(accounts.set_grant, Urgency.PERSON)


class SqlStore:
    """`takeback.ports.store.Store` over a database. Belongs to the event loop it was opened on."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._claim = Transition(claiming.Claiming(self._make_content), Urgency.DELIVERY)

    @classmethod
    async def open(cls, database: Database) -> SqlStore:
        """A store whose clock is known. The schema must be up to date (`takeback.store.schema.prepare`)."""
        store = cls(Access(database))
        await store.read_clock()
        return store

    async def close(self) -> None:
        """Afterwards everything submitted has been answered, and no connection is open."""
        await self.access.close()

    def now(self) -> Instant:
        return self.access.now()

    async def read_clock(self) -> Instant:
        """Asks the store for its time, and keeps how far it is ahead of ours."""
        return await self.access.read_clock()

    async def stage(self, chunk: StagedChunk) -> None:
        await self.access.submit(_STAGE, chunk)

    async def accept(self, message: NewMessage) -> None:
        await self.access.submit(_ACCEPT, message)

    async def claim(self, request: ClaimRequest) -> Sequence[ClaimedMessage]:
        try:
            return await self.access.submit(self._claim, request)
        except ClockStepped:
            await self.read_clock()  # what is accepted from now on is due by the clock as it now stands
            raise

    async def mark_dot(self, mark: DotMark) -> bool:
        return await self.access.submit(_MARK_DOT, mark)

    async def record(self, settlement: Settlement) -> Sequence[int]:
        return await self.access.submit(_RECORD, settlement)

    async def give_back(self, handback: Handback) -> None:
        await self.access.submit(_GIVE_BACK, handback)

    async def renew(self, tokens: Sequence[str], lease: Duration) -> None:
        await self.access.submit(_RENEW, (tokens, lease))

    async def reap(self, everything: bool = False) -> int:
        return await self.access.submit(_REAP, everything)

    async def undo(self, selection: Selection) -> Sequence[Answer]:
        return await self.access.submit(_UNDO, selection)

    async def release(self, request: ReleaseRequest) -> Sequence[Answer]:
        return await self.access.submit(_RELEASE, request)

    async def hold(self, request: HoldRequest) -> Sequence[Answer]:
        return await self.access.submit(_HOLD, request)

    async def drop(self, request: Drop) -> bool:
        return await self.access.submit(_DROP, request)

    async def park(self, request: ParkRequest) -> Sequence[Parked]:
        return await self.access.submit(_PARK, request)

    async def heartbeat(self) -> Instant | None:
        return await self.access.submit(_HEARTBEAT, None)

    async def last_heartbeat(self) -> Instant | None:
        noted = await self.fact(housekeeping.HEARTBEAT)
        return None if noted is None else noted[1]

    async def note_fact(self, name: str, value: str) -> None:
        await self.access.submit(_NOTE_FACT, (name, value))

    async def sweep(self, retention: Retention) -> int:
        return await self.access.submit(_SWEEP, retention)

    async def set_account(self, account: NewAccount) -> bool:
        return await self.access.submit(_SET_ACCOUNT, account)

    async def replace_hash(self, rehash: Rehash) -> None:
        await self.access.submit(_REPLACE_HASH, rehash)

    async def remove_account(self, key: str, actor: str = "takeback") -> bool:
        return await self.access.submit(_REMOVE_ACCOUNT, Removal(key, actor))

    async def set_grant(self, grant: Grant) -> bool:
        return await self.access.submit(_SET_GRANT, grant)

    async def next_due(self) -> Instant | None:
        return await self.access.ask(reading.next_due)

    async def usage(self, question: UsageQuestion) -> Usage:
        return await self.access.ask(lambda connection: reading.usage(connection, question))

    async def find(self, reference: str, account: str | None = None) -> Sequence[MessageView]:
        return await self.access.ask(lambda connection: reading.find(connection, reference, account))

    async def last(self, account: str | None = None) -> MessageView | None:
        return await self.access.ask(lambda connection: reading.last(connection, account))

    async def outbox(self, account: str | None = None, limit: int | None = None) -> Sequence[MessageView]:
        return await self.access.ask(lambda connection: reading.outbox(connection, account, limit))

    async def messages(self, listed: Listing) -> Sequence[MessageView]:
        return await self.access.ask(lambda connection: listing.messages(connection, listed))

    async def open_by_account(self) -> dict[str, int]:
        return await self.access.ask(listing.open_by_account)

    async def follow(self, position: Position | None) -> tuple[Sequence[Change], Position]:
        in_order, now = self.access.database.is_sqlite, self.now()
        return await self.access.ask(lambda connection: following.follow(connection, now, position, in_order))

    async def changes_since(self, id: int, accounts: frozenset[str] | None, limit: int) -> Sequence[Change]:
        return await self.access.ask(lambda connection: following.changes_since(connection, id, accounts, limit))

    async def note(self, message: str, kind: str, actor: str, client: str) -> None:
        await self.access.submit(_NOTE, following.Note(message, kind, actor, client))

    async def events(self, message: str) -> Sequence[EventView]:
        return await self.access.ask(lambda connection: reading.events(connection, message))

    async def recount(self, message: str) -> tuple[MessageView, Sequence[EventView]] | None:
        return await self.access.ask(lambda connection: reading.recount(connection, message))

    async def account(self, key: str) -> Account | None:
        return await self.access.ask(lambda connection: reading.account(connection, key))

    async def accounts(self) -> Sequence[Account]:
        return await self.access.ask(reading.accounts)

    async def fact(self, name: str) -> tuple[str, Instant] | None:
        return await self.access.ask(lambda connection: housekeeping.fact(connection, name))

    async def count_by_state(self) -> dict[State, int]:
        return await self.access.ask(housekeeping.count_by_state)

    async def read(self, message: str) -> AsyncIterator[bytes]:
        """The stored bytes in pieces of at most 1 MiB, one of them in memory at a time."""
        for position in count():
            data = await self.access.ask(partial(reading.piece, message=message, position=position))
            if data is None:
                return
            yield data

    def _make_content(self, message: str, size: int, eight_bit: bool, data: bytes | None) -> Content:
        async def at_hand() -> AsyncIterator[bytes]:
            if data:
                yield data

        return Content(size, eight_bit, partial(self.read, message) if data is None else at_hand)
