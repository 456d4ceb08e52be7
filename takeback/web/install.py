"""The pages under one roof."""

from __future__ import annotations

from fastapi import FastAPI

from takeback.web import (
    acts,
    connect,
    live,
    message,
    outbox,
    own_mail,
    people_page,
    recall_page,
    replace_page,
    settings_page,
    signing,
    static_files,
    stop_link,
    stopped,
)
from takeback.web.problem_page import problem_page

_PARTS = (
    recall_page,
    replace_page,
    signing,
    outbox,
    acts,
    message,
    stopped,
    settings_page,
    own_mail,
    stop_link,
    connect,
    people_page,
    live,
    static_files,
)


def install(app: FastAPI) -> None:
    """Afterwards people find their outbox at `/`, and errors have a page."""
    for part in _PARTS:
        app.include_router(part.router)
    app.state.error_page = problem_page
