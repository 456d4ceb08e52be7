"""Notices of held messages: who gets one, and what the link in it can do and cannot."""

from __future__ import annotations

import asyncio
import email
import re
import smtplib
from collections.abc import Sequence
from email import policy
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from takeback.clock import HOUR
from takeback.hold.states import State
from takeback.ids import digest
from takeback.ports.people import NewLink, Notices, Preferences
from takeback.ports.store import MessageView, Origin
from tests.http.site import ANN, Site

_LINK = re.compile(r"http://\S+(/stop/\S+)")
BY_RULE = """
[[hold.rule]]
when = { recipients = ["*@partner.example"] }
window = "1h"
notice = true
[[hold.rule]]
when = { recipients = ["*@soon.example"] }
window = "2s"
notice = true
"""


async def submit(site: Site, *recipients: str, sender: str = ANN) -> str:
    def send() -> str:
        host, port = site.gateway.endpoints[0]
        with smtplib.SMTP(host, port) as session:
            session.ehlo()
            session.mail(sender)
            for recipient in recipients:
                session.rcpt(recipient)
            code, text = session.data(b"From: ann@example.com\r\nSubject: Offer\r\n\r\nbody\r\n")
            assert code == 250, text
            return text.split()[1].decode()

    return await asyncio.to_thread(send)


async def notices(site: Site) -> Sequence[EmailMessage]:
    found = [view for view in await site.store.outbox() if view.origin is Origin.SYSTEM]
    return [await parsed(site, view) for view in found]


async def parsed(site: Site, view: MessageView) -> EmailMessage:
    data = b"".join([piece async for piece in site.store.read(view.id)])
    return email.message_from_bytes(data, policy=policy.default)


async def a_notice(site: Site) -> EmailMessage:
    for _ in range(500):
        if found := await notices(site):
            return found[0]
        await asyncio.sleep(0.02)
    pytest.fail("no notice came")


def path_in(notice: EmailMessage) -> str:
    [path] = set(_LINK.findall(notice.get_content()))
    return str(path)


async def press(site: Site, path: str, client: httpx.AsyncClient | None = None) -> httpx.Response:
    client = client or site.client()
    page = await client.get(path)
    token = re.search(r'name="csrf" value="([^"]+)"', page.text)
    return await client.post(path, data={"csrf": token[1] if token else ""})


async def states(site: Site, id: str) -> set[State]:
    [view] = await site.store.find(id)
    return {each.state for each in view.recipients}


def by_rule(folder: Path) -> Site:
    return Site(folder, more=BY_RULE)


async def test_a_rule_sends_a_notice_in_both_languages(tmp_path: Path) -> None:
    async with by_rule(tmp_path) as site:
        await submit(site, "bob@partner.example", "eve@other.example")
        notice = await a_notice(site)
        text = notice.get_content()
        assert "To stop it, open this page" in text and "لإيقافها" in text
        assert "bob@partner.example" in text and "Offer" in text
        assert "Offer" not in notice["Subject"] and notice["Auto-Submitted"] == "auto-generated"
        assert notice["In-Reply-To"]


async def test_whoever_wants_none_gets_none(tmp_path: Path) -> None:
    async with by_rule(tmp_path) as site:
        await submit(site, "bob@other.example")
        await submit(site, "bob@soon.example")  # it leaves before anybody could read of it
        await submit(site, "bob@partner.example")
        await a_notice(site)
        assert len(await notices(site)) == 1


async def test_a_person_who_wants_them_gets_them(tmp_path: Path) -> None:
    async with Site(tmp_path) as site:
        await site.people.set_preferences(ANN, Preferences(notices=Notices.ALWAYS))
        for _ in range(100):
            await submit(site, "bob@other.example")
            if await notices(site):
                break
            await asyncio.sleep(0.1)
        assert await notices(site)


async def test_opening_the_link_changes_nothing_and_the_button_stops(tmp_path: Path) -> None:
    async with by_rule(tmp_path) as site:
        id = await submit(site, "bob@partner.example", "eve@partner.example")
        path = path_in(await a_notice(site))
        for method in ("GET", "HEAD", "OPTIONS"):
            await site.client().request(method, path)
        page = await site.client().get(path)
        assert page.status_code == 200 and "Stop this message?" in page.text
        assert "bob@" not in page.text and "Offer" not in page.text, "a link may be seen by others"
        assert await states(site, id) == {State.HELD}
        answer = await press(site, path)
        assert answer.status_code == 200 and "Stopped for 2 recipients." in answer.text
        assert await states(site, id) == {State.UNDONE}
        events = [event for event in await site.store.events(id) if event.kind == "undone"]
        assert {event.actor for event in events} == {f"link:{ANN}"}


async def test_a_page_of_somebody_else_cannot_press_it(tmp_path: Path) -> None:
    async with by_rule(tmp_path) as site:
        id = await submit(site, "bob@partner.example")
        path = path_in(await a_notice(site))
        assert (await site.client().post(path)).status_code == 403
        foreign = await site.client().post(path, headers={"Origin": "https://evil.example"})
        assert foreign.status_code == 403
        assert await states(site, id) == {State.HELD}


async def test_the_link_is_good_for_its_own_message_while_that_is_held(tmp_path: Path) -> None:
    async with by_rule(tmp_path) as site:
        id, other = await submit(site, "bob@partner.example"), await site.held()
        path = path_in(await a_notice(site))
        await press(site, path)
        assert await states(site, other) == {State.HELD}
        assert (await site.client().get(path)).status_code == 404, f"{id} is stopped, so the link is spent"
        assert (await press(site, path)).status_code in (403, 404)


async def test_when_its_window_has_ended_the_link_is_nothing(tmp_path: Path) -> None:
    async with Site(tmp_path) as site:
        now = site.store.now()
        past = await site.held(due_at=[now - 1], review_by=now + HOUR)
        await site.people.add_link(NewLink(digest("secret"), past, ANN, now + HOUR))
        assert (await site.client().get("/stop/secret")).status_code == 404
        unended = await site.held()
        await site.people.add_link(NewLink(digest("expired"), unended, ANN, now))
        assert (await site.client().get("/stop/expired")).status_code == 404


@pytest.mark.parametrize("secret", ["x", "%00", "a..b", "%ff%fe", "a" * 5000])
async def test_a_made_up_link_is_nothing(tmp_path: Path, secret: str) -> None:
    async with Site(tmp_path) as site:
        for answer in (await site.client().get(f"/stop/{secret}"), await press(site, f"/stop/{secret}")):
            assert 400 <= answer.status_code < 500


async def test_the_page_speaks_arabic(tmp_path: Path) -> None:
    async with by_rule(tmp_path) as site:
        await submit(site, "bob@partner.example")
        path = path_in(await a_notice(site))
        page = await site.client().get(path, headers={"Accept-Language": "ar"})
        assert 'lang="ar" dir="rtl"' in page.text and "مستلم واحد" in page.text
