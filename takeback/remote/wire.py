"""Requests to a gateway elsewhere: bounded, verified, asked again where the line breaks, and never acted on twice."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from takeback import clock
from takeback.clock import DAY, SECOND, Duration, Instant
from takeback.errors import Ambiguous, LimitReached, NotFound, RemoteError, StoreUnavailable, TakebackError
from takeback.ids import new_token
from takeback.visible import visible

T = TypeVar("T", bound=BaseModel)

Query = Sequence[tuple[str, str]]

LARGEST_ANSWER = 128 << 20
"""Octets. A page of messages with thousands of recipients each is far below."""
_PREFIX = "/api/v1"
_CONNECT_SECONDS = 10.0
_READ_SECONDS = 60.0
_WHOLE_SECONDS = 180.0
"""A server that gives one octet a minute gives no answer."""
_PAUSES = (0.3, 1.0, 3.0)
"""Seconds until what broke off is asked again."""
_BELIEVABLE: Duration = 366 * DAY
_LONGEST_DETAIL = 300


class _Cut(TakebackError):
    """The line broke: whether the request was carried out, nobody here knows."""


class _Problem(BaseModel):
    """RFC 9457, as Takeback writes it."""

    code: str
    title: str
    detail: str = ""


class Wire:
    def __init__(
        self,
        server: str,
        key: str,
        pauses: Sequence[float] = _PAUSES,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`server` is what `read_server` gave. No proxy and no password file of the environment is asked; the system's
        authorities are believed, or those that SSL_CERT_FILE names."""
        self.server = server
        self._pauses = pauses
        self._ahead: Duration = 0
        self._client = httpx.AsyncClient(
            base_url=server,
            verify=ssl.create_default_context(),
            headers={"Authorization": f"Bearer {key}", "Accept": "application/json", "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS),
            trust_env=False,
            transport=transport,
        )

    async def close(self) -> None:
        await self._client.aclose()

    def now(self) -> Instant:
        """The server's clock, as well as it is known here: to the second, once it has answered."""
        return clock.now() + self._ahead

    async def get(self, path: str, form: type[T], query: Query = ()) -> T:
        """Raises what `_refusal` names, and RemoteError where the server cannot be asked."""
        try:
            body = await self._ask_again(httpx.Request("GET", self._url(path, query), headers=self._client.headers))
        except _Cut as cut:
            raise RemoteError("unreachable", cut.words, **cut.values) from None
        return self._read(body, form)

    async def act(self, path: str, asked: Mapping[str, Any], form: type[T]) -> T:
        """The same for what changes something. Whatever happens on the line, it is carried out at most once; raises
        StoreUnavailable where nobody can say whether it was."""
        headers = {**self._client.headers, "Idempotency-Key": new_token()}
        request = httpx.Request("POST", self._url(path, ()), headers=headers, json=dict(asked))
        try:
            return self._read(await self._ask_again(request), form)
        except _Cut as cut:
            raise StoreUnavailable("it is not certain whether that was done; ask again ({why})", why=str(cut)) from None

    def _url(self, path: str, query: Query) -> httpx.URL:
        try:
            return httpx.URL(f"{self.server}{_PREFIX}{path}", params=list(query))
        except (UnicodeEncodeError, httpx.InvalidURL):
            raise NotFound("there is no such thing") from None

    async def _ask_again(self, request: httpx.Request) -> bytes:
        """The answer to the request, to the letter the same each time. Raises _Cut when patience is over."""
        was_sent = False
        for pause in (*self._pauses, None):
            try:
                return await self._ask(request)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if not was_sent:
                    raise self._no_connection(error) from None
                cut = self._broken(error)
            except (httpx.HTTPError, TimeoutError) as error:
                cut = self._broken(error)
                was_sent = True
            except _Cut as said:
                cut = said
                was_sent = True
            if pause is None:
                raise cut
            await asyncio.sleep(pause)
        raise AssertionError("the last round returns or raises")

    async def _ask(self, request: httpx.Request) -> bytes:
        async with asyncio.timeout(_WHOLE_SECONDS):
            response = await self._client.send(request, stream=True)
            try:
                body = await self._body(response)
            finally:
                await response.aclose()
        self._note_time(response)
        if not response.is_success:
            raise self._refusal(response, body)
        return body

    async def _body(self, response: httpx.Response) -> bytes:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise self._not_takeback("it packs what it was asked to leave as it is")
        body = bytearray()
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > LARGEST_ANSWER:
                raise RemoteError("too_large", "{server}: the answer is too large", server=self.server)
        return bytes(body)

    def _note_time(self, response: httpx.Response) -> None:
        try:
            said = clock.from_datetime(parsedate_to_datetime(response.headers.get("date", "")))
        except (ValueError, TypeError, OverflowError):
            return
        ahead = said - clock.now()
        # The header is cut to the second: what is less than that is no difference.
        self._ahead = ahead if 2 * SECOND < abs(ahead) < _BELIEVABLE else 0

    def _read(self, body: bytes, form: type[T]) -> T:
        try:
            return form.model_validate_json(body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise self._not_takeback(f"{place}: {first['msg']}" if place else first["msg"]) from None

    def _refusal(self, response: httpx.Response, body: bytes) -> TakebackError | _Cut:
        """What an answer that is no success is to whoever asked."""
        if response.has_redirect_location:
            elsewhere = visible(response.headers["location"], _LONGEST_DETAIL)
            return self._not_takeback(f"it sends on to {elsewhere}; name that address instead")
        try:
            problem = _Problem.model_validate_json(body)
        except ValidationError:
            return self._not_takeback(f"status {response.status_code} without a word that is understood")
        said = visible(problem.detail or problem.title, _LONGEST_DETAIL)
        match problem.code:
            case "not_found":
                return NotFound(said)
            case "ambiguous":
                return Ambiguous(said)
            case "too_many":
                return LimitReached(said)
            case "in_progress":
                return _Cut("{server}: the request is still under way, or was broken off there", server=self.server)
            case "not_confirmed" | "unavailable":
                return StoreUnavailable("{server}: {why}", server=self.server, why=said)
            case "not_signed_in":
                return RemoteError(
                    problem.code,
                    "{server} does not accept the API key; it may be revoked or have expired",
                    server=self.server,
                )
            case _:
                code = visible(problem.code, 50)
                return RemoteError(code, "{server} refuses: {why}", server=self.server, why=said)

    def _broken(self, error: Exception) -> _Cut:
        why = visible(str(error), _LONGEST_DETAIL) or type(error).__name__
        return _Cut("{server}: the connection broke: {why}", server=self.server, why=why)

    def _no_connection(self, error: httpx.TransportError) -> RemoteError:
        for cause in _causes(error):
            if isinstance(cause, ssl.SSLCertVerificationError):
                return RemoteError(
                    "bad_certificate",
                    "{server}: its certificate is not good: {why}",
                    server=self.server,
                    why=cause.verify_message,
                )
        why = visible(str(error), _LONGEST_DETAIL) or type(error).__name__
        return RemoteError("unreachable", "{server} cannot be reached: {why}", server=self.server, why=why)

    def _not_takeback(self, why: str) -> RemoteError:
        return RemoteError(
            "not_takeback",
            "{server} does not answer as a Takeback server does: {why}",
            server=self.server,
            why=visible(why, _LONGEST_DETAIL),
        )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
