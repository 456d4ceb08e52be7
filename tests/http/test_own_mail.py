"""Where somebody's own mail is: tried before it is kept, sealed, and never anywhere but at a server that was named."""

from __future__ import annotations

import re
from pathlib import Path

import httpx

from takeback.ports.people import Notices
from tests.http.site import ANN, BEN, Site

SERVER = "imap://127.0.0.1:1"
MORE = f'[sent_copies]\nservers = ["{SERVER}"]\n'


async def post(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    page = await client.get("/settings/mail")
    token = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert token
    return await client.post(path, data={"csrf": token[1], **fields}, follow_redirects=True)


async def test_notices_are_chosen_by_each_person(tmp_path: Path) -> None:
    async with Site(tmp_path) as site:
        answer = await post(await site.browser(ANN), "/settings/mail/notices", notices="always")
        assert answer.status_code == 200 and "Saved." in answer.text
        assert await site.people.accounts_with_notices(Notices.ALWAYS) == {ANN}
        await site.browser(BEN)
        assert (await post(await site.browser(ANN), "/settings/mail/notices", notices="often")).status_code == 422


async def test_a_login_that_does_not_work_is_not_kept(tmp_path: Path) -> None:
    async with Site(tmp_path, more=MORE) as site:
        browser = await site.browser(ANN)
        answer = await post(browser, "/settings/mail/own", server=SERVER, username="ann", password="a secret password")
        assert answer.status_code == 422 and "The mailbox cannot be used" in answer.text
        assert "a secret password" not in answer.text
        assert "It is set up" not in (await browser.get("/settings/mail")).text


async def test_no_server_but_a_named_one_is_taken(tmp_path: Path) -> None:
    async with Site(tmp_path, more=MORE) as site:
        answer = await post(
            await site.browser(ANN), "/settings/mail/own", server="imap://10.0.0.1", username="a", password="b"
        )
        assert answer.status_code == 422 and "cannot be used" not in answer.text


async def test_without_a_named_server_nothing_is_asked_for(tmp_path: Path) -> None:
    async with Site(tmp_path) as site:
        page = await (await site.browser(ANN)).get("/settings/mail")
        assert "named no mail server" in page.text and 'type="password"' not in page.text
