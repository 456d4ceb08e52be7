"""What stands before every handler: hosts, sizes, slow clients, headers."""

from __future__ import annotations

import asyncio

import pytest

from takeback.httpd import guard, server
from tests.http.site import Site


async def raw(site: Site, request: bytes) -> bytes:
    """What the server answers to these bytes until it closes."""
    host, port = site.gateway.endpoints[-1]
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    return answer


async def test_every_answer_has_the_headers(site: Site) -> None:
    client = site.client()
    for path in ("/api/v1/health/live", "/nothing", "/api/v1/nothing"):
        answer = await client.get(path)
        for name, value in guard.HEADERS.items():
            assert answer.headers[name] == value
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert "server" not in answer.headers
        assert answer.headers["X-Request-Id"]


async def test_health(site: Site) -> None:
    client = site.client()
    assert (await client.get("/api/v1/health/live")).json() == {"status": "ok"}
    assert (await client.get("/api/v1/health/ready")).json() == {"status": "ok"}


async def test_an_unknown_path_is_a_problem_document_for_programs_and_a_page_for_people(site: Site) -> None:
    client = site.client()
    program = await client.get("/api/v1/nothing")
    assert program.status_code == 404
    assert program.headers["content-type"] == "application/problem+json"
    assert program.json()["code"] == "not_found"
    person = await client.get("/nothing")
    assert person.status_code == 404
    assert not person.headers["content-type"].startswith("application/")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil.example:8025"])
async def test_another_host_is_refused(site: Site, host: str) -> None:
    answer = await site.client().get("/api/v1/nothing", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "wrong_host")


@pytest.mark.parametrize("host", ["localhost", "localhost:8025", "127.0.0.1:1", "[::1]:8025"])
async def test_this_machine_by_any_of_its_names_is_not(site: Site, host: str) -> None:
    assert (await site.client().get("/nothing", headers={"Host": host})).status_code == 404


async def test_a_body_that_says_it_is_too_large_is_refused_unread(site: Site) -> None:
    head = f"POST /api/v1/nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: {guard.LARGEST_BODY + 1}\r\n\r\n"
    answer = await raw(site, head.encode())
    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "9" * 400, "5, 6"])
async def test_a_length_that_is_none_is_no_traceback(site: Site, length: str) -> None:
    request = (
        f"POST /api/v1/nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )
    assert (await raw(site, request.encode()))[9:12] in (b"400", b"413")


async def test_a_client_that_never_says_what_it_wants_is_hung_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.2)
    assert await raw(site, b"") == b""
    assert await raw(site, b"GET / HTTP/1.1\r\nHost: local") == b""


@pytest.mark.parametrize("junk", [b"\0" * 200 + b"\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"])
async def test_what_is_no_request_is_refused(site: Site, junk: bytes) -> None:
    assert (await raw(site, junk)).startswith(b"HTTP/1.1 400 ")
