"""The outbox in a real browser: rows come and change by themselves, and the button does what it says."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import APIResponse, Route, expect

from tests.end_to_end.running import run_command
from tests.web.stage import ANN, BEN, Stage


def test_a_message_appears_by_itself_and_undo_stops_it(site: Stage) -> None:
    with site.page() as page:
        page.goto("/")
        site.send(["bob@held.example", "sara@held.example"], "Appears")
        mine = page.locator(".row", has_text="Appears")
        expect(mine).to_contain_text("bob@held.example and sara@held.example")
        expect(mine).to_contain_text("Leaves in 59 minutes")
        mine.locator(".undo").click()
        expect(page.locator("#answer")).to_contain_text("Stopped for 2 recipients.")
        expect(mine).to_contain_text("Stopped. It did not leave.")
        expect(mine.locator(".undo")).to_have_count(0)
    released = run_command("release", "last", "--account", ANN, "--config", str(site.gateway.file))
    assert "Nothing to send for 2 recipients" in released.out
    assert site.received("Appears") == []


def test_undo_works_without_script(site: Stage) -> None:
    id = site.send(["bob@held.example", "sara@held.example"], "No script")
    with site.page(java_script_enabled=False) as page:
        page.goto("/")
        page.locator(f"#m-{id} .undo").click()
        expect(page.locator("#answer")).to_contain_text("Stopped for 2 recipients.")
        assert "told=undo" in page.url
        page.reload()
        expect(page.locator("#answer")).to_contain_text("Stopped for 2 recipients.")


def test_the_key_stops_the_newest_and_never_an_older_one(site: Stage) -> None:
    older = site.send(subject="Older one")
    newest = site.send(subject="Newest one")
    with site.page() as page:
        page.goto("/")
        page.keyboard.press("u")
        expect(page.locator("#answer")).to_contain_text("Stopped for 1 recipient.")
        page.keyboard.press("u")
        page.keyboard.press("u")
        expect(page.locator(f"#m-{newest}")).to_contain_text("Stopped. It did not leave.")
        expect(page.locator(f"#m-{older} .undo")).to_have_count(1)


def test_undo_for_some(site: Stage) -> None:
    id = site.send(["bob@held.example", "sara@held.example", "omar@held.example"], "For some")
    with site.page() as page:
        page.goto("/")
        mine = page.locator(f"#m-{id}")
        mine.locator("summary").click()
        mine.get_by_label("sara@held.example").check()
        mine.get_by_role("button", name="Undo for those").click()
        expect(page.locator("#answer")).to_contain_text("Stopped for 1 recipient.")
        expect(mine).to_contain_text("2 · held")
        expect(mine).to_contain_text("1 · stopped")


def test_send_now_is_followed_to_the_end(site: Stage) -> None:
    id = site.send(["bob@held.example"], "Send it now")
    with site.page() as page:
        page.goto("/")
        mine = page.locator(f"#m-{id}")
        mine.locator("summary").click()
        mine.get_by_role("button", name="Send now").click()
        expect(page.locator("#answer")).to_contain_text("On its way to 1 recipient.")
        expect(mine).to_contain_text("handed over")
        assert site.received("Send it now") == ["bob@held.example"]


def test_hold_longer_and_until_released(site: Stage) -> None:
    id = site.send(["bob@held.example"], "Hold it")
    with site.page() as page:
        page.goto("/")
        mine = page.locator(f"#m-{id}")
        mine.locator("summary").click()
        mine.locator("select").select_option("4h")
        mine.get_by_role("button", name="Hold longer").click()
        expect(mine).to_contain_text("Leaves in 4 hours")
        mine.locator("summary").click()
        mine.get_by_role("button", name="Hold until I send it").click()
        expect(mine).to_contain_text("Waits until you send it")


def test_too_late_is_said_with_the_time(site: Stage) -> None:
    id = site.send(["now@now.example", "bob@held.example"], "Too late for one")
    with site.page() as page:
        page.goto("/")
        mine = page.locator(f"#m-{id}")
        expect(mine).to_contain_text("1 · handed over")
        mine.locator(".undo").click()
        expect(page.locator("#answer")).to_contain_text(
            "Stopped for 1 recipient. Too late for 1 recipient: handed over at "
        )


def test_the_unknown_is_explained_and_left_alone(site: Stage) -> None:
    id = site.send(["x@drop.example"], "Who knows")
    with site.page() as page:
        page.goto("/")
        mine = page.locator(f"#m-{id}")
        expect(mine).to_contain_text("did not answer. It may have arrived or not")
        mine.get_by_role("button", name="Leave it").click()
        expect(page.locator("#answer")).to_contain_text("Left alone for 1 recipient.")
        expect(mine).to_contain_text("left alone")


def test_the_unknown_is_sent_again_when_asked(site: Stage) -> None:
    id = site.send(["y@drop.example"], "Once more")
    with site.page() as page:
        page.goto("/")
        mine = page.locator(f"#m-{id}")
        expect(mine).to_contain_text("did not answer. It may have arrived or not")
        assert site.dropped("Once more") == ["y@drop.example"]
        mine.get_by_role("button", name="Send again").click()
        expect(page.locator("#answer")).to_contain_text("On its way to 1 recipient.")
        while len(site.dropped("Once more")) < 2:
            page.wait_for_timeout(20)


def test_the_main_acts_without_script(site: Stage) -> None:
    id = site.send(["bob@held.example", "sara@held.example"], "Plain forms")
    with site.page(java_script_enabled=False) as page:
        page.goto("/")
        mine = page.locator(f"#m-{id}")
        mine.locator("summary").click()
        mine.locator("select").select_option("4h")
        mine.get_by_role("button", name="Hold longer").click()
        expect(mine).to_contain_text("Leaves in 4 hours")
        mine.locator("summary").click()
        mine.get_by_role("button", name="Hold until I send it").click()
        expect(mine).to_contain_text("Waits until you send it")
        mine.locator("summary").click()
        mine.get_by_label("sara@held.example").check()
        mine.get_by_role("button", name="Undo for those").click()
        expect(page.locator("#answer")).to_contain_text("Stopped for 1 recipient.")
        mine.locator("summary").click()
        mine.get_by_role("button", name="Send now").click()
        expect(page.locator("#answer")).to_be_visible()
        while site.received("Plain forms") != ["bob@held.example"]:
            page.wait_for_timeout(20)


@pytest.mark.parametrize(("language", "subject"), [("en", "First try"), ("ar", "تجربة أولى")])
def test_the_first_message_is_waited_for(site: Stage, language: str, subject: str) -> None:
    with site.page(BEN, language) as page:
        page.goto("/connect")
        page.locator("#first a").click()
        expect(page.locator("#first .note")).not_to_have_class(re.compile("good"))
        expect(page.locator("#first a")).to_have_attribute("href", re.compile("since="))
        site.send(subject=subject, account=BEN)
        expect(page.locator("#first .note.good")).to_contain_text(subject)


def test_a_lost_connection_is_shown_and_mended(site: Stage) -> None:
    with site.page() as page:
        page.route("**/events", lambda route: route.abort())
        page.goto("/")
        expect(page.locator("#stale")).to_be_visible()
        page.unroute("**/events")
        site.send(subject="While it was lost")
        expect(page.locator(".row", has_text="While it was lost")).to_be_visible()
        expect(page.locator("#stale")).to_be_hidden()


_HEARS = """message => new Promise(heard => {
    const source = new EventSource("/events");
    source.addEventListener("ready", () => { document.title = "listening"; });
    source.addEventListener("message", event => { if (event.data.includes(message)) { source.close(); heard(); } });
})"""


@pytest.mark.parametrize(("path", "shown"), [("/messages/{id}", "#state td .tag.undone"), ("/", "#m-{id} .left")])
def test_what_changes_while_the_page_is_read_again_is_not_missed(site: Stage, path: str, shown: str) -> None:
    id = site.send(subject="Changes meanwhile")
    slow: list[tuple[Route, APIResponse]] = []

    def delay_the_first(route: Route) -> None:
        if slow or "hx-request" not in route.request.headers:
            route.continue_()
        else:
            slow.append((route, route.fetch()))

    with site.page() as page:
        page.route(re.compile(re.escape(path.format(id=id)) + "$"), delay_the_first)
        page.goto(path.format(id=id))
        hears = page.evaluate_handle(f"message => ({{ it: ({_HEARS})(message) }})", id)
        expect(page).to_have_title("listening")
        while not slow:
            page.wait_for_timeout(20)
        assert run_command("undo", id, "--config", str(site.gateway.file)).status == 0
        hears.evaluate("heard => heard.it")
        route, before = slow[0]
        route.fulfill(response=before)
        expect(page.locator(shown.format(id=id))).to_contain_text(re.compile("stopped", re.IGNORECASE))


def test_others_see_nothing_of_it(site: Stage) -> None:
    id = site.send(subject="Private")
    with site.page(BEN) as page:
        page.goto("/")
        expect(page.locator(".row", has_text="Private")).to_have_count(0)
        for path in (
            f"/messages/{id}",
            f"/messages/{id}/original.eml",
            f"/messages/{id}/preview",
            f"/messages/{id}/parts/0",
        ):
            assert page.request.get(path).status == 404
        assert page.request.get(f"/outbox/rows/{id}").status == 204
