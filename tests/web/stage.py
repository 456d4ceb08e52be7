"""A gateway with its pages, a real browser before it, and a server behind it that remembers what reached it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from shutil import which
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from takeback.ports.people import Author, Right
from takeback.store.opening import open_database
from takeback.store.people_store import SqlPeopleStore
from takeback.store.store import SqlStore
from tests.doubles.smarthost import Smarthost
from tests.end_to_end.running import PASSWORD, Aside, Gateway, call_command, issue_certificate, running
from tests.services.requirement import missing

expect.set_options(timeout=20_000)
"""Many machines are slower than the one on which a test was written, and no test is about speed."""

ANN, BEN, ROOT = "ann@example.com", "ben@example.com", "root@example.com"
LANGUAGES = {"en": "ltr", "ar": "rtl"}
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Stage:
    """`sink` takes whatever leaves, but for what `dropper` takes without an answer.

    Contexts that are handed out are closed by whoever asked for them.
    """

    gateway: Gateway
    sink: Smarthost
    dropper: Smarthost
    browser: Browser
    cookies: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.gateway.ports[-1]}"

    @contextmanager
    def page(self, account: str = ANN, language: str = "en", **more: Any) -> Iterator[Page]:
        """A page of somebody who is signed in (nobody: ""). What goes wrong in it fails the test."""
        values: dict[str, Any] = {"locale": language, "timezone_id": "Africa/Cairo", **more}
        context = self.browser.new_context(base_url=self.url, **values)
        context.set_default_timeout(20_000)
        try:
            if account:
                self._sign_in(context, account)
            page = context.new_page()
            trouble: list[str] = []
            page.on("pageerror", lambda error: trouble.append(str(error)))
            page.on("console", lambda said: trouble.append(said.text) if _is_trouble(said) else None)
            page.on("response", lambda answer: trouble.append(answer.url) if answer.status >= 500 else None)
            yield page
            assert not trouble, trouble
        finally:
            context.close()

    def _sign_in(self, context: BrowserContext, account: str) -> None:
        if account not in self.cookies:
            page = context.new_page()
            sign_in(page, account)
            page.close()
            self.cookies[account] = [each for each in context.cookies() if each["name"].startswith("takeback")]
        context.add_cookies(self.cookies[account])

    def send(
        self,
        to: Sequence[str] = ("bob@held.example",),
        subject: str = "Hello",
        content: bytes = b"",
        account: str = ANN,
    ) -> str:
        """Submits a message as a mail program would; its id."""
        return self.gateway.submit(account, to, content or letter(to, subject, account))

    def received(self, subject: str) -> list[str]:
        """Who got a message of that subject."""
        return _recipients(self.sink, subject)

    def dropped(self, subject: str) -> list[str]:
        """Whose copy of that subject was taken without an answer."""
        return _recipients(self.dropper, subject)


def _recipients(server: Smarthost, subject: str) -> list[str]:
    wanted = f"\r\nSubject: {subject}\r\n".encode()
    return [recipient for dot in list(server.dots) if wanted in dot.body for recipient in dot.recipients]


def _is_trouble(said: ConsoleMessage) -> bool:
    """Answers that refuse, and connections that a test has cut, are none."""
    return said.type == "error" and not said.text.startswith("Failed to load resource")


def letter(to: Sequence[str], subject: str, account: str = ANN, text: str = "Dear Bob,\n\nsee you.\n") -> bytes:
    message = EmailMessage()
    message["From"] = account
    message["To"] = ", ".join(to[:5])
    message["Subject"] = subject
    message.set_content(text)
    return message.as_bytes().replace(b"\n", b"\r\n")


def sign_in(page: Page, account: str, password: str = PASSWORD) -> None:
    page.goto("/sign-in")
    page.locator("#username").fill(account)
    page.locator("#password").fill(password)
    page.locator("form[action='/sign-in'] button").click()
    page.wait_for_load_state()


def id_of(page: Page) -> str:
    """Of the message whose page is open."""
    match = re.search(r"/messages/([a-z0-9]+)", page.url)
    assert match
    return match[1]


@contextmanager
def stage(folder: Path, aside: Aside, review: bool = False) -> Iterator[Stage]:
    chromium = which("chromium") or missing("chromium")
    sink, dropper = Smarthost(), Smarthost(drop_after_dot=True)
    for server in (sink, dropper):
        aside.run(server.start())
    authority = issue_certificate(folder)
    file = folder / "takeback.toml"
    (folder / "master").write_text("secret")
    file.write_text(_configuration(sink.port, dropper.port, review))
    for account in (ANN, BEN, ROOT):
        call_command("account", "add", account, "--password-stdin", "--config", str(file), given=PASSWORD)
    aside.run(_make_administrator(file, ROOT))
    with running(file, authority) as gateway, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        yield Stage(gateway, sink, dropper, browser)
        browser.close()
    for server in (sink, dropper):
        aside.run(server.close())


async def _make_administrator(file: Path, account: str) -> None:
    from takeback.config import load

    store = await SqlStore.open(open_database(load(file).data))
    await SqlPeopleStore(store.access).set_right(account, Right.ADMINISTRATOR, True, Author("test"))
    await store.close()


def _configuration(sink: int, dropper: int, review: bool) -> str:
    return f"""
[data]
folder = "data"
reserve = "0B"
[smtp]
hostname = "gateway.example"
listen = ["127.0.0.1:0"]
certificate = "server.pem"
key = "server.key"
[http]
listen = "127.0.0.1:0"
[review]
enabled = {str(review).lower()}
[organisation]
domains = ["example.com"]
[hold]
window = "1h"
[[hold.rule]]
when = {{ recipients = ["*@now.example", "*@drop.example", "*@box.example"] }}
window = "0s"
[[hold.rule]]
when = {{ recipients = ["*@told.example"] }}
window = "1h"
notice = true
[[relay]]
for = ["*@drop.example"]
to = "smtp://127.0.0.1:{dropper}"
tls = "off"
[[relay]]
to = "smtp://127.0.0.1:{sink}"
tls = "off"
[[mailboxes]]
for = ["*@box.example"]
kind = "imap"
url = "imap://127.0.0.1:9"
username = "master"
password_file = "master"
login = "{{user}}*{{master}}"
[recall]
second_person_above = 3
[limits]
recipients = 20000
"""
