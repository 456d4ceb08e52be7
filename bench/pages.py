"""How fast the pages are in a real browser, and how large: `python -m bench.pages`."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

from playwright.sync_api import Page, Response, expect

from tests.end_to_end.running import Aside
from tests.web.stage import Stage, stage

ROUNDS = 30


def main() -> None:
    aside = Aside()
    with tempfile.TemporaryDirectory() as folder, stage(Path(folder), aside) as site:
        many = site.send([f"person{number}@held.example" for number in range(10_000)], "To everybody")
        others = [site.send(subject=f"Message {number}") for number in range(30)]
        with site.page():
            pass  # signs in, and so the next browser has nothing in its cache but that
        with site.page() as page:
            _tell_sizes(page)
            _tell("outbox with 20 of 31 messages: loaded and drawn", [_loaded(page, "/") for _ in range(ROUNDS)])
            _tell("message: loaded and drawn", [_loaded(page, f"/messages/{others[0]}") for _ in range(ROUNDS)])
            _tell("message to 10,000: loaded and drawn", [_loaded(page, f"/messages/{many}") for _ in range(ROUNDS)])
            page.goto("/")
            _tell("undo: from the press to the answer on the page", [_undo(page, id) for id in others[-15:]])
            _tell("new message: from its 250 to the row on the page", [_appears(site, page, n) for n in range(ROUNDS)])
            page.goto(f"/messages/{many}")
            _tell("undo for 10,000: from the press to the answer", [_undo(page, many)])
    aside.close()


def _tell_sizes(page: Page) -> None:
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto("/")
    first = [
        (answer.url.rpartition("/")[2] or "page", answer.request.sizes()["responseBodySize"])
        for answer in answers
        if "events" not in answer.url
    ]
    print(
        f"bytes of the first page: {sum(size for _, size in first):,}",
        ", ".join(f"{name} {size:,}" for name, size in first),
    )


def _loaded(page: Page, path: str) -> float:
    page.goto(path)
    return float(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))


def _undo(page: Page, id: str) -> float:
    button = page.locator(f"#m-{id} .undo")
    button.scroll_into_view_if_needed()
    return _timed(button.click, lambda: expect(page.locator(f"#m-{id} .undo")).to_have_count(0))


def _appears(site: Stage, page: Page, number: int) -> float:
    subject = f"Fresh {number:03}"
    site.send(subject=subject)
    return _timed(lambda: None, lambda: page.locator(".row", has_text=subject).wait_for())


def _timed(act: Callable[[], None], until: Callable[[], None]) -> float:
    began = time.monotonic()
    act()
    until()
    return (time.monotonic() - began) * 1000


def _tell(what: str, milliseconds: list[float]) -> None:
    worst = quantiles(milliseconds, n=20)[-1] if len(milliseconds) > 1 else milliseconds[0]
    print(f"{what}: median {median(milliseconds):.0f} ms, 95th percentile {worst:.0f} ms, of {len(milliseconds)}")


if __name__ == "__main__":
    main()
