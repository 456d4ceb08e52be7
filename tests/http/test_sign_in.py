"""Sessions: how they begin and end, and that nobody else's page can use them."""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import SimpleCookie

import httpx
import pytest

from takeback.ports.people import Right, Scope
from tests.http.pages import router
from tests.http.site import ANN, EVE, NOBODY, PASSWORD, Site
from tests.http.test_messages import code


async def page(site: Site) -> httpx.AsyncClient:
    """A browser before the sign-in page."""
    site.app.include_router(router)
    await site.add_account(ANN)
    return site.client()


async def token(client: httpx.AsyncClient) -> str:
    return str((await client.get("/test/form")).json()["csrf"])


async def sign_in(client: httpx.AsyncClient, password: str = PASSWORD, username: str = ANN) -> str:
    form = {"csrf": await token(client), "username": username, "password": password}
    return str((await client.post("/test/sign-in", data=form)).json()["answer"])


async def test_signing_in_and_out(site: Site) -> None:
    client = await page(site)
    assert (await client.get("/test/me")).status_code == 303
    assert (await client.get("/test/me?a=1")).headers["location"] == "/sign-in?next=%2Ftest%2Fme%3Fa%3D1"
    assert await sign_in(client, "wrong") == "Refused"
    assert (await client.get("/test/me")).status_code == 303
    assert await sign_in(client) == "Accepted"
    assert (await client.get("/test/me")).json() == {"account": ANN}
    held = dict(client.cookies)
    await client.post("/test/sign-out", data={"csrf": await token(client)})
    assert (await client.get("/test/me")).status_code == 303
    assert (await site.client(cookies=held).get("/test/me")).status_code == 303, "the cookie alone is worth nothing"


async def test_another_spelling_of_the_account_is_the_same_person(site: Site) -> None:
    client = await page(site)
    assert await sign_in(client, username=" Ann@EXAMPLE.com ") == "Accepted"
    assert (await client.get("/test/me")).json() == {"account": ANN}


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(make_site: Callable[..., Site]) -> None:
    async with make_site('url = "https://takeback.example"') as site:
        client = await page(site)
        client.headers["Host"] = "takeback.example"
        answer = await client.get("/test/form")
        csrf, visitor = answer.json()["csrf"], SimpleCookie(answer.headers["set-cookie"])
        form = {"csrf": csrf, "username": ANN, "password": PASSWORD}
        cookies = "; ".join(f"{name}={each.value}" for name, each in visitor.items())
        answer = await client.post("/test/sign-in", data=form, headers={"Cookie": cookies})
        (morsel,) = SimpleCookie(answer.headers["set-cookie"]).values()
        assert morsel.key == "__Host-takeback"
        assert morsel["secure"] and morsel["httponly"] and morsel["samesite"] == "Lax" and morsel["path"] == "/"
        assert not morsel["domain"]
        assert len(morsel.value) >= 40
        assert answer.headers["strict-transport-security"]


async def test_each_sign_in_has_a_token_of_its_own_and_ends_the_one_before(site: Site) -> None:
    client = await page(site)
    await sign_in(client)
    first = client.cookies["takeback"]
    await sign_in(client)
    assert client.cookies["takeback"] != first
    assert (await site.client(cookies={"takeback": first}).get("/test/me")).status_code == 303
    assert len(await site.people.sessions(ANN)) == 1


async def test_a_token_that_somebody_planted_is_not_taken_up(site: Site) -> None:
    client = await page(site)
    client.cookies["takeback"] = "planted"
    await sign_in(client)
    assert (await site.client(cookies={"takeback": "planted"}).get("/test/me")).status_code == 303


async def test_signing_out_everywhere(site: Site) -> None:
    client = await page(site)
    await sign_in(client)
    phone = await site.browser(ANN)
    assert (await phone.get("/test/me")).status_code == 200
    ended = await client.post("/test/sign-out-everywhere", data={"csrf": await token(client)})
    assert ended.json() == {"ended": 2}
    assert [(await each.get("/test/me")).status_code for each in (client, phone)] == [303, 303]


async def test_guessing_is_slowed_down_and_locked_out_as_at_the_other_door(
    make_site: Callable[..., Site],
) -> None:
    more = '[auth]\nfailures_before_delay = 2\nfailures_before_lockout = 2\nlongest_delay = "0s"\n'
    async with make_site(more=more) as site:
        client = await page(site)
        assert [await sign_in(client, "wrong") for _ in range(3)] == ["Refused", "Refused", "Locked"]
        assert await sign_in(client) == "Locked"
        assert await sign_in(client, username=EVE) == "Refused"


async def test_an_app_password_opens_no_page(site: Site) -> None:
    client = await page(site)
    made = await site.app_password(ANN)
    assert await sign_in(client, made) == "Refused"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_form_of_another_site_is_refused(site: Site, headers: dict[str, str]) -> None:
    client = await page(site)
    await sign_in(client)
    form = {"csrf": await token(client)}
    assert (await client.post("/test/sign-out", data=form, headers=headers)).status_code == 403
    assert (await client.get("/test/me")).status_code == 200
    own = {"Origin": site.url, "Sec-Fetch-Site": "same-origin"}
    assert (await client.post("/test/sign-out", data=form, headers=own)).status_code == 200


async def test_a_form_without_the_right_token_is_refused(site: Site) -> None:
    client = await page(site)
    await sign_in(client)
    other = await site.browser(EVE)
    for given in ("", "guess", "\u00e9", await token(other)):
        assert (await client.post("/test/sign-out", data={"csrf": given})).status_code == 403
    assert (await client.post("/test/sign-out")).status_code == 403
    files = {"csrf": ("name", b"content")}
    assert (await client.post("/test/sign-out", files=files)).status_code == 403
    assert (await client.get("/test/me")).status_code == 200
    script = {"X-CSRF-Token": await token(client)}
    assert (await client.post("/test/sign-out", headers=script)).status_code == 200


async def test_a_session_may_use_the_api_and_needs_the_token_to_change_anything(site: Site) -> None:
    id = await site.held()
    browser = await site.browser(ANN)
    site.app.include_router(router)
    assert (await browser.get(f"/api/v1/messages/{id}")).status_code == 200
    path = f"/api/v1/messages/{id}/undo"
    assert code(await browser.post(path)) == (403, "wrong_token")
    assert (await browser.get(f"/api/v1/messages/{id}")).json()["recipients"][0]["state"] == "held"
    answer = await browser.post(path, headers={"X-CSRF-Token": await token(browser)})
    assert answer.json()["stopped"] == ["bob@one.example"]


@pytest.mark.parametrize(
    "given",
    ["", "Bearer", "Bearer x", "Bearer tb_", "Bearer tb_x_y", "Basic YTpi", "Bearer tb__", "Bearer \u00e9", "x" * 8000],
)
async def test_a_key_that_is_none_is_refused_even_beside_a_session(site: Site, given: str) -> None:
    browser = await site.browser(ANN)
    answer = await browser.get("/api/v1/messages", headers=[(b"Authorization", given.encode())])
    assert code(answer) == (401, "not_signed_in")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_key_ends_with_its_time_and_when_it_is_revoked(site: Site) -> None:
    over = site.client(headers={"Authorization": f"Bearer {await site.key(ANN, expires_at=site.store.now())}"})
    assert code(await over.get("/api/v1/messages")) == (401, "not_signed_in")
    program = await site.program(ANN)
    assert (await program.get("/api/v1/messages")).status_code == 200
    for key in await site.people.api_keys(ANN):
        await site.people.revoke_api_key(ANN, key.id, NOBODY)
    assert code(await program.get("/api/v1/messages")) == (401, "not_signed_in")


async def test_nobody_is_nobody(site: Site) -> None:
    client = site.client()
    for path in ("messages", "messages/x", "events", "people/me", "people", "keys", "counts"):
        assert code(await client.get(f"/api/v1/{path}")) == (401, "not_signed_in"), path


async def test_what_people_may_do_for_themselves(site: Site) -> None:
    site.app.include_router(router)
    browser = await site.browser(ANN)
    browser.headers["X-CSRF-Token"] = await token(browser)
    me = (await browser.get("/api/v1/people/me")).json()
    assert (me["account"], me["rights"], me["delegates"]) == (ANN, [], [])
    assert (await browser.put("/api/v1/people/me/delegates/Ben@example.com")).status_code == 204
    assert (await browser.put("/api/v1/people/me/preferences", json={"language": "ar"})).status_code == 200
    me = (await browser.get("/api/v1/people/me")).json()
    assert (me["delegates"], me["preferences"]) == (["ben@example.com"], {"language": "ar", "notices": "never"})
    assert (await browser.delete("/api/v1/people/me/delegates/ben@example.com")).status_code == 204
    assert code(await browser.delete("/api/v1/people/me/delegates/ben@example.com")) == (404, "not_found")
    assert code(await browser.put("/api/v1/people/me/delegates/ann@example.com")) == (422, "bad_value")
    assert code(await browser.put("/api/v1/people/me/preferences", json={"language": "xx"})) == (422, "bad_value")


async def test_secrets_are_shown_once_and_revoked_one_by_one(site: Site) -> None:
    site.app.include_router(router)
    browser = await site.browser(ANN)
    browser.headers["X-CSRF-Token"] = await token(browser)
    for path, body, listed in (
        ("people/me/app-passwords", {"name": "my  phone"}, "app_passwords"),
        ("keys", {"name": "laptop", "scopes": ["read"], "expires_in": "90d"}, "keys"),
    ):
        made = await browser.post(f"/api/v1/{path}", json=body)
        assert made.status_code == 201
        shown = await browser.get(f"/api/v1/{path}")
        assert [each["id"] for each in shown.json()[listed]] == [made.json()["id"]]
        assert made.json()["secret"] not in shown.text
        assert (await browser.delete(f"/api/v1/{path}/{made.json()['id']}")).status_code == 204
        assert code(await browser.delete(f"/api/v1/{path}/{made.json()['id']}")) == (404, "not_found")


async def test_a_key_makes_no_keys(site: Site) -> None:
    for right in Right:
        await site.people.set_right(ANN, right, True, NOBODY)
    program = await site.program(ANN, *Scope)
    for method, path, body in (
        ("POST", "people/me/app-passwords", {"name": "phone"}),
        ("POST", "keys", {"name": "another", "scopes": ["admin"]}),
        ("PUT", "people/me/delegates/eve@example.com", None),
    ):
        assert code(await program.request(method, f"/api/v1/{path}", json=body)) == (403, "not_allowed")
