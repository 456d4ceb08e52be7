"""Sign-in by an OpenID Connect provider: authorization code with PKCE, state and nonce (authlib).

What the two halves of a sign-in share is in a cookie of the browser that began it, so that a code that was meant for
another browser opens nothing here.
"""

from __future__ import annotations

import hmac
import json
import secrets
import warnings
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import asdict, dataclass
from typing import Annotated, Any, cast
from urllib.parse import urlencode, urlsplit

import httpx
import structlog
from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.responses import RedirectResponse, Response
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from takeback.auth.identity import Identity, account_key
from takeback.clock import MINUTE, SECOND, Instant
from takeback.errors import TakebackError
from takeback.httpd import cookies
from takeback.httpd.problems import Code, Problem
from takeback.httpd.services import Services, ServicesDep
from takeback.httpd.settings import OidcSettings
from takeback.httpd.sign_in import start_session
from takeback.ids import new_secret
from takeback.visible import visible

with warnings.catch_warnings():
    import authlib.deprecate  # type: ignore[import-untyped]  # it makes its warnings be shown, whatever was said before

    warnings.filterwarnings("ignore", category=authlib.deprecate.AuthlibDeprecationWarning)
    from authlib.integrations.httpx_client import AsyncOAuth2Client  # type: ignore[import-untyped]

PATH = "/sign-in/oidc"
_COOKIE = "takeback-oidc"
_LIFETIME = 10 * MINUTE
_PATIENCE_SECONDS = 10.0
_LEEWAY_SECONDS = 60
_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
"""Signatures by the provider's own keys; never one by the shared secret, and never none."""

router = APIRouter(include_in_schema=False)
log = structlog.get_logger("login")


def install(app: FastAPI) -> None:
    app.include_router(router)


class NotProven(TakebackError):
    """The provider did not say, or not so that it can be believed, who this is."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What a sign-in that has begun is held against when the browser comes back."""

    state: str
    nonce: str
    verifier: str
    next: str


@router.get(PATH)
async def begin(request: Request, services: ServicesDep, next: str = "/") -> Response:  # noqa: A002 - the name in links
    """Sends the browser to the provider."""
    oidc = _settings(services)
    begun = Begun(new_secret(), new_secret(), secrets.token_urlsafe(48), _own_path(next))
    try:
        provider = await _discover(oidc)
        async with _client(services, oidc) as client:
            url, _ = client.create_authorization_url(
                provider["authorization_endpoint"],
                state=begun.state,
                code_verifier=begun.verifier,
                nonce=begun.nonce,
            )
    except (NotProven, httpx.HTTPError, OSError) as error:
        return _failed("unavailable", str(error))
    packed = urlsafe_b64encode(json.dumps(asdict(begun)).encode()).decode()
    cookies.set_cookie(request, services.settings, _COOKIE, packed, _LIFETIME)
    return RedirectResponse(url, 303)


@router.get(f"{PATH}/callback")
async def come_back(
    request: Request,
    services: ServicesDep,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
) -> Response:
    """Where the provider sends the browser afterwards."""
    oidc = _settings(services)
    begun = _begun(cookies.read_cookie(request, services.settings, _COOKIE))
    cookies.set_cookie(request, services.settings, _COOKIE, "", 0)
    if begun is None or not code or not hmac.compare_digest(begun.state.encode(), state.encode("utf-8", "replace")):
        return _failed("refused", "the browser did not begin this sign-in, or the provider refused it")
    try:
        provider = await _discover(oidc)
        claims = await _exchange(services, oidc, provider, code, begun)
        identity = _identity(oidc, claims, services)
    except (NotProven, httpx.HTTPError, OSError) as error:
        return _failed("refused", str(error))
    await start_session(services, request, identity, "oidc")
    return RedirectResponse(begun.next, 303)


async def _exchange(
    services: Services, oidc: OidcSettings, provider: dict[str, Any], code: str, begun: Begun
) -> dict[str, Any]:
    """The claims of the identity that the code stands for. Raises NotProven, httpx.HTTPError."""
    async with _client(services, oidc) as client:
        try:
            token = await client.fetch_token(
                provider["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=begun.verifier
            )
        except httpx.HTTPError:
            raise
        except Exception as error:  # noqa: BLE001 - authlib names its errors by the provider's words
            raise NotProven(f"the provider did not take the code: {visible(str(error), 200)}") from None
    try:
        keys: Any = KeySet.import_key_set(cast(Any, await _fetch(provider["jwks_uri"])))
        claims: dict[str, Any] = jwt.decode(str(token.get("id_token", "")), keys, algorithms=_ALGORITHMS).claims
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise NotProven(f"the provider's answer cannot be read: {type(error).__name__}") from None
    check_claims(claims, oidc, begun.nonce, services.now())
    return claims


def check_claims(claims: dict[str, Any], oidc: OidcSettings, nonce: str, now: Instant) -> None:
    """Raises NotProven unless the identity is from this provider, for us, for this sign-in, and fresh (OpenID Connect
    Core §3.1.3.7)."""
    audience = claims.get("aud")
    meant = audience if isinstance(audience, list) else [audience]
    expires = claims.get("exp")
    if claims.get("iss") != oidc.issuer:
        raise NotProven("the identity is from another provider")
    if oidc.client_id not in meant or (len(meant) > 1 and claims.get("azp") != oidc.client_id):
        raise NotProven("the identity is meant for somebody else")
    if claims.get("nonce") != nonce:
        raise NotProven("the identity belongs to another sign-in")
    if not isinstance(expires, int | float) or expires + _LEEWAY_SECONDS < now // SECOND:
        raise NotProven("the identity has expired")


def _identity(oidc: OidcSettings, claims: dict[str, Any], services: Services) -> Identity:
    """Raises NotProven for an address that nobody has verified, or for which this provider cannot vouch."""
    address = claims.get(oidc.claim)
    if not isinstance(address, str) or (key := account_key(address)) is None or "@" not in key:
        raise NotProven(f"the identity has no address in {oidc.claim}")
    if oidc.claim == "email" and claims.get("email_verified") is not True:
        raise NotProven("the provider has not verified the address")
    if not services.is_internal(key):
        raise NotProven("the address is not within [organisation] domains")
    return Identity(address, key)


async def _discover(oidc: OidcSettings) -> dict[str, Any]:
    """The provider's own description. Raises NotProven, httpx.HTTPError."""
    found = await _fetch(f"{oidc.issuer.rstrip('/')}/.well-known/openid-configuration")
    if not all(isinstance(found.get(name), str) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")):
        raise NotProven("the provider's description is not complete")
    if found.get("issuer") != oidc.issuer:
        raise NotProven("the provider calls itself something else; check issuer")
    return found


async def _fetch(url: str) -> dict[str, Any]:
    """A JSON object. Raises NotProven, httpx.HTTPError."""
    async with httpx.AsyncClient(timeout=_PATIENCE_SECONDS) as client:
        answer = await client.get(url)
    try:
        found = answer.raise_for_status().json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise NotProven("what the provider says of itself cannot be read")
    return found


def _client(services: Services, oidc: OidcSettings) -> AsyncOAuth2Client:
    return AsyncOAuth2Client(
        oidc.client_id,
        oidc.client_secret_file.read_text("utf-8").strip(),
        scope="openid email profile",
        redirect_uri=f"{services.settings.url}{PATH}/callback",
        code_challenge_method="S256",
        timeout=_PATIENCE_SECONDS,
    )


def _settings(services: Services) -> OidcSettings:
    if services.settings.oidc is None:
        raise Problem(Code.NOT_FOUND)
    return services.settings.oidc


def _begun(packed: str) -> Begun | None:
    try:
        return Begun(**json.loads(urlsafe_b64decode(packed)))
    except (ValueError, TypeError, NotBase64):
        return None


def _own_path(wanted: str) -> str:
    """Where to go afterwards: a path of ours, whatever the link says."""
    parts = urlsplit(wanted)
    fits = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.netloc and wanted.isprintable()
    return wanted if fits else "/"


def _failed(problem: str, reason: str) -> Response:
    log.warning("not signed in", method="oidc", reason=visible(reason, 300))
    return RedirectResponse(f"/sign-in?{urlencode({'problem': problem})}", 303)
