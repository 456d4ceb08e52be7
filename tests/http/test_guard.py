"""What stands before every handler: hosts, sizes, slow clients, headers."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from takeback.httpd import guard, server
from tests.end_to_end.running import issue_certificate
from tests.http.site import ANN, LETTER, Site


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


async def test_a_client_that_never_begins_with_tls_is_hung_up(
    make_site: Callable[..., Site], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.2)
    issue_certificate(tmp_path)
    async with make_site('certificate = "server.pem"\nkey = "server.key"') as site:
        assert await raw(site, b"") == b""
        assert await raw(site, b"\x16\x03\x01\x02\x00\x01") == b""


async def test_a_header_that_drips_is_cut_off(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each octet is news to a timer that counts from the last one."""
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.5)
    async with _connected(site) as client:
        assert await _answer_to_drops(client, b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"a" * 60_000) == b""


async def test_a_body_that_drips_is_cut_off(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "BODY_SECONDS", 0.5)
    key = await site.key(ANN)
    head = (
        f"PUT /api/v1/people/me/preferences HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
        "Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n"
    )
    async with _connected(site) as client:
        assert _problem(await _answer_to_drops(client, head.encode() + b" " * 60_000)) == (408, "timeout")


async def test_a_body_without_a_length_is_refused_when_it_is_too_large(site: Site) -> None:
    key = await site.key(ANN)
    head = (
        f"PUT /api/v1/people/me/preferences HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    async with _connected(site) as client:
        body = chunk * (guard.LARGEST_BODY // 0x10000) + b"1\r\n \r\n0\r\n\r\n"
        await asyncio.get_running_loop().sock_sendall(client, head.encode() + body)
        assert _problem(await _answer(client, b"}")) == (413, "too_large")


async def test_who_takes_nothing_of_the_answer_is_hung_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "READING_SECONDS", 0.5)
    id = await site.held(content=[LETTER, *[b"x" * (1 << 20)] * 24], size=len(LETTER) + (24 << 20))
    key = await site.key(ANN)
    request = f"GET /api/v1/messages/{id}/content HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\r\n"

    def connections() -> int:
        face = site.gateway.face
        assert face is not None and face._server is not None
        return len(face._server._server.server_state.connections)

    async with _connected(site) as client:
        await asyncio.get_running_loop().sock_sendall(client, request.encode())
        await _until(lambda: connections() > 0)
        await _until(lambda: connections() == 0)


@asynccontextmanager
async def _connected(site: Site) -> AsyncIterator[socket.socket]:
    with socket.socket() as client:
        client.setblocking(False)
        async with asyncio.timeout(60):
            await asyncio.get_running_loop().sock_connect(client, site.gateway.endpoints[-1])
            yield client


async def _answer(client: socket.socket, end: bytes = b"nothing ends so") -> bytes:
    """All that comes until it ends so, or the connection does, be it by a reset: the server may not have waited for
    all that was sent."""
    answer = b""
    with suppress(ConnectionError):
        while not answer.endswith(end) and (piece := await asyncio.get_running_loop().sock_recv(client, 65536)):
            answer += piece
    return answer


async def _answer_to_drops(client: socket.socket, octets: bytes) -> bytes:
    """Sends one by one until there is an answer. All of them would take ten minutes."""
    answer = asyncio.create_task(_answer(client))
    with suppress(ConnectionError):
        for octet in octets:
            await asyncio.get_running_loop().sock_sendall(client, bytes([octet]))
            if answer.done():
                break
            await asyncio.sleep(0.01)
    return await answer


def _problem(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head.lower()
    return int(head[9:12]), json.loads(body)["code"]


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("junk", [b"\0" * 200 + b"\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"])
async def test_what_is_no_request_is_refused(site: Site, junk: bytes) -> None:
    assert (await raw(site, junk)).startswith(b"HTTP/1.1 400 ")
