"""Sign-in by OpenID Connect, against a small provider that can also lie."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.http.pages import router
from tests.http.site import ANN, Site

SECRET = "between the two of us"


@dataclass
class Provider:
    """Signs everybody in as `claims` says, at once."""

    claims: dict[str, Any] = field(default_factory=lambda: {"email": ANN, "email_verified": True})
    issuer: str = ""
    algorithm: str = "RS256"
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    signs_with: RSAKey | None = None
    begun: dict[str, str] = field(default_factory=dict)

    def description(self) -> dict[str, str]:
        paths = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return {"issuer": self.issuer, **{name: f"{self.issuer}/{path}" for name, path in paths.items()}}

    def take_back(self, url: str) -> tuple[str, str]:
        """What the browser is sent back with: code and state."""
        self.begun = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        return "the code", self.begun["state"]

    def token(self, form: dict[str, list[str]], authorization: str) -> tuple[int, dict[str, Any]]:
        given = base64.b64decode(authorization.partition(" ")[2]).decode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"][0].encode()).digest())
        if (
            (given != f"takeback:{SECRET}".replace(" ", "+") and given != f"takeback:{SECRET}")
            or form["code"] != ["the code"]
            or challenge.decode().rstrip("=") != self.begun["code_challenge"]
        ):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": "takeback",
            "exp": now + 300,
            "iat": now,
            "sub": "4711",
            "nonce": self.begun["nonce"],
            **self.claims,
        }
        id_token = jwt.encode({"alg": self.algorithm, "kid": "one"}, claims, self.signs_with or self.key)
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": id_token}


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            documents: dict[str, dict[str, Any]] = {
                "/.well-known/openid-configuration": made.description(),
                "/keys": {"keys": [made.key.as_dict(private=False)]},
            }
            self._answer(200, documents.get(self.path, {}))

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self._answer(*made.token(form, self.headers.get("Authorization", "")))

        def _answer(self, status: int, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def site(make_site: Callable[..., Site], provider: Provider, tmp_path: Path) -> Site:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    return make_site(
        f'[http.oidc]\nissuer = "{provider.issuer}"\nclient_id = "takeback"\nclient_secret_file = "secret"\n',
        '[organisation]\ndomains = ["example.com"]\n',
    )


async def there_and_back(
    client: httpx.AsyncClient, provider: Provider, path: str = "/sign-in/oidc?next=/test/me"
) -> httpx.Response:
    """The whole way through the provider."""
    away = await client.get(path)
    assert away.status_code == 303 and away.headers["location"].startswith(provider.issuer)
    code, state = provider.take_back(away.headers["location"])
    return await client.get("/sign-in/oidc/callback", params={"code": code, "state": state})


async def test_who_is_proven_is_signed_in(site: Site, provider: Provider) -> None:
    site.app.include_router(router)
    client = site.client()
    back = await there_and_back(client, provider)
    assert (back.status_code, back.headers["location"]) == (303, "/test/me")
    assert (await client.get("/test/me")).json() == {"account": ANN}
    assert [each.method for each in await site.people.sessions(ANN)] == ["oidc"]
    assert provider.begun["code_challenge_method"] == "S256"
    assert provider.begun["redirect_uri"] == "http://127.0.0.1:8025/sign-in/oidc/callback"


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "ann@elsewhere.example"},
        {"email": "ann@example.com.elsewhere.example"},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email": None},
        {"email": "ann"},
        {"email": ["ann@example.com"]},
        {"aud": "another client"},
        {"aud": ["takeback", "another client"]},
        {"iss": "https://another.example"},
        {"nonce": "of another sign-in"},
        {"exp": 1},
        {"exp": None},
    ],
)
async def test_who_is_not_proven_is_not(site: Site, provider: Provider, claims: dict[str, Any]) -> None:
    provider.claims |= claims
    client = site.client()
    back = await there_and_back(client, provider)
    assert back.headers["location"] == "/sign-in?problem=refused"
    assert "takeback" not in client.cookies
    assert await site.people.sessions(ANN) == []


async def test_a_signature_of_somebody_else_proves_nothing(site: Site, provider: Provider) -> None:
    provider.signs_with = RSAKey.generate_key(2048, {"kid": "one"})
    back = await there_and_back(site.client(), provider)
    assert back.headers["location"] == "/sign-in?problem=refused"


async def test_a_code_that_another_browser_began_opens_nothing(site: Site, provider: Provider) -> None:
    away = await site.client().get("/sign-in/oidc")
    code, state = provider.take_back(away.headers["location"])
    other = site.client()
    back = await other.get("/sign-in/oidc/callback", params={"code": code, "state": state})
    assert back.headers["location"] == "/sign-in?problem=refused"
    begun = site.client()
    await begun.get("/sign-in/oidc")
    back = await begun.get("/sign-in/oidc/callback", params={"code": code, "state": state})
    assert back.headers["location"] == "/sign-in?problem=refused"


@pytest.mark.parametrize("cookie", ["", "x", "e30=", "W10=", "\u00e9"])
async def test_a_cookie_that_is_none_opens_nothing(site: Site, cookie: str) -> None:
    client = site.client()
    header = [(b"Cookie", b"takeback-oidc=" + cookie.encode())]
    back = await client.get("/sign-in/oidc/callback?code=x&state=y", headers=header)
    assert back.headers["location"] == "/sign-in?problem=refused"


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example/", "/\\evil.example", "evil", "/a\r\nb"])
async def test_nobody_is_led_astray_afterwards(site: Site, provider: Provider, wanted: str) -> None:
    path = str(httpx.URL("/sign-in/oidc", params={"next": wanted}))
    assert (await there_and_back(site.client(), provider, path)).headers["location"] == "/"


async def test_a_provider_that_is_not_there(site: Site, provider: Provider) -> None:
    provider.issuer = "http://another.example"
    answer = await site.client().get("/sign-in/oidc")
    assert answer.headers["location"] == "/sign-in?problem=unavailable"


async def test_without_a_provider_there_is_no_such_page(make_site: Callable[..., Site]) -> None:
    async with make_site() as site:
        assert (await site.client().get("/sign-in/oidc")).status_code == 404
