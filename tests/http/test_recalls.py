"""Recall and review over HTTP: whoever may act on a message, and nobody else."""

from __future__ import annotations

import asyncio
from pathlib import Path

from takeback.ports.people import Scope
from tests.http.site import ANN, BEN, Site


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
