"""What the client makes of servers that answer badly, or not at all: one error that has words, never anything else."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from takeback import clock
from takeback.clock import HOUR, SECOND, rfc5322
from takeback.errors import Ambiguous, LimitReached, NotFound, RemoteError, StoreUnavailable, TakebackError
from takeback.flows.ask import Who
from takeback.flows.undo import undo
from takeback.hold.states import State
from takeback.recall.outcomes import Outcome
from takeback.recall.report import document
from takeback.remote import wire
from takeback.remote.answers import Held, Me, Page, Undone, Whole
from takeback.remote.desk import RemoteDesk
from takeback.remote.recalls import Recall
from takeback.remote.wire import Wire

SERVER = "https://gateway.example"
ME = {"account": "ann@example.com", "rights": [], "acts_for": []}


class Octets(httpx.AsyncByteStream):
    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._pieces


@dataclass
class Said:
    """What a server answers."""

    status: int
    body: bytes | Callable[[], AsyncIterator[bytes]] = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> httpx.Response:
        return httpx.Response(self.status, headers=dict(self.headers), stream=Octets(self._pieces()))

    async def _pieces(self) -> AsyncIterator[bytes]:
        if isinstance(self.body, bytes):
            yield self.body
            return
        async for piece in self.body():
            yield piece


Answer = Said | Exception


class Answering(httpx.AsyncBaseTransport):
    """Gives these answers one after the other, the last for ever; keeps the requests."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer.response()

    @property
    def keys(self) -> set[str | None]:
        return {request.headers.get("idempotency-key") for request in self.requests}


def wire_to(*answers: Answer) -> tuple[Wire, Answering]:
    transport = Answering(*answers)
    return Wire(SERVER, "tb_1_secret", pauses=(0, 0), transport=transport), transport


def json_answer(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Said:
    return Said(status, json.dumps(document).encode(), headers or {})


def problem(status: int, code: str, detail: str = "") -> Said:
    return json_answer({"type": f"urn:x:{code}", "title": "What it means", "code": code, "detail": detail}, status)


async def refusal(answer: Answer) -> TakebackError:
    asked, _ = wire_to(answer)
    with pytest.raises(TakebackError) as refused:
        await asked.get("/people/me", Me)
    return refused.value


async def code_of(answer: Answer) -> str:
    error = await refusal(answer)
    assert isinstance(error, RemoteError), repr(error)
    assert "\x1b" not in str(error) and "secret" not in str(error) and len(str(error)) < 500
    return error.code


async def test_a_good_answer() -> None:
    asked, transport = wire_to(json_answer(ME))
    assert (await asked.get("/people/me", Me)).account == "ann@example.com"
    [request] = transport.requests
    assert str(request.url) == "https://gateway.example/api/v1/people/me"
    assert request.headers["authorization"] == "Bearer tb_1_secret"
    assert request.headers["host"] == "gateway.example"


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, "not_found", NotFound),
        (409, "ambiguous", Ambiguous),
        (429, "too_many", LimitReached),
        (503, "not_confirmed", StoreUnavailable),
        (503, "unavailable", StoreUnavailable),
    ],
)
async def test_problems_that_the_store_knows_too(status: int, code: str, kind: type[TakebackError]) -> None:
    error = await refusal(problem(status, code, "red\x1b[31m"))
    assert type(error) is kind
    assert "red␛[31m" in str(error)


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "not_signed_in"), (403, "not_allowed"), (421, "wrong_host"), (500, "unexpected"), (418, "new_one")],
)
async def test_problems_of_its_own(status: int, code: str) -> None:
    assert await code_of(problem(status, code, "\x1b[31m" + "x" * 9999)) == code


@pytest.mark.parametrize(
    "answer",
    [
        Said(200, b"<html>Welcome</html>"),
        Said(200, b""),
        Said(200, b"\xff\xfe\x00"),
        Said(200, b"[" * 100_000),
        Said(200, b'{"account": "\\ud800", "rights": [], "acts_for": []}'),
        json_answer([ME]),
        json_answer({**ME, "account": 7}),
        json_answer({**ME, "rights": ["emperor"]}),
        Said(404, b"not here"),
        Said(502, b"\x1b[31mBad gateway"),
        Said(302, headers={"location": "https://elsewhere.example/"}),
        Said(101),
        json_answer(ME, headers={"content-encoding": "gzip"}),
        json_answer({"title": 1, "code": {}}, 400),
    ],
)
async def test_whatever_is_no_takeback_server(answer: Said) -> None:
    assert await code_of(answer) == "not_takeback"


async def test_an_answer_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LARGEST_ANSWER", 1_000)

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 100

    assert await code_of(Said(200, endless)) == "too_large"


async def test_an_answer_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "_WHOLE_SECONDS", 0.05)

    async def dripping() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    assert await code_of(Said(200, dripping)) == "unreachable"


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


async def test_no_connection() -> None:
    assert await code_of(httpx.ConnectError("Connection refused")) == "unreachable"
    assert await code_of(Said(302, headers={"location": "https://elsewhere.example/\x1b[31m"})) == "unreachable"
    assert await code_of(httpx.ConnectTimeout("")) == "unreachable"
    assert await code_of(caused(httpx.ConnectError("x"), ssl.SSLError(1, "WRONG_VERSION_NUMBER"))) == "unreachable"
    forged = ssl.SSLCertVerificationError(1, "x")
    forged.verify_message = "self-signed certificate"
    assert await code_of(caused(httpx.ConnectError("x"), forged)) == "bad_certificate"


BROKEN: Sequence[Exception] = (httpx.ReadError(""), httpx.RemoteProtocolError("bad"), httpx.ReadTimeout(""))


@pytest.mark.parametrize("error", BROKEN, ids=lambda each: type(each).__name__)
async def test_what_breaks_off_is_asked_again_under_the_same_key(error: Exception) -> None:
    document = {"stopped": ["a@b.example"], "too_late": []}
    asked, transport = wire_to(error, problem(409, "in_progress"), json_answer(document))
    told = await asked.act("/messages/1/undo", {}, Undone)
    assert told.done == ["a@b.example"]
    assert len(transport.requests) == 3
    assert len(transport.keys) == 1 and None not in transport.keys
    assert len({request.content for request in transport.requests}) == 1


@pytest.mark.parametrize("error", [*BROKEN, problem(409, "in_progress")], ids=lambda each: type(each).__name__)
async def test_an_act_that_nobody_can_confirm_says_so(error: Answer) -> None:
    asked, transport = wire_to(error)
    with pytest.raises(StoreUnavailable, match="not certain"):
        await asked.act("/messages/1/undo", {}, Undone)
    assert len(transport.requests) == 3


async def test_a_server_that_goes_away_after_it_was_asked_is_not_said_to_be_out_of_reach() -> None:
    asked, _ = wire_to(httpx.ReadError(""), httpx.ConnectError("refused"))
    with pytest.raises(StoreUnavailable, match="not certain"):
        await asked.act("/messages/1/undo", {}, Undone)


async def test_each_act_has_a_key_of_its_own() -> None:
    asked, transport = wire_to(json_answer({"held": [], "not_held": [], "until": None}))
    for _ in range(2):
        await asked.act("/messages/1/hold", {"until_released": True}, Held)
    assert len(transport.keys) == 2
    assert [json.loads(request.content) for request in transport.requests] == [{"until_released": True}] * 2


async def test_the_clock_of_the_server_counts() -> None:
    for said, ahead in ((rfc5322(clock.now() + HOUR), HOUR), (rfc5322(clock.now()), 0), ("yesterday", 0), ("", 0)):
        asked, _ = wire_to(json_answer(ME, headers={"date": said}))
        await asked.get("/people/me", Me)
        assert abs(asked.now() - clock.now() - ahead) < 5 * SECOND


MESSAGE: Mapping[str, Any] = {
    "id": "1tj8m4k2v7c3q9dx",
    "message_id": None,
    "from": "ann@example.com",
    "subject": "Lunch",
    "accepted_at": "2026-11-24T10:00:00.000000Z",
    "size": 812,
    "account": "ann@example.com",
    "origin": "submission",
    "recipients": [],
    "findings": [],
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "../../people/me"},
        {"id": None},
        {"accepted_at": "0001-01-01T00:00:00Z"},
        {"accepted_at": "9999-12-31T23:59:59Z"},
        {"accepted_at": "noon"},
        {"accepted_at": 7},
        {"size": -1},
        {"size": 10**400},
        {"origin": "heaven"},
        {"recipients": [{"address": "a@b.example", "state": "lost", "at": "2026-11-24T10:00:00.000000Z"}]},
        {"recipients": {}},
        {"findings": [{"code": "x"}]},
        {"subject": ["Lunch"]},
    ],
)
async def test_a_message_that_does_not_fit_is_refused_whole(wrong: dict[str, object]) -> None:
    asked, _ = wire_to(json_answer({"messages": [MESSAGE, {**MESSAGE, **wrong}], "next": None}))
    with pytest.raises(RemoteError) as refused:
        await asked.get("/messages", Page)
    assert refused.value.code == "not_takeback"


async def test_more_than_is_known_does_no_harm() -> None:
    asked, _ = wire_to(json_answer({"messages": [{**MESSAGE, "colour": "red"}], "next": None, "more": 1}))
    [message] = (await asked.get("/messages", Page)).messages
    assert message.view().subject == "Lunch"


RECALL: Mapping[str, Any] = {
    "id": "1tj8m4k2v7c3q9dx",
    "message": "1tj8m4k2v7a0b1c2",
    "status": "running",
    "asked_at": "2026-11-25T10:00:00.000000Z",
    "watch_until": "2026-11-26T10:00:00.000000Z",
    "counts": {"pending": 2},
    "recipients": [],
    "full": False,
    "all_tried": True,
}


@pytest.mark.parametrize("correction", [None, {"message": None, "recipients": 0}, {"message": "1tj8", "recipients": 2}])
async def test_a_report_is_told_again_as_it_was_told(correction: object) -> None:
    asked, _ = wire_to(json_answer({**RECALL, "correction": correction}))
    told = document((await asked.get("/recalls/1", Recall)).report(), full=False)
    ours = {name: value for name, value in RECALL.items() if name not in ("full", "all_tried")}
    assert told == {**ours, "correction": correction, "also": []}


async def test_a_report_counts_people_who_are_not_named_in_it() -> None:
    asked, _ = wire_to(json_answer(RECALL))
    report = (await asked.get("/recalls/1", Recall)).report()
    assert report.counts == {Outcome.PENDING: 2}
    assert not report.whole
    assert document(report, full=False)["counts"] == {"pending": 2}


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "../x"},
        {"status": "bored"},
        {"counts": {"pending": -1}},
        {"counts": {"vanished": 1}},
        {"recipients": [{"address": "a@b.example"}]},
        {"watch_until": "9999-12-31T23:59:59Z"},
        {"all_tried": None},
    ],
)
async def test_a_report_that_does_not_fit_is_refused_whole(wrong: dict[str, object]) -> None:
    asked, _ = wire_to(json_answer({**RECALL, **wrong}))
    with pytest.raises(RemoteError) as refused:
        await asked.get("/recalls/1", Recall)
    assert refused.value.code == "not_takeback"


async def test_an_event_with_a_time_that_is_none() -> None:
    event = {"at": "2026-11-24T10:00:00.000000Z", "kind": "held", "actor": "x", "detail": {"due_at": "soon"}}
    asked, _ = wire_to(json_answer({**MESSAGE, "events": [event]}))
    with pytest.raises(RemoteError):
        await asked.get("/messages/1", Whole)


@pytest.mark.parametrize("value", ["\ud800", "a" * 100_000 + "\ud800"])
async def test_what_cannot_be_asked_is_not_there(value: str) -> None:
    asked, transport = wire_to(json_answer(ME))
    with pytest.raises(NotFound):
        await asked.get("/messages", Page, [("message_id", value)])
    assert transport.requests == []


async def test_a_port_where_something_else_listens() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for scheme, code in (("http", "unreachable"), ("https", "unreachable")):
        asked = Wire(f"{scheme}://127.0.0.1:{port}", "key", pauses=())
        with pytest.raises(RemoteError) as refused:
            await asked.get("/people/me", Me)
        assert refused.value.code == code
        await asked.close()
    server.close()
    await server.wait_closed()


TO = [
    {"address": each, "state": "held", "due_at": None, "at": "2026-11-24T10:00:00.000000Z", "reply": None}
    for each in ("a@b.example", "c@d.example")
]
REFUSED = {**TO[1], "state": "sent"}


@pytest.mark.parametrize(
    "answer",
    [
        {"stopped": ["a@b.example"], "too_late": []},
        {"stopped": [], "too_late": []},
        {"stopped": ["a@b.example", "c@d.example", "e@f.example"], "too_late": []},
        {"stopped": ["a@b.example", "c@d.example"], "too_late": [REFUSED]},
    ],
)
async def test_an_undo_whose_answer_leaves_somebody_open_is_not_confirmed(answer: object) -> None:
    page = {"messages": [{**MESSAGE, "recipients": TO}], "next": None}
    asked, _ = wire_to(json_answer(page), json_answer(answer))
    desk = RemoteDesk(asked, Me.model_validate(ME))
    with pytest.raises(StoreUnavailable, match="everybody"):
        await undo(desk, "1tj8m4k2v7c3q9dx", Who("test"))


async def test_an_undo_that_answers_for_everybody() -> None:
    page = {"messages": [{**MESSAGE, "recipients": TO}], "next": None}
    asked, transport = wire_to(json_answer(page), json_answer({"stopped": ["a@b.example"], "too_late": [REFUSED]}))
    told = await undo(RemoteDesk(asked, Me.model_validate(ME)), "1tj8m4k2v7c3q9dx", Who("test"))
    assert ([each.address for each in told.done], told.refused[0].state) == (["a@b.example"], State.SENT)
    assert json.loads(transport.requests[-1].content) == {}


async def test_pages_that_lead_in_a_circle() -> None:
    asked, transport = wire_to(json_answer({"messages": [MESSAGE], "next": MESSAGE["id"]}))
    with pytest.raises(RemoteError, match="no end"):
        await RemoteDesk(asked, Me.model_validate(ME)).outbox(None, None)
    assert len(transport.requests) == 2
