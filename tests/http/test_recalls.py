"""Recall and review over HTTP: whoever may act on a message, and nobody else."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, update

from takeback.clock import Instant
from takeback.hold.states import State
from takeback.mail.envelope import Envelope, Recipient
from takeback.ports.people import Author, Right, Scope
from takeback.store import tables
from takeback.store.writer import Transition, Urgency
from tests.http.site import ANN, BEN, EVE, LETTER, Site


async def test_a_recall_stops_what_has_not_left_and_reports(tmp_path: Path) -> None:
    async with Site(tmp_path) as site:
        program, id = await site.program(ANN), await site.held()
        begun = await program.post(f"/api/v1/messages/{id}/recall")
        assert begun.status_code == 200, begun.text
        recall = begun.json()["id"]
        report = begun.json()
        for _ in range(500):
            if report["status"] != "running":
                break
            await asyncio.sleep(0.02)
            report = (await program.get(f"/api/v1/recalls/{recall}")).json()
        [recipient] = report["recipients"]
        assert (recipient["address"], recipient["outcome"]) == ("bob@one.example", "never_left")
        assert (report["message"], report["counts"]) == (id, {"never_left": 1})
        assert (await program.get(f"/api/v1/messages/{id}/recalls")).json() == {"recalls": [recall]}
        undone = [event for event in await site.store.events(id) if event.kind == "undone"]
        assert [event.actor for event in undone] == [f"api:{ANN}/laptop"]
        acts = [event for event in await site.store.events(id) if event.kind in ("undone", "recall")]
        assert [event.detail["client"] for event in acts] == ["127.0.0.1"] * 2


async def test_a_recall_of_some_leaves_the_others(tmp_path: Path) -> None:
    async with Site(tmp_path) as site:
        program, id = await site.program(ANN), await site.held(to=("bob@one.example", "eve@one.example"))
        asked = {"recipients": ["bob@one.example"]}
        assert (await program.post(f"/api/v1/messages/{id}/recall", json=asked)).status_code == 200
        [view] = await site.store.find(id)
        assert [each.state.value for each in view.recipients] == ["undone", "held"]
        wrong = await program.post(f"/api/v1/messages/{id}/recall", json={"recipients": ["nobody@one.example"]})
        assert wrong.status_code == 404
        assert (await program.post(f"/api/v1/messages/{id}/recall", json={"recipients": []})).status_code == 422


async def test_the_recalls_of_others_are_not_there(tmp_path: Path) -> None:
    async with Site(tmp_path) as site:
        own, other, id = await site.program(ANN), await site.program(BEN), await site.held()
        recall = (await own.post(f"/api/v1/messages/{id}/recall")).json()["id"]
        for path in (f"/api/v1/recalls/{recall}", "/api/v1/recalls/0000000000000000", f"/api/v1/messages/{id}/recalls"):
            assert (await other.get(path)).status_code == 404
        assert (await other.post(f"/api/v1/messages/{id}/recall")).status_code == 404
        assert (await other.post(f"/api/v1/messages/{id}/fine", json={"code": "secret"})).status_code == 404


async def test_a_key_that_may_only_read_recalls_nothing(tmp_path: Path) -> None:
    async with Site(tmp_path) as site:
        reader, id = await site.program(ANN, Scope.READ), await site.held()
        assert (await reader.post(f"/api/v1/messages/{id}/recall")).status_code == 403
        assert (await reader.post(f"/api/v1/messages/{id}/fine", json={"code": "secret"})).status_code == 403


async def test_what_was_not_found_cannot_be_called_fine(tmp_path: Path) -> None:
    async with Site(tmp_path) as site:
        program, id = await site.program(ANN), await site.held()
        assert (await program.post(f"/api/v1/messages/{id}/fine", json={"code": "secret"})).status_code == 404
        assert (await program.post(f"/api/v1/messages/{id}/fine", json={"code": "NO"})).status_code == 422


_WAITS = """
[recall]
second_person_above = 1
[[mailboxes]]
for = ["*@one.example"]
kind = "imap"
url = "imap://127.0.0.1:9"
username = "master"
password = "secret"
login = "{user}*{master}"
"""


async def test_a_large_recall_waits_for_another_person_whatever_the_way_in(tmp_path: Path) -> None:
    async with Site(tmp_path, more=_WAITS) as site:
        key, other_key = await site.program(ANN), await site.program(ANN, name="phone")
        id = await site.held(to=("bob@one.example", "eve@one.example"))
        await _hand_over(site, id)
        recall = (await key.post(f"/api/v1/messages/{id}/recall")).json()
        assert recall["status"] == "waiting"
        path = f"/api/v1/recalls/{recall['id']}/confirm"
        for program in (key, other_key):
            refused = await program.post(path)
            assert (refused.status_code, refused.json()["code"]) == (403, "second_person")
        assert (await (await site.program(BEN)).post(path)).status_code == 404
        assert (await (await site.program(ANN, Scope.READ, name="reader")).post(path)).status_code == 403
        await site.people.set_right(EVE, Right.ADMINISTRATOR, True, Author("test"))
        second = await site.program(EVE, Scope.READ, Scope.ACT, Scope.ADMIN)
        for _ in range(2):
            confirmed = await second.post(path, headers={"Idempotency-Key": "1"})
            assert (confirmed.status_code, confirmed.json()["status"]) == (200, "running"), confirmed.text
        [event] = [each for each in await site.store.events(id) if each.kind == "recall_confirmed"]
        assert event.actor == f"api:{EVE}/laptop as administrator"


async def test_a_correction_that_cannot_be_sent_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    async with Site(tmp_path) as site:
        await site.add_account(ANN)
        program, id = await site.program(ANN), await site.held()
        path = f"/api/v1/messages/{id}/recall"
        assert (await program.post(path, json={"correction": "x" * 2001})).status_code == 422
        foreign = await site.held(envelope=Envelope("ben@example.com", (Recipient("bob@one.example"),)))
        refused = await program.post(f"/api/v1/messages/{foreign}/recall", json={"correction": ""})
        assert (refused.status_code, refused.json()["code"]) == (409, "cannot_correct")
        [view] = await site.store.find(foreign)
        assert [each.state.value for each in view.recipients] == ["held"]
        begun = await program.post(path, json={"correction": "Sorry."})
        assert begun.json()["correction"] == {"message": None, "recipients": 0}, begun.text


async def test_a_dry_run_tells_totals_and_changes_nothing(tmp_path: Path) -> None:
    async with Site(tmp_path, more="[recall]\ndry_runs_per_hour = 1") as site:
        program, id = await site.program(ANN), await site.held()
        path = f"/api/v1/messages/{id}/recall/dry-run"
        looked = (await program.post(path)).json()
        assert (looked["status"], looked["counts"], looked["recipients"]) == ("dry_run", {"never_left": 1}, [])
        [view] = await site.store.find(id)
        assert [each.state.value for each in view.recipients] == ["held"]
        assert (await program.post(path)).json()["code"] == "too_many"
        assert (await (await site.program(BEN)).post(path)).status_code == 404


async def test_a_corrected_message_takes_the_place_of_one_that_is_held(tmp_path: Path) -> None:
    async with Site(tmp_path) as site:
        await site.add_account(ANN)
        program, id = await site.program(ANN), await site.held(message_id="<lunch@example.com>")
        path = f"/api/v1/messages/{id}/replace"
        wrong = {"message": b64encode(b"From: eve@elsewhere.example\r\n\r\nx\r\n").decode()}
        refused = await program.post(path, json=wrong)
        assert (refused.status_code, refused.json()["code"]) == (409, "cannot_replace"), refused.text
        assert (await program.post(path, json={"message": "***"})).status_code == 422
        right = {"message": b64encode(LETTER.replace(b"noon", b"one")).decode(), "despite_review": True}
        for _ in range(2):
            replaced = await program.post(path, json=right, headers={"Idempotency-Key": "1"})
            assert replaced.status_code == 200, replaced.text
        [new] = [each for each in await site.store.outbox(ANN, None) if each.id != id]
        assert [each.address for each in new.recipients] == ["bob@one.example"]
        [old] = await site.store.find(id)
        assert [each.state.value for each in old.recipients] == ["undone"]


async def test_what_took_nothing_away_restores_nothing(tmp_path: Path) -> None:
    async with Site(tmp_path) as site:
        program, id = await site.program(ANN), await site.held()
        recall = (await program.post(f"/api/v1/messages/{id}/recall")).json()["id"]
        path = f"/api/v1/recalls/{recall}/restore"
        assert (await program.post(path)).json()["code"] == "not_found"
        assert (await (await site.program(BEN)).post(path)).status_code == 404
        assert (await (await site.program(ANN, Scope.READ, name="reader")).post(path)).status_code == 403


async def _hand_over(site: Site, id: str) -> None:
    """The next server has taken it for everybody."""

    def apply(connection: Connection, now: Instant, _: Sequence[None]) -> list[None]:
        of = tables.recipient.c
        taken = {"state": State.SENT.value, "changed_at": now, "due_at": None}
        connection.execute(update(tables.recipient).where(of.message == id).values(**taken))
        return [None]

    await site.store.access.submit(Transition(apply, Urgency.PERSON), None)
