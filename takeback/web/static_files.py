"""Stylesheet, scripts and icons, under addresses that change with their content; and the application's manifest."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from takeback.httpd.problems import Code, Problem
from takeback.web.pages import STATIC, static_path

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".txt": "text/plain; charset=utf-8",
}
_PACKED = frozenset({".css", ".js", ".svg", ".txt"})
_NAMES = frozenset(file.name for file in STATIC.iterdir())

router = APIRouter(include_in_schema=False)


@router.get("/static/{digest}/{name}")
async def static_file(request: Request, digest: str, name: str) -> Response:
    if name not in _NAMES or f"/static/{digest}/{name}" != static_path(name):
        raise Problem(Code.NOT_FOUND)
    suffix = Path(name).suffix
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    if suffix in _PACKED and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(_packed(name), media_type=_TYPES[suffix], headers=headers)
    return FileResponse(STATIC / name, media_type=_TYPES[suffix], headers=headers)


@cache
def _packed(name: str) -> bytes:
    """Only what is the same for everybody is packed: the length of a packed page can betray what stands in it."""
    return gzip.compress((STATIC / name).read_bytes(), 9, mtime=0)


@router.get("/favicon.ico")
async def favicon() -> Response:
    return FileResponse(STATIC / "icon-192.png", media_type="image/png", headers={"Cache-Control": "max-age=86400"})


@router.get("/manifest.webmanifest")
async def manifest() -> Response:
    """What a phone needs to put the outbox on its home screen."""
    icons = [
        {"src": static_path(f"icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
        for size, purpose in ((192, "any"), (512, "any"), (512, "maskable"))
    ]
    return JSONResponse(
        {
            "name": "Takeback",
            "short_name": "Takeback",
            "id": "/",
            "start_url": "/",
            "scope": "/",
            "display": "standalone",
            "background_color": "#f5f6f8",
            "theme_color": "#0a665a",
            "icons": icons,
        },
        media_type="application/manifest+json",
    )
