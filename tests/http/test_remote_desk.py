"""The desk of a gateway elsewhere is the desk of its store: the same flows give the same answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from takeback.clock import MINUTE
from takeback.errors import Ambiguous, NotFound, RemoteError, StoreUnavailable
from takeback.flows import documents
from takeback.flows.ask import Who, find
from takeback.flows.hold import hold, send_now
from takeback.flows.undo import undo
from takeback.ports.people import Right, Scope
from takeback.ports.store import Origin
from takeback.remote.answers import Me
from takeback.remote.desk import RemoteDesk, open_remote
from takeback.remote.wire import Wire
from tests.http.site import ANN, BEN, EVE, NOBODY, Site

BOB, CAROL = "bob@one.example", "carol@two.example"
ME = Who("test", ANN)
ANYBODY = Who("test")


class Cutting(httpx.AsyncHTTPTransport):
    """Loses the first answers to what changes something, after the gateway has given them."""

    def __init__(self, lost: int) -> None:
        super().__init__()
        self._left = lost

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        if request.method == "POST" and self._left:
            self._left -= 1
            await response.aread()
            raise httpx.ReadError("cut")
        return response


@asynccontextmanager
async def cut_desk(site: Site, lost: int) -> AsyncIterator[RemoteDesk]:
    wire = Wire(site.url, await site.key(ANN), pauses=(0, 0), transport=Cutting(lost))
    yield RemoteDesk(wire, await wire.get("/people/me", Me))
    await wire.close()


async def test_an_answer_that_is_lost_is_had_again_and_nothing_done_twice(site: Site) -> None:
    id = await site.held(to=[BOB, CAROL])
    async with cut_desk(site, lost=2) as desk:
        told = await hold(desk, id, site.store.now() + MINUTE, ANYBODY)
    assert [each.address for each in told.done] == [BOB, CAROL]
    kinds = [each.kind for each in await site.store.events(id)]
    assert kinds.count("hold") == 2, "one event for each recipient"


async def test_when_every_answer_is_lost_nothing_is_claimed(site: Site) -> None:
    id = await site.held()
    async with cut_desk(site, lost=9) as desk:
        with pytest.raises(StoreUnavailable):
            await undo(desk, id, ANYBODY)


async def test_outbox_and_views_are_those_of_the_store(site: Site) -> None:
    for number in range(3):
        await site.held(to=[BOB, CAROL], message_id=f"<{number}@example.com>")
    await site.held(origin=Origin.SYSTEM)
    await site.held(EVE)
    await undo(site.store, await site.held(), ANYBODY)
    async with open_remote(site.url, await site.key(ANN)) as desk:
        told = [documents.message(each) for each in await desk.outbox(None, None)]
        assert told == [documents.message(each) for each in await site.store.outbox(ANN, None)]
        assert [each["id"] for each in told[:2]] == [each.id for each in await desk.outbox(None, 2)]
        assert {each["origin"] for each in told} == {"submission", "system"}


async def test_the_outbox_is_read_page_by_page(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("takeback.remote.desk._PAGE", 2)
    ids = [await site.held(accepted_at=site.store.now() - number * MINUTE) for number in range(5)]
    async with open_remote(site.url, await site.key(ANN)) as desk:
        assert [each.id for each in await desk.outbox(None, None)] == ids
        assert [each.id for each in await desk.outbox(None, 3)] == ids[:3]


async def test_a_message_id_means_all_its_submissions_also_for_some_recipients(site: Site) -> None:
    older = await site.held(to=[BOB], message_id="<a@b>", accepted_at=site.store.now() - MINUTE)
    newer = await site.held(to=[CAROL], message_id="<a@b>")
    async with open_remote(site.url, await site.key(ANN)) as desk:
        told = await undo(desk, "<a@b>", ANYBODY, ["BOB@one.example"])
        assert documents.undone(told) == documents.undone(await undo(site.store, "<a@b>", ANYBODY, [BOB]))
        assert (told.message, told.also) == (older, [])
        with pytest.raises(NotFound, match="no recipient"):
            await undo(desk, "<a@b>", ANYBODY, ["dan@three.example"])
        told = await send_now(desk, "a@b", ANYBODY)
        assert (told.message, [each.address for each in told.done]) == (newer, [CAROL])
        assert [each.state.value for each in told.also[0].refused] == ["undone"]


async def test_what_is_not_there_or_not_ones_own(site: Site) -> None:
    id = await site.held(EVE)
    async with open_remote(site.url, await site.key(ANN)) as desk:
        for reference in (id, "nosuchid", "<no@such>", "", "x" * 2000, "a\ud800"):
            with pytest.raises(NotFound):
                await undo(desk, reference, ANYBODY)
        with pytest.raises(NotFound, match="nothing was ever sent"):
            await find(desk, "last", ANYBODY)
        with pytest.raises(NotFound):
            await desk.outbox(EVE, None)
    assert (await site.store.find(id))[0].recipients[0].state.value == "held"


async def test_last_with_a_key_for_several_accounts_needs_one_named(site: Site) -> None:
    await site.people.set_delegate(ANN, BEN, True, NOBODY)
    id = await site.held(ANN)
    async with open_remote(site.url, await site.key(BEN)) as desk:
        with pytest.raises(Ambiguous, match="--account"):
            await undo(desk, "last", ANYBODY)
        assert (await undo(desk, "last", ME)).message == id
    async with open_remote(site.url, await site.key(ANN)) as desk:
        assert [each.id for each in await find(desk, "last", ANYBODY)] == [id]


async def test_an_administrator_sees_that_the_subject_is_withheld(site: Site) -> None:
    await site.people.set_right(BEN, Right.ADMINISTRATOR, True, NOBODY)
    id = await site.held(ANN)
    async with open_remote(site.url, await site.key(BEN, Scope.READ, Scope.ADMIN)) as desk:
        [view] = await find(desk, id, ANYBODY)
        assert view.withheld
        assert documents.message(view)["subject"] is None
        with pytest.raises(RemoteError, match="no scope act"):
            await undo(desk, id, ANYBODY)


async def test_a_key_that_is_no_good(site: Site) -> None:
    with pytest.raises(RemoteError) as refused:
        async with open_remote(site.url, "tb_1_wrong"):
            pass
    assert refused.value.code == "not_signed_in"
