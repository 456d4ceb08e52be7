"""Who did it, when, from where: every way in leaves that with the message."""

from __future__ import annotations

import asyncio
import re
import smtplib

import httpx
import pytest

from takeback.clock import HOUR
from takeback.ids import digest
from takeback.ports.people import NewLink
from tests.http.site import ANN, PASSWORD, Site


async def press(browser: httpx.AsyncClient, path: str, **fields: str) -> None:
    found = re.search(r'name="csrf" value="([^"]+)"', (await browser.get("/settings")).text)
    assert found
    assert (await browser.post(path, data={"csrf": found[1], **fields})).status_code in (200, 303)


async def last(site: Site, id: str) -> tuple[str, str, object]:
    event = (await site.store.events(id))[-1]
    assert abs(event.at - site.store.now()) < HOUR
    return event.kind, event.actor, event.detail.get("client")


@pytest.mark.parametrize(
    ("path", "fields", "kind"),
    [
        ("undo", {}, "undo"),
        ("undo", {"some": "1", "recipient": "bob@one.example"}, "undo"),
        ("release", {}, "release"),
        ("hold", {"longer": "1h"}, "hold"),
        ("hold", {}, "hold"),
    ],
)
async def test_on_the_page(site: Site, path: str, fields: dict[str, str], kind: str) -> None:
    id = await site.held()
    await press(await site.browser(ANN), f"/messages/{id}/{path}", **fields)
    acts = [event for event in await site.store.events(id) if event.kind.startswith(kind)]
    assert {(event.actor, event.detail.get("client")) for event in acts} == {(f"web:{ANN}", "127.0.0.1")}


async def test_what_was_stopped_is_deleted_on_the_page(site: Site) -> None:
    id, browser = await site.held(), await site.browser(ANN)
    for act in ("undo", "drop"):
        await press(browser, f"/messages/{id}/{act}")
    assert await last(site, id) == ("dropped", f"web:{ANN}", "127.0.0.1")


@pytest.mark.parametrize(("path", "body"), [("undo", {}), ("release", {}), ("hold", {"for": "2h"})])
async def test_over_the_api(site: Site, path: str, body: dict[str, str]) -> None:
    id, program = await site.held(), await site.program(ANN)
    assert (await program.post(f"/api/v1/messages/{id}/{path}", json=body)).status_code == 200
    acts = [event for event in await site.store.events(id) if event.kind.startswith(path)]
    assert {(event.actor, event.detail.get("client")) for event in acts} == {(f"api:{ANN}/laptop", "127.0.0.1")}


async def test_by_the_link_of_a_notice(site: Site) -> None:
    id = await site.held()
    await site.people.add_link(NewLink(digest("secret"), id, ANN, site.store.now() + HOUR))
    client = site.client()
    found = re.search(r'name="csrf" value="([^"]+)"', (await client.get("/stop/secret")).text)
    assert found
    assert (await client.post("/stop/secret", data={"csrf": found[1]})).status_code == 200
    _, actor, where = await last(site, id)
    assert (actor, where) == (f"link:{ANN}", "127.0.0.1")


async def test_by_mail(site: Site) -> None:
    await site.add_account(ANN)
    id = await site.held()
    host, port = site.gateway.endpoints[0]

    def command() -> None:
        with smtplib.SMTP(host, port, timeout=30) as session:
            session.login(ANN, PASSWORD)
            session.sendmail(ANN, [f"undo@{site.config.smtp.hostname}"], f"From: {ANN}\r\n\r\nundo\r\n")

    await asyncio.to_thread(command)
    _, actor, where = await last(site, id)
    assert (actor, where) == (f"mail:{ANN}", "127.0.0.1")
