"""Likely mistakes on a row, and the report of a recall."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.end_to_end.running import Aside
from tests.web.stage import BEN, LANGUAGES, ROOT, Stage, letter, stage


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One whose mail is reviewed."""
    aside = Aside()
    with stage(tmp_path_factory.mktemp("reviewed"), aside, review=True) as ready:
        yield ready
    aside.close()


def test_a_likely_mistake_is_shown_and_can_be_called_fine(site: Stage) -> None:
    text = "Dear Bob,\n\nplease find the signed contract attached.\n\nAnn\n"
    id = site.send(content=letter(["bob@held.example"], "Contract", text=text))
    with site.page() as page:
        page.goto("/")
        doubt = page.locator(f"#m-{id} .doubt-line", has_text="attached")
        expect(doubt).to_contain_text("attach")
        before = page.locator(f"#m-{id} .doubt-line").count()
        doubt.get_by_role("button", name="This is fine").click()
        expect(page.locator("#answer")).to_contain_text("Noted.")
        expect(page.locator(f"#m-{id} .doubt-line")).to_have_count(before - 1)
        expect(page.locator(f"#m-{id} .undo")).to_have_count(1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_recall_is_asked_for_and_told_of(site: Stage, language: str) -> None:
    id = site.send(["x@now.example", "y@held.example", "z@box.example"], f"Recall it {language}")
    with site.page(language=language) as page:
        page.goto(f"/messages/{id}")
        expect(page.locator("#state .tag.sent").first).to_be_visible()
        page.locator(f"a[href='/messages/{id}/recall']").click()
        page.locator(f"form[action='/messages/{id}/recall'] button").click()
        report = page.locator("#report")
        expect(report.locator("tbody tr")).to_have_count(3)
        expect(report.locator("tbody tr", has_text="y@held.example").locator(".undone")).to_be_visible()
        expect(report.locator("tbody tr", has_text="x@now.example").locator(".failed")).to_be_visible()
        expect(report.locator("tbody tr", has_text="z@box.example").locator(".unknown")).to_be_visible()
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        table = page.request.get(f"/messages/{id}/recall.csv").text()
        assert "y@held.example,y@held.example,never_left,undone," in table
    assert site.received(f"Recall it {language}") == ["x@now.example", "z@box.example"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_looks_first_and_asks_for_a_correction(site: Stage, language: str) -> None:
    id = site.send(["x@now.example", "y@held.example"], f"Look first {language}")
    with site.page(language=language, java_script_enabled=False) as page:
        page.goto(f"/messages/{id}/recall")
        page.locator(f"form[action='/messages/{id}/recall/look'] button").click()
        expect(page.locator("[role=status] li")).to_have_count(2)
        expect(page.locator("[role=status]")).not_to_contain_text("@")
        page.locator("[name=correct]").check()
        page.locator("[name=words]").fill("x" * 2000)
        page.locator(f"form[action='/messages/{id}/recall'] button").click()
        expect(page.locator("#report tbody tr")).to_have_count(2)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_delivered_message_is_edited_and_replaced(site: Stage, language: str) -> None:
    id = site.send(["x@now.example", "y@held.example", "z@box.example"], f"Lunch at noon {language}")
    with site.page(language=language) as page:
        page.goto(f"/messages/{id}")
        expect(page.locator("#state td .tag.sent")).to_have_count(2)
        page.goto(f"/messages/{id}/recall")
        page.locator(f"a[href='/messages/{id}/replace']").click()
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        page.locator("#subject").fill(f"Lunch at one {language}")
        page.locator("#text").fill("Dear all,\n\nplease find the menu attached.\n\nAnn")
        page.locator("form.panel-form button").click()
        expect(page.locator("[role=alert]")).to_contain_text("attach" if language == "en" else "مرفق")
        expect(page.locator("#subject")).to_have_value(f"Lunch at one {language}")
        page.locator("#text").fill("Dear all,\n\nat one. مرحبا.\n\nAnn")
        page.locator("[name=despite]").check()
        page.locator("form.panel-form button").click()
        expect(page.locator("#report tbody tr")).to_have_count(3)
        page.goto("/")
        fresh = page.locator(".row", has_text=f"Lunch at one {language}")
        expect(fresh).to_contain_text("y@held.example")
        expect(fresh).not_to_contain_text("x@now.example")


def test_nobody_else_can_replace(site: Stage) -> None:
    id = site.send(["x@now.example"], "Not yours")
    with site.page(BEN) as page:
        assert page.request.get(f"/messages/{id}/replace").status == 404


def test_pressed_twice_it_is_replaced_once(site: Stage) -> None:
    id = site.send(["y@held.example"], "Twice replaced")
    with site.page(java_script_enabled=False) as page:
        page.goto(f"/messages/{id}/replace")
        form: dict[str, str | float | bool] = {
            name: page.locator(f"[name={name}]").first.input_value() for name in ("csrf", "once", "text")
        }
        for _ in range(2):
            assert page.request.post(f"/messages/{id}/replace", form={**form, "subject": "Replaced once"}).ok
        page.goto("/")
        expect(page.locator(".row", has_text="Replaced once")).to_have_count(1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_second_person_confirms_a_large_recall(site: Stage, language: str) -> None:
    id = site.send([f"u{number}@box.example" for number in range(4)], f"Large {language}")
    confirm = f"form[action='/messages/{id}/recall/confirm'] button"
    with site.page(language=language) as page:
        page.goto(f"/messages/{id}")
        expect(page.locator("#state .tag.sent").first).to_be_visible()
        page.goto(f"/messages/{id}/recall")
        page.locator(f"form[action='/messages/{id}/recall'] button").click()
        page.locator(confirm).click()
        expect(page.locator("[role=alert]")).to_be_visible()
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    with site.page(ROOT, language) as page:
        page.goto("/people")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        page.locator(f"a[href='/messages/{id}/recall']").click()
        page.locator(confirm).click()
        expect(page.locator(confirm)).to_have_count(0)
        expect(page.locator("#report")).to_be_visible()
        page.goto("/people")
        expect(page.locator(f"a[href='/messages/{id}/recall']")).to_have_count(0)
