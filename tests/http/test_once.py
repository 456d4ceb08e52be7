"""Idempotency keys: asked twice, done once."""

from __future__ import annotations

import asyncio

import pytest

from takeback.errors import StoreUnavailable
from takeback.flows.ask import Who
from takeback.flows.hold import hold
from takeback.store.people_store import SqlPeopleStore
from tests.http.site import ANN, BEN, Site
from tests.http.test_messages import code

BOB, CAROL = "bob@one.example", "carol@two.example"
KEY = {"Idempotency-Key": "one-and-the-same"}


async def test_the_same_request_gives_the_same_answer(site: Site) -> None:
    id = await site.held(to=[BOB, CAROL])
    ann = await site.program(ANN)
    first = await ann.post(f"/api/v1/messages/{id}/hold", json={"for": "2h"}, headers=KEY)
    await hold(site.store, id, None, Who("somebody else"))
    again = await ann.post(f"/api/v1/messages/{id}/hold", json={"for": "2h"}, headers=KEY)
    assert again.content == first.content
    assert "idempotency-replayed" not in first.headers and again.headers["idempotency-replayed"] == "true"
    whole = (await ann.get(f"/api/v1/messages/{id}")).json()
    assert [each["due_at"] for each in whole["recipients"]] == [None, None], "nothing was held a second time"


async def test_another_request_under_the_same_key_is_refused(site: Site) -> None:
    id, other = await site.held(to=[BOB, CAROL]), await site.held()
    ann = await site.program(ANN)
    await ann.post(f"/api/v1/messages/{id}/undo", json={"recipients": [BOB]}, headers=KEY)
    for path, body in (
        (f"{id}/undo", {"recipients": [CAROL]}),
        (f"{id}/undo", {}),
        (f"{id}/release", {"recipients": [BOB]}),
        (f"{other}/undo", {"recipients": [BOB]}),
    ):
        answer = await ann.post(f"/api/v1/messages/{path}", json=body, headers=KEY)
        assert code(answer) == (422, "key_reused")
    assert (await ann.get(f"/api/v1/messages/{id}")).json()["recipients"][1]["state"] == "held"


async def test_keys_of_different_askers_do_not_meet(site: Site) -> None:
    ann, ben = await site.program(ANN), await site.program(BEN)
    for program, id in ((ann, await site.held(ANN)), (ben, await site.held(BEN))):
        answer = await program.post(f"/api/v1/messages/{id}/undo", headers=KEY)
        assert answer.json()["stopped"] == [BOB]


async def test_the_same_request_at_the_same_time_is_done_once(site: Site) -> None:
    id = await site.held()
    ann = await site.program(ANN)
    answers = await asyncio.gather(
        *(ann.post(f"/api/v1/messages/{id}/hold", json={"for": "2h"}, headers=KEY) for _ in range(8))
    )
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert {code(answer) for answer in answers if answer.status_code == 409} <= {(409, "in_progress")}
    events = (await ann.get(f"/api/v1/messages/{id}")).json()["events"]
    assert [each["kind"] for each in events] == ["accepted", "hold"]


async def test_what_was_refused_may_be_asked_again(site: Site) -> None:
    id = await site.held()
    ann = await site.program(ANN)
    for _ in range(2):
        answer = await ann.post(f"/api/v1/messages/{id}/undo", json={"recipients": [CAROL]}, headers=KEY)
        assert code(answer) == (404, "not_found")


@pytest.mark.parametrize(
    ("path", "body", "second"),
    [("undo", {}, (503, "not_confirmed")), ("release", {"again": True}, (409, "in_progress"))],
)
async def test_when_nobody_can_say_whether_it_was_done(
    site: Site, monkeypatch: pytest.MonkeyPatch, path: str, body: dict[str, bool], second: tuple[int, str]
) -> None:
    """An undo may be asked for again; a second sending must not happen because somebody asked twice."""
    id = await site.held()
    ann = await site.program(ANN)

    async def fail(_: object) -> object:
        raise StoreUnavailable("the database did not answer")

    monkeypatch.setattr(site.store, path, fail)
    answers = [await ann.post(f"/api/v1/messages/{id}/{path}", json=body, headers=KEY) for _ in range(2)]
    assert [code(answer) for answer in answers] == [(503, "not_confirmed"), second]


async def test_an_attempt_that_was_broken_off_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the process had ended between the act and its answer."""
    id = await site.held()
    ann = await site.program(ANN)

    async def end(*_: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as broken:
        broken.setattr(SqlPeopleStore, "finish", end)
        await ann.post(f"/api/v1/messages/{id}/undo", headers=KEY)
    assert code(await ann.post(f"/api/v1/messages/{id}/undo", headers=KEY)) == (409, "in_progress")
    assert (await ann.get(f"/api/v1/messages/{id}")).json()["recipients"][0]["state"] == "undone"


@pytest.mark.parametrize("key", ["", "x" * 201, "a b", "ü"])
async def test_a_key_that_is_none_is_refused(site: Site, key: str) -> None:
    id = await site.held()
    ann = await site.program(ANN)
    answer = await ann.post(f"/api/v1/messages/{id}/undo", headers=[(b"Idempotency-Key", key.encode())])
    assert code(answer) == (422, "bad_value")
