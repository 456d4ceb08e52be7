"""The events stream: what anybody does is told to whom it concerns, once, and to nobody else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from takeback.api import events
from takeback.flows.ask import Who
from takeback.flows.undo import undo
from takeback.httpd import changes
from takeback.ids import digest
from takeback.ports.people import Right, Scope
from takeback.store.opening import open_store
from tests.http.site import ANN, BEN, EVE, NOBODY, Site

PATH = "/api/v1/events"


@dataclass
class Event:
    kind: str = ""
    id: str = ""
    data: dict[str, str] = field(default_factory=dict)


class Reader:
    """Reads events from a stream that is open."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def next(self) -> Event:
        """The next event but for `now`; one of kind "end" where the stream has ended."""
        while (event := await asyncio.wait_for(self.any(), 20)).kind == "now":
            pass
        return event

    async def any(self) -> Event:
        event = Event()
        async for line in self._lines:
            if not line and event.kind:
                return event
            name, _, value = line.partition(": ")
            if name == "event":
                event.kind = value
            elif name == "id":
                event.id = value
            elif name == "data":
                event.data = json.loads(value)
        return Event("end")


@asynccontextmanager
async def listening(client: httpx.AsyncClient, path: str = PATH, last: str = "") -> AsyncIterator[Reader]:
    """A stream that has begun: nothing is missed from here on."""
    headers = {"Last-Event-ID": last} if last else {}
    async with client.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        reader = Reader(answer.aiter_lines())
        first = await reader.any()
        assert first.kind == "now" and first.data["now"].endswith("Z")
        yield reader


async def test_what_happens_is_told_to_whom_it_concerns(site: Site) -> None:
    ann, eve = await site.program(ANN), await site.program(EVE)
    async with listening(ann) as anns, listening(eve) as eves:
        id = await site.held()
        theirs = await site.held(EVE)
        event = await anns.next()
        assert (event.kind, event.data["message"], event.data["kind"]) == ("change", id, "accepted")
        assert event.data["account"] == ANN
        assert (await eves.next()).data["message"] == theirs
        await ann.post(f"/api/v1/messages/{id}/undo")
        assert (await anns.next()).data["kind"] == "undone"


async def test_what_another_process_does_is_told_too(site: Site) -> None:
    id = await site.held()
    async with listening(await site.program(ANN)) as reader:
        async with open_store(site.config.data) as other:
            await undo(other, id, Who("local:root"))
        event = await reader.next()
        assert (event.data["message"], event.data["kind"]) == (id, "undone")


async def test_who_comes_back_hears_what_was_missed_once(site: Site) -> None:
    ann = await site.program(ANN)
    async with listening(ann) as reader:
        await site.held()
        last = (await reader.next()).id
    missed = [await site.held() for _ in range(3)]
    await site.held(EVE)
    async with listening(ann, last=last) as reader:
        assert [(await reader.next()).data["message"] for _ in range(3)] == missed
        later = await site.held()
        assert (await reader.next()).data["message"] == later


async def test_who_has_missed_too_much_looks_at_everything_anew(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_MISSED_AT_MOST", 2)
    for _ in range(3):
        await site.held()
    async with listening(await site.program(ANN), f"{PATH}?after=0") as reader:
        assert (await reader.next()).kind == "reset"


async def test_who_is_too_slow_is_told_so(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "_BACKLOG", 3)
    id = await site.held(to=[f"b{number}@one.example" for number in range(10)])
    async with listening(await site.program(ANN)) as reader:
        await undo(site.store, id, Who("local:root"))
        kinds = [(await reader.next()).kind for _ in range(2)]
        assert "reset" in kinds, "ten changes came at once, and three were waited for"


async def test_a_delegate_and_an_administrator_hear_of_others(site: Site) -> None:
    await site.people.set_delegate(ANN, BEN, True, NOBODY)
    ben = await site.program(BEN, Scope.READ)
    await site.people.set_right(EVE, Right.ADMINISTRATOR, True, NOBODY)
    eve = await site.program(EVE, Scope.READ, Scope.ADMIN)
    async with listening(ben, f"{PATH}?account=*") as bens, listening(eve, f"{PATH}?account=*") as eves:
        stranger = await site.held("stranger@example.com")
        id = await site.held()
        assert (await bens.next()).data["message"] == id
        assert [(await eves.next()).data["message"] for _ in range(2)] == [stranger, id]
    answer = await ben.get(f"{PATH}?account=stranger@example.com")
    assert answer.status_code == 404


async def test_a_stream_ends_with_the_session_or_the_key(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.05)
    browser, program = await site.browser(ANN), await site.program(ANN)
    async with listening(browser) as seen, listening(program) as read:
        await site.people.end_session(digest(browser.cookies["takeback"]), NOBODY)
        (key,) = await site.people.api_keys(ANN)
        await site.people.revoke_api_key(ANN, key.id, NOBODY)
        assert (await seen.next()).kind == "end"
        assert (await read.next()).kind == "end"


async def test_one_account_has_so_many_streams(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "STREAMS_OF_ONE_ACCOUNT", 1)
    ann = await site.program(ANN)
    async with listening(ann):
        answer = await ann.get(PATH)
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many")
        async with listening(await site.program(EVE)):
            pass


async def test_streams_do_not_hold_up_the_end(site: Site) -> None:
    async with listening(await site.program(ANN)) as reader:
        stopping = asyncio.create_task(site.gateway.stop())
        assert (await reader.next()).kind in ("reset", "end")
        await asyncio.wait_for(stopping, 20)
    await site.gateway.start()  # for the fixture to stop
