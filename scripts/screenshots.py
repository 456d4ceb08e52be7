"""Every page in both languages and both themes, as pictures in docs/screenshots: `make screenshots`.

The pages are those of a real gateway with the mail of somebody who has just felt the jolt.
"""

from __future__ import annotations

import os
import tempfile
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, expect

from tests.end_to_end.running import Aside
from tests.web.stage import ANN, ROOT, Stage, letter, stage

FOLDER = Path(__file__).parents[1] / "docs" / "screenshots"
WIDE: ViewportSize = {"width": 1100, "height": 760}
SMALL: ViewportSize = {"width": 360, "height": 740}
_QUALITY = 70
_OFFER = (
    b"From: ann@example.com\r\nTo: Sara <sara@customer.example>, Omar <omar@customer.example>\r\n"
    b"Subject: Draft contract (do not forward)\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b"<h2>Contract</h2><p>Dear Sara, dear Omar,</p><p>here is the draft, <b>with our margins in it</b>.</p>"
    b"<table border=1 cellpadding=6><tr><th>Item<th>Price<th>Margin<tr><td>Support<td>4,000<td>38 %"
    b"<tr><td>Licence<td>12,500<td>61 %</table><p>Ann</p>\r\n"
    b'--b\r\nContent-Type: application/pdf; name="contract.pdf"\r\n\r\n%PDF-1.7\r\n'
    b"--b--\r\n"
)


def main() -> None:
    os.environ.setdefault("TZ", "UTC")
    FOLDER.mkdir(parents=True, exist_ok=True)
    aside = Aside()
    with tempfile.TemporaryDirectory() as folder, stage(Path(folder), aside) as site:
        ids = _send(site)
        for language in ("en", "ar"):
            for theme in ("light", "dark"):
                _take(site, ids, language, theme)
    aside.close()


def _send(site: Stage) -> dict[str, str]:
    """A few messages in different states; ids by what they are."""
    to = ["sara@held.example"]
    ids = {
        "unknown": site.send(["partner@drop.example", "lina@held.example"], "Minutes of Tuesday"),
        "sent": site.send(["lina@now.example"], "Lunch on Thursday?"),
        "stopped": site.send(
            to, "Resignation", letter(to, "Resignation", text="Dear Sara,\n\nI have thought about it.\n")
        ),
        "arabic": site.send(["omar@held.example"], "عرض الأسعار لشركة ABC Ltd."),
        "held": site.send(["sara@held.example", "omar@held.example"], content=_OFFER),
    }
    with site.page() as page:
        page.goto("/")
        page.locator(f"#m-{ids['stopped']} .undo").click()
        expect(page.locator("#answer")).to_contain_text("Stopped")
        expect(page.locator(f"#m-{ids['unknown']} .note").first).to_be_visible()
        page.request.post(
            f"/messages/{ids['arabic']}/hold",
            form={"csrf": page.locator("[name=csrf]").first.input_value(), "longer": ""},
        )
    return ids


def _take(site: Stage, ids: dict[str, str], language: str, theme: str) -> None:
    pages = {
        "outbox": "/",
        "message": f"/messages/{ids['held']}",
        "stopped": "/stopped",
        "edit": f"/messages/{ids['stopped']}/edit",
        "recall": f"/messages/{ids['sent']}/recall",
        "settings": "/settings",
        "connect": "/connect?since=1",
        "error": "/nothing",
    }
    with _page(site, ANN, language, theme) as page:
        for name, path in pages.items():
            page.goto(path)
            _picture(page, f"{name}-{language}-{theme}")
        page.goto("/")
        page.locator(f"#m-{ids['held']} summary").click()
        _picture(page, f"choices-{language}-{theme}")
    with _page(site, ROOT, language, theme) as page:
        page.goto("/people")
        _picture(page, f"people-{language}-{theme}")
    with _page(site, "", language, theme) as page:
        page.goto("/sign-in")
        _picture(page, f"sign-in-{language}-{theme}")
    with _page(site, ANN, language, theme, SMALL) as page:
        page.goto("/")
        _picture(page, f"phone-{language}-{theme}", whole=False)


@contextmanager
def _page(site: Stage, account: str, language: str, theme: str, size: ViewportSize | None = None) -> Iterator[Page]:
    phone = {"is_mobile": True, "has_touch": True} if size else {}
    with site.page(account, language, color_scheme=theme, viewport=size or WIDE, **phone) as page:
        yield page


def _picture(page: Page, name: str, whole: bool = True) -> None:
    """As WebP, which is a fifth of the size. What is not in sight is not drawn, so all of it is brought in sight."""
    page.wait_for_load_state("load")
    if whole:
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({**WIDE, "height": max(WIDE["height"], height)})
        page.wait_for_timeout(200)
    session = page.context.new_cdp_session(page)
    taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": _QUALITY})
    (FOLDER / f"{name}.webp").write_bytes(b64decode(taken["data"]))
    page.set_viewport_size(WIDE if whole else SMALL)


if __name__ == "__main__":
    main()
