"""All resources under one roof."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI

from takeback.api import events, health, keys, messages, metrics, people, recalls

PREFIX = "/api/v1"


def install(app: FastAPI) -> None:
    api = APIRouter(prefix=PREFIX)
    for resource in (messages, recalls, events, people, keys, health):
        api.include_router(resource.router)
    app.include_router(api)
    app.include_router(metrics.router)
