"""Who may read the figures."""

from __future__ import annotations

from pathlib import Path

from takeback.ports.people import Right, Scope
from tests.http.site import ANN, NOBODY, Site


async def test_this_machine_reads_the_figures(site: Site) -> None:
    answer = await site.client().get("/metrics")
    assert answer.status_code == 200
    assert "takeback_recipients_open" in answer.text
    assert "@" not in answer.text


async def test_what_a_proxy_passes_on_is_not_this_machine(site: Site) -> None:
    answer = await site.client().get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"})
    assert answer.status_code == 404


async def test_an_administrators_key_with_that_scope(tmp_path: Path) -> None:
    async with Site(tmp_path, http='metrics = "key"') as site:
        assert (await site.client().get("/metrics")).status_code == 404
        admin = await site.program(ANN, Scope.ADMIN)
        assert (await admin.get("/metrics")).status_code == 404
        await site.people.set_right(ANN, Right.ADMINISTRATOR, True, NOBODY)
        assert (await admin.get("/metrics")).status_code == 200
        assert (await (await site.program(ANN)).get("/metrics")).status_code == 404


async def test_nobody_reads_them_where_they_are_off(tmp_path: Path) -> None:
    async with Site(tmp_path, http='metrics = "off"') as site:
        assert (await site.client().get("/metrics")).status_code == 404
