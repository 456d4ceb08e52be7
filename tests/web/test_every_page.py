"""Every page, in both languages: right direction, nothing that axe-core finds, nothing wider than a small phone."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Response, expect

from tests.end_to_end.running import until
from tests.web.stage import ANN, BEN, LANGUAGES, ROOT, Stage, letter

AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
HTML = (
    b"From: ann@example.com\r\nTo: bob@held.example\r\nSubject: =?utf-8?B?2LnYsdi2INin2YTYo9iz2LnYp9ix?= ABC Ltd.\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<h1>Offer</h1><p>See <a href='https://x.example'>this</a>\r\n"
    b'--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename="offer.pdf"\r\n\r\n%PDF\r\n'
    b"--b--\r\n"
)


@pytest.fixture(scope="module")
def messages(site: Stage) -> dict[str, str]:
    """Ids by what has become of them."""
    ids = {
        "held": site.send(["bob@held.example", "sara@held.example"], content=HTML),
        "unknown": site.send(["x@drop.example"], "Who knows"),
        "sent": site.send(["x@now.example"], "Off it went"),
        "stopped": site.send(["bob@held.example"], "Stopped in time"),
    }
    with site.page() as page:
        page.goto("/")
        page.locator(f"#m-{ids['stopped']} .undo").click()
        expect(page.locator("#answer")).to_contain_text("Stopped")
    return ids


def look(page: Page, language: str) -> None:
    html = page.locator("html")
    assert (html.get_attribute("lang"), html.get_attribute("dir")) == (language, LANGUAGES[language])
    found = Axe().run(page, options=AXE)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


SIZES = [({"width": 320, "height": 640}, "light"), ({"width": 1200, "height": 800}, "dark")]
PATHS = [
    "/",
    "/stopped",
    "/settings",
    "/settings/mail",
    "/connect",
    "/connect?since=1",
    "/messages/{held}",
    "/messages/{unknown}",
    "/messages/{stopped}",
    "/messages/{stopped}/edit",
    "/nothing",
]


@pytest.mark.parametrize(("size", "theme"), SIZES, ids=["small", "large"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_pages(site: Stage, messages: dict[str, str], language: str, size: dict[str, int], theme: str) -> None:
    with site.page(language=language, viewport=size, color_scheme=theme) as page:
        for path in PATHS:
            page.goto(path.format(**messages))
            for details in page.locator("summary").all():
                details.click()
            look(page, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_administrators(site: Stage, messages: dict[str, str], language: str) -> None:
    with site.page(ROOT, language) as page:
        for path in ("/people", f"/people/outbox?account={ANN}", f"/messages/{messages['held']}"):
            page.goto(path)
            look(page, language)
            expect(page.locator("main")).not_to_contain_text("Offer")
            expect(page.locator("main")).not_to_contain_text("ABC Ltd")


@pytest.mark.parametrize("language", LANGUAGES)
def test_sign_in_and_errors(site: Stage, language: str) -> None:
    with site.page("", language) as page:
        page.goto("/sign-in")
        look(page, language)
        page.locator("#username").fill("ann@example.com")
        page.locator("#password").fill("wrong")
        with page.expect_response("**/sign-in") as answer:
            page.locator("form[action='/sign-in'] button").click()
        assert answer.value.status == 403
        page.wait_for_load_state()
        look(page, language)


_LINK = re.compile(rb"http://127\.0\.0\.1:8025(/stop/[A-Za-z0-9_-]+)")


def test_the_link_of_a_notice(site: Stage) -> None:
    site.send(["bob@told.example"], "With a link", account=BEN)
    found = until(lambda: [link for dot in list(site.sink.dots) if (link := _LINK.search(dot.body))], "a notice")
    path = found[-1][1].decode()
    for language in LANGUAGES:
        for size, theme in SIZES:
            with site.page("", language, viewport=size, color_scheme=theme) as page:
                page.goto(path)
                look(page, language)
    with site.page("", "ar", java_script_enabled=False) as page:
        page.goto(path)
        page.locator(".main-button").click()
        expect(page.locator("[role=status]")).to_contain_text("أُوقفت")


def test_twice_the_letters_still_fit(site: Stage, messages: dict[str, str]) -> None:
    """200 % zoom of a window 1280 wide is a window 640 wide with letters twice as large to the page."""
    with site.page(language="ar", viewport={"width": 640, "height": 400}, device_scale_factor=2) as page:
        for path in PATHS:
            page.goto(path.format(**messages))
            look(page, "ar")


def test_language_is_chosen_by_the_person_then_by_the_browser(site: Stage) -> None:
    with site.page("ben@example.com", "ar") as page:
        page.goto("/settings")
        expect(page.locator("html")).to_have_attribute("lang", "ar")
        page.locator("#language").select_option("en")
        page.locator("form[action='/settings/language'] button").click()
        expect(page.locator("html")).to_have_attribute("lang", "en")
        page.locator(".foot button[lang=ar]").click()
        expect(page.locator("html")).to_have_attribute("lang", "ar")
        page.goto("/settings")
        page.locator("#language").select_option("")
        page.locator("form[action='/settings/language'] button").click()


def test_the_first_page_is_small(site: Stage, messages: dict[str, str]) -> None:
    for number in range(25):
        site.send(subject=f"One of many {number}")
    with site.page() as page:
        answers: list[Response] = []
        page.on("response", lambda answer: answers.append(answer))
        page.goto("/")
        expect(page.locator(".row")).to_have_count(20)
        sizes = [each.request.sizes()["responseBodySize"] for each in answers if not each.url.endswith("/events")]
        assert len(sizes) >= 4 and sum(sizes) < 100_000, sizes


def test_hostile_mail_does_nothing(site: Stage) -> None:
    content = letter(["bob@held.example"], "Hostile").partition(b"\r\n\r\n")[0].replace(b"text/plain", b"text/html") + (
        b"\r\n\r\n<p id=here>Hello</p><script>parent.document.title='owned'</script>"
        b"<img src='http://127.0.0.1:9/pixel.gif'><img src=x onerror=\"parent.document.title='owned'\">"
        b"<form action='http://127.0.0.1:9/'><button>Go</button></form>"
        b"<meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'><style>@import 'http://127.0.0.1:9/'</style>\r\n"
    )
    id = site.send(content=content)
    with site.page() as page:
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.goto(f"/messages/{id}")
        expect(page.frame_locator("iframe").locator("p").first).to_have_text("Hello")
        assert all(url.startswith((site.url, "about:")) for url in requests), requests
        assert "owned" not in page.title()
        alone = page.request.get(f"/messages/{id}/preview")
        assert "sandbox" in alone.headers["content-security-policy"]


def test_ten_thousand_recipients(site: Stage) -> None:
    to = [f"person{number}@held.example" for number in range(10_000)]
    id = site.send(to, "To everybody")
    with site.page() as page:
        page.goto("/")
        expect(page.locator(f"#m-{id}")).to_contain_text("9,997 others")
        page.goto(f"/messages/{id}")
        expect(page.locator("tbody tr")).to_have_count(100)
        expect(page.locator("#state")).to_contain_text("Page 1 of 100")
        page.locator("#find").fill("person9999@")
        page.get_by_role("button", name="Find").click()
        page.locator("tbody input").check()
        page.get_by_role("button", name="Undo for those").click()
        expect(page.locator("#answer")).to_contain_text("Stopped for 1 recipient.")
        page.goto("/")
        page.locator(f"#m-{id} .undo").click()
        expect(page.locator("#answer")).to_contain_text("Stopped for 10,000 recipients.")
