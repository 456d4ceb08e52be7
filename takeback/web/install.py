"""The pages under one roof."""

from __future__ import annotations

from fastapi import FastAPI

from takeback.web import (
    acts,
    connect,
    live,
    message,
    outbox,
    people_page,
    settings_page,
    signing,
    static_files,
    stopped,
)
from takeback.web.problem_page import problem_page


def install(app: FastAPI) -> None:
    """Afterwards people find their outbox at `/`, and errors have a page."""
    for part in (signing, outbox, acts, message, stopped, settings_page, connect, people_page, live, static_files):
        app.include_router(part.router)
    app.state.error_page = problem_page
