"""After an undo nothing is lost: edited and sent again, downloaded, or deleted."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.web.stage import ANN, BEN, Stage, letter

Form = dict[str, str | float | bool]


def undo(page: Page, id: str) -> None:
    page.goto("/")
    page.locator(f"#m-{id} .undo").click()
    expect(page.locator("#answer")).to_contain_text("Stopped")


def test_edit_and_send_again(site: Stage) -> None:
    id = site.send(["bob@wrong.example", "sara@held.example"], "Wrong Bob")
    with site.page() as page:
        undo(page, id)
        page.get_by_role("link", name="Edit and send again").first.click()
        expect(page.locator("#recipients")).to_have_value("bob@wrong.example\nsara@held.example")
        page.locator("#recipients").fill("bob@right.example\nsara@held.example")
        page.locator("#subject").fill("Right Bob")
        page.locator("#text").fill("Dear Bob,\n\nمرحبا.")
        page.get_by_role("button", name="Send as a new message").click()
        expect(page.locator("#answer")).to_contain_text("Sent as a new message. You can undo this one too.")
        fresh = page.locator(".row", has_text="Right Bob")
        expect(fresh).to_contain_text("bob@right.example and sara@held.example")
        fresh.locator("summary").click()
        fresh.get_by_role("button", name="Send now").click()
        expect(fresh).to_contain_text("handed over")
        assert sorted(site.received("Right Bob")) == ["bob@right.example", "sara@held.example"]
        assert site.received("Wrong Bob") == []
        body = next(dot.body for dot in site.sink.dots if b"Right Bob" in dot.body)
        assert b"bob@wrong.example" not in body and b"<bob@right.example>" in body
        page.goto(f"/messages/{id}")
        expect(page.locator(".timeline")).to_contain_text("Edited and sent again by web:ann@example.com")


def test_the_button_pressed_twice_sends_once(site: Stage) -> None:
    id = site.send(["bob@held.example"], "Twice")
    with site.page(java_script_enabled=False) as page:
        undo(page, id)
        page.goto(f"/messages/{id}/edit")
        form: Form = {
            name: page.locator(f"[name={name}]").first.input_value()
            for name in ("csrf", "once", "recipients", "subject")
        }
        for _ in range(2):
            assert page.request.post(f"/messages/{id}/edit", form=form).ok
        page.goto("/")
        expect(page.locator(".row", has_text="Twice")).to_have_count(2)


def test_a_bad_address_is_explained_and_nothing_typed_is_lost(site: Stage) -> None:
    id = site.send(["bob@held.example"], "Bad address")
    with site.page() as page:
        undo(page, id)
        page.goto(f"/messages/{id}/edit")
        page.locator("#recipients").fill("bob at held")
        page.locator("#subject").fill("Typed with care")
        page.get_by_role("button", name="Send as a new message").click()
        expect(page.get_by_role("alert")).to_contain_text("It was not sent. bob at held is no address")
        expect(page.locator("#subject")).to_have_value("Typed with care")
        expect(page.locator("#recipients")).to_have_value("bob at held")


def test_an_attachment_is_left_out(site: Stage) -> None:
    head = b"From: ann@example.com\r\nTo: bob@held.example\r\nSubject: With file\r\nMIME-Version: 1.0\r\n"
    content = head + (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n"
        b'--b\r\nContent-Type: application/pdf; name="secret.pdf"\r\n\r\n%PDF\r\n--b--\r\n'
    )
    id = site.send(["bob@held.example"], content=content)
    with site.page() as page:
        page.goto("/")
        expect(page.locator(f"#m-{id}")).to_contain_text("secret.pdf")
        undo(page, id)
        page.goto(f"/messages/{id}/edit")
        page.get_by_label("secret.pdf").uncheck()
        page.get_by_role("button", name="Send as a new message").click()
        expect(page.locator("#answer")).to_contain_text("Sent as a new message.")
        fresh = page.locator(".row", has_text="With file").first
        expect(fresh).not_to_contain_text("secret.pdf")
        expect(fresh.locator(".undo")).to_have_count(1)


def test_dropped_is_gone_for_good(site: Stage) -> None:
    id = site.send(["bob@held.example"], "Drop me")
    with site.page() as page:
        undo(page, id)
        page.goto("/stopped")
        mine = page.locator(f"#m-{id}")
        with page.expect_download() as download:
            mine.get_by_role("link", name="Download").click()
        assert b"Subject: Drop me\r\n" in download.value.path().read_bytes()
        mine.locator("summary").click()
        mine.get_by_role("button", name="Delete for good").click()
        expect(page.locator("#answer")).to_contain_text("Deleted.")
        expect(page.locator(f"#m-{id}")).to_have_count(0)
        page.goto(f"/messages/{id}")
        expect(page.locator("main")).to_contain_text("Its text is no longer kept here")
        assert page.request.get(f"/messages/{id}/original.eml").status == 410


def test_nobody_else_can(site: Stage) -> None:
    id = site.send(["bob@held.example"], "Mine alone", content=letter(["bob@held.example"], "Mine alone"))
    with site.page(ANN) as page:
        undo(page, id)
    with site.page(BEN) as page:
        page.goto("/stopped")
        expect(page.locator("main")).not_to_contain_text("Mine alone")
        token = page.locator("[name=csrf]").first.input_value()
        assert page.request.get(f"/messages/{id}/edit").status == 404
        for act in ("edit", "drop", "undo", "release", "hold"):
            form: Form = {"csrf": token, "recipients": "ben@example.com", "once": act}
            assert page.request.post(f"/messages/{id}/{act}", form=form).status == 404
