"""Messages over HTTP: what is told of them, and what is done about them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from takeback.clock import HOUR, MINUTE, parse_rfc3339
from takeback.flows.ask import Who
from takeback.flows.undo import undo
from takeback.ports.people import Right, Scope
from tests.end_to_end.running import call_command
from tests.http.site import ANN, BEN, EVE, LETTER, NOBODY, Site

BOB, CAROL = "bob@one.example", "carol@two.example"


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem document."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    document = answer.json()
    assert document["status"] == answer.status_code
    assert document["type"] == f"urn:takeback:problem:{document['code']}"
    return answer.status_code, document["code"]


async def test_a_message_is_what_the_command_shows(site: Site, tmp_path: object) -> None:
    id = await site.held(to=[BOB, CAROL], message_id="<1@example.com>")
    ann = await site.program(ANN)
    told = (await ann.get(f"/api/v1/messages/{id}")).json()
    file = site.config.data.folder.parent / "takeback.toml"
    file.write_text('[data]\nfolder = "data"\n[[relay]]\nto = "lmtp://localhost"\n')
    shown = await asyncio.to_thread(call_command, "show", id, "--json", "--config", str(file))
    assert told == shown.json
    assert [each["state"] for each in told["recipients"]] == ["held", "held"]
    assert [each["kind"] for each in told["events"]] == ["accepted"]


async def test_pages_lead_from_the_newest_to_the_oldest(site: Site) -> None:
    ids = [await site.held(accepted_at=site.store.now() - number * MINUTE) for number in range(5)]
    await site.held(EVE)
    ann = await site.program(ANN)
    seen, query = [], "limit=2"
    while query:
        page = (await ann.get(f"/api/v1/messages?{query}")).json()
        assert len(page["messages"]) <= 2
        seen += [each["id"] for each in page["messages"]]
        query = f"limit=2&before={page['next']}" if page["next"] else ""
    assert seen == ids


async def test_states_narrow_the_list(site: Site) -> None:
    held, stopped = await site.held(), await site.held()
    await undo(site.store, stopped, Who("test"))
    ann = await site.program(ANN)

    async def listed(query: str) -> list[str]:
        page = (await ann.get(f"/api/v1/messages?{query}")).json()
        return [each["id"] for each in page["messages"]]

    assert await listed("state=held&state=deferred") == [held]
    assert await listed("state=undone") == [stopped]
    assert sorted(await listed("state=undone&state=held")) == sorted([held, stopped])
    assert await listed("state=sent") == []


async def test_a_message_id_finds_its_submissions(site: Site) -> None:
    ids = {await site.held(message_id="<a@b>"), await site.held(message_id="<a@b>")}
    await site.held(EVE, message_id="<a@b>")
    ann = await site.program(ANN)
    page = (await ann.get("/api/v1/messages", params={"message_id": "<a@b>"})).json()
    assert {each["id"] for each in page["messages"]} == ids
    whole = (await ann.get(f"/api/v1/messages/{min(ids)}")).json()
    assert whole["also"] == [max(ids)]


async def test_undo_stops_all_or_some_and_says_who_asked_from_where(site: Site) -> None:
    id = await site.held(to=[BOB, CAROL])
    ann = await site.program(ANN)
    answer = await ann.post(f"/api/v1/messages/{id}/undo", json={"recipients": [CAROL]})
    assert answer.json() == {"id": id, "stopped": [CAROL], "too_late": [], "also": []}
    answer = await ann.post(f"/api/v1/messages/{id}/undo")
    assert answer.json()["stopped"] == [BOB, CAROL]
    whole = (await ann.get(f"/api/v1/messages/{id}")).json()
    assert [each["state"] for each in whole["recipients"]] == ["undone", "undone"]
    undone = [each for each in whole["events"] if each["kind"] == "undone"]
    assert {each["actor"] for each in undone} == {"api:ann@example.com/laptop"}
    assert {each["detail"]["client"] for each in undone} == {"127.0.0.1"}


async def test_release_and_hold(site: Site) -> None:
    id = await site.held(to=[BOB, CAROL])
    ann = await site.program(ANN)
    answer = (await ann.post(f"/api/v1/messages/{id}/hold", json={"for": "2h", "recipients": [BOB]})).json()
    assert answer["held"] == [BOB]
    assert parse_rfc3339(answer["until"]) > site.store.now() + HOUR
    answer = (await ann.post(f"/api/v1/messages/{id}/hold", json={"until_released": True})).json()
    assert (answer["held"], answer["until"]) == ([BOB, CAROL], None)
    answer = (await ann.post(f"/api/v1/messages/{id}/hold", json={"until": "2099-01-01T00:00:00Z"})).json()
    assert answer["until"] == "2099-01-01T00:00:00.000000Z"
    answer = (await ann.post(f"/api/v1/messages/{id}/release", json={"recipients": [BOB]})).json()
    assert answer["released"] == [BOB]
    await undo(site.store, id, Who("test"))
    answer = (await ann.post(f"/api/v1/messages/{id}/release")).json()
    assert answer["released"] == [] and CAROL in [each["address"] for each in answer["not_released"]]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"for": "10m", "until_released": True},
        {"for": "soon"},
        {"for": "0s"},
        {"for": "99999999999d"},
        {"until": "yesterday"},
        {"until": "2001-01-01T00:00:00Z"},
        {"until": "9999-12-31T23:59:59+99:99"},
        {"for": 10},
        {"fro": "10m"},
        {"for": "10m", "recipients": []},
        {"for": "10m", "recipients": ["x" * 1001]},
    ],
)
async def test_a_hold_that_is_none_is_refused_and_changes_nothing(site: Site, body: dict[str, object]) -> None:
    id = await site.held()
    ann = await site.program(ANN)
    before = (await ann.get(f"/api/v1/messages/{id}")).json()
    assert code(await ann.post(f"/api/v1/messages/{id}/hold", json=body)) == (422, "bad_value")
    assert (await ann.get(f"/api/v1/messages/{id}")).json() == before


async def test_a_slip_of_the_pen_is_neither_nobody_nor_everybody(site: Site) -> None:
    id = await site.held()
    ann = await site.program(ANN)
    answer = await ann.post(f"/api/v1/messages/{id}/undo", json={"recipients": [BOB, "bop@one.example"]})
    assert code(answer) == (404, "not_found")
    assert (await ann.get(f"/api/v1/messages/{id}")).json()["recipients"][0]["state"] == "held"


async def test_somebody_elses_message_is_not_there(site: Site) -> None:
    id = await site.held(EVE, message_id="<a@b>")
    ann = await site.program(ANN)
    for method, path, body in (
        ("GET", "", None),
        ("GET", "/content", None),
        ("POST", "/undo", None),
        ("POST", "/release", None),
        ("POST", "/hold", {"for": "10m"}),
    ):
        answer = await ann.request(method, f"/api/v1/messages/{id}{path}", json=body)
        assert code(answer) == (404, "not_found")
        missing = await ann.request(method, f"/api/v1/messages/{id[:-1]}{path}", json=body)
        assert missing.json() == answer.json(), "the two must not be told apart"
    assert (await ann.get("/api/v1/messages", params={"message_id": "<a@b>"})).json()["messages"] == []
    assert code(await ann.get("/api/v1/messages", params={"account": EVE})) == (404, "not_found")
    assert (await ann.get("/api/v1/messages?account=*")).json()["messages"] == []


async def test_the_content_comes_as_it_was_stored(site: Site) -> None:
    pieces = [LETTER, *(bytes([number]) * (1 << 20) for number in range(40))]
    size = sum(map(len, pieces))
    id = await site.held(content=pieces)
    ann = await site.program(ANN)
    received = 0
    async with ann.stream("GET", f"/api/v1/messages/{id}/content") as answer:
        assert answer.headers["content-type"] == "message/rfc822"
        assert answer.headers["content-disposition"] == f'attachment; filename="{id}.eml"'
        async for piece in answer.aiter_raw():
            received += len(piece)
    assert received == size


async def test_a_message_to_ten_thousand(site: Site) -> None:
    everybody = [f"person{number}@one.example" for number in range(10_000)]
    id = await site.held(to=everybody)
    ann = await site.program(ANN)
    assert len((await ann.get(f"/api/v1/messages/{id}")).json()["recipients"]) == 10_000
    answer = await ann.post(f"/api/v1/messages/{id}/undo", json={"recipients": everybody[:9_999]})
    assert len(answer.json()["stopped"]) == 9_999
    answer = await ann.post(f"/api/v1/messages/{id}/undo", json={"recipients": [*everybody, BOB]})
    assert code(answer) == (422, "bad_value")


async def test_a_delegate_acts_on_the_record_and_reads_no_body(site: Site) -> None:
    id = await site.held()
    await site.people.set_delegate(ANN, BEN, True, NOBODY)
    ben = await site.program(BEN)
    page = (await ben.get("/api/v1/messages", params={"account": ANN})).json()
    assert [(each["id"], each["subject"]) for each in page["messages"]] == [(id, "Lunch")]
    assert code(await ben.get(f"/api/v1/messages/{id}/content")) == (403, "not_allowed")
    assert (await ben.post(f"/api/v1/messages/{id}/undo")).json()["stopped"] == [BOB]
    events = (await ben.get(f"/api/v1/messages/{id}")).json()["events"]
    assert events[-1]["actor"] == "api:ben@example.com/laptop as delegate"
    await site.people.set_delegate(ANN, BEN, False, NOBODY)
    assert code(await ben.get(f"/api/v1/messages/{id}")) == (404, "not_found")


async def test_an_administrator_sees_envelopes_and_no_words(site: Site) -> None:
    id = await site.held()
    await site.people.set_right(BEN, Right.ADMINISTRATOR, True, NOBODY)
    plain, admin = await site.program(BEN), await site.program(BEN, *Scope, name="admin")
    assert code(await plain.get(f"/api/v1/messages/{id}")) == (404, "not_found"), "the key was not made for that"
    whole = (await admin.get(f"/api/v1/messages/{id}")).json()
    assert (whole["from"], whole["subject"]) == (ANN, None)
    assert [each["id"] for each in (await admin.get("/api/v1/messages?account=*")).json()["messages"]] == [id]
    assert (await admin.get("/api/v1/counts")).json() == {"recipients": {"held": 1}}
    assert code(await plain.get("/api/v1/counts")) == (403, "not_allowed")
    assert code(await admin.get(f"/api/v1/messages/{id}/content")) == (403, "not_allowed")


async def test_reading_what_others_wrote_is_a_right_and_each_use_is_recorded(site: Site) -> None:
    id = await site.held()
    for right in Right:
        await site.people.set_right(BEN, right, True, NOBODY)
    admin = await site.program(BEN, *Scope)
    assert (await admin.get(f"/api/v1/messages/{id}/content")).content == LETTER
    whole = (await (await site.program(ANN)).get(f"/api/v1/messages/{id}")).json()
    assert [(each["kind"], each["actor"]) for each in whole["events"][1:]] == [
        ("content_read", "api:ben@example.com/laptop as administrator")
    ]
    assert whole["events"][1]["detail"] == {"client": "127.0.0.1"}


async def test_reading_ones_own_is_nobodys_business(site: Site) -> None:
    id = await site.held()
    ann = await site.program(ANN)
    assert (await ann.get(f"/api/v1/messages/{id}/content")).content == LETTER
    assert len((await ann.get(f"/api/v1/messages/{id}")).json()["events"]) == 1


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [(Scope.READ, {"list", "get"}), (Scope.ACT, {"undo"}), (Scope.CONTENT, {"content"}), (Scope.ADMIN, set())],
)
async def test_a_key_is_good_for_its_scopes_only(site: Site, scope: Scope, allowed: set[str]) -> None:
    id = await site.held()
    program = await site.program(ANN, scope)
    answers = {
        "list": await program.get("/api/v1/messages"),
        "get": await program.get(f"/api/v1/messages/{id}"),
        "content": await program.get(f"/api/v1/messages/{id}/content"),
        "undo": await program.post(f"/api/v1/messages/{id}/undo"),
    }
    assert {name for name, answer in answers.items() if answer.status_code == 200} == allowed
    assert {answer.status_code for answer in answers.values()} <= {200, 403}


async def test_bytes_that_are_no_longer_kept_are_gone(site: Site) -> None:
    id = await site.held(content=())
    assert code(await (await site.program(ANN)).get(f"/api/v1/messages/{id}/content")) == (410, "gone")


@pytest.mark.parametrize("id", ["..%2f..%2fetc", "%00", "a'b", "A", "x" * 65, "%F0%9F%98%80", "last"])
async def test_an_id_that_is_none_finds_nothing(site: Site, id: str) -> None:
    ann = await site.program(ANN)
    for path in ("", "/content"):
        assert (await ann.get(f"/api/v1/messages/{id}{path}")).status_code in (404, 422)


@pytest.mark.parametrize(
    "body",
    [b"{", b"[" * 100_000, b'{"a":' * 50_000, b"null", b"[]", b'"x"', b"\xff\xfe", b"1e999", b'{"recipients": "all"}'],
)
async def test_a_body_that_is_none_is_refused(site: Site, body: bytes) -> None:
    id = await site.held()
    ann = await site.program(ANN)
    headers = {"Content-Type": "application/json"}
    answer = await ann.post(f"/api/v1/messages/{id}/hold", content=body, headers=headers)
    assert code(answer)[0] in (400, 422)
    state = (await ann.get(f"/api/v1/messages/{id}")).json()["recipients"][0]["state"]
    assert state == "held"


async def test_more_than_a_megabyte_is_too_much(site: Site) -> None:
    id = await site.held()
    ann = await site.program(ANN)

    async def pieces() -> AsyncIterator[bytes]:  # sent in chunks, without saying how long
        for _ in range(20):
            yield b" " * 100_000

    body = json.dumps({"recipients": ["x" * 999] * 1500}).encode()
    headers = {"Content-Type": "application/json"}
    assert code(await ann.post(f"/api/v1/messages/{id}/undo", content=body, headers=headers)) == (413, "too_large")
    chunked = await ann.post(f"/api/v1/messages/{id}/undo", content=pieces(), headers=headers)
    assert code(chunked) == (413, "too_large")
