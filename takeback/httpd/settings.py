"""`[http]` of the configuration."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, model_validator

from takeback.clock import DAY, HOUR
from takeback.quantities import DurationText, OptionalPathText, PathText, Settings

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _read_endpoint(text: str) -> tuple[str, int]:
    host, colon, port = text.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f'{text!r} is no address to listen on; write it as "127.0.0.1:8025" or "[::1]:8025"')
    return host, int(port)


def _read_endpoints(value: object) -> object:
    """One text or a list of them; an empty text is an empty list."""
    if isinstance(value, str):
        value = [value] if value else []
    if not isinstance(value, list | tuple):
        return value
    return tuple(_read_endpoint(each) if isinstance(each, str) else each for each in value)


def _read_networks(value: object) -> object:
    if not isinstance(value, list):
        return value
    try:
        return tuple(ipaddress.ip_network(each) if isinstance(each, str) else each for each in value)
    except ValueError as error:
        raise ValueError(f'{error}; write it as "127.0.0.1/32" or "fd00::/8"') from None


def _read_url(value: object) -> object:
    if not isinstance(value, str):
        return value
    parts = urlsplit(value.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError(f'{value!r} is no address of a site; write it as "https://takeback.example.com"')
    if parts.path.strip("/"):
        raise ValueError(f"{value!r} has a path; Takeback needs a host name of its own")
    return f"{parts.scheme}://{parts.netloc.lower()}"


Url = Annotated[str, BeforeValidator(_read_url)]


class OidcSettings(Settings):
    """Sign-in by an OpenID Connect provider. Who it says somebody is counts only within `[organisation] domains`."""

    issuer: str
    """The provider's address, as in its discovery document: `https://id.example.com`."""
    client_id: str
    """Under which Takeback is registered there."""
    client_secret_file: PathText
    """The secret that belongs to it, in a file."""
    name: str = "OpenID Connect"
    """What the button says."""
    claim: Literal["email", "preferred_username", "upn"] = "email"
    """What of the identity is the account. `email` counts only where the provider says that it was verified."""

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        parts = urlsplit(self.issuer)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            raise ValueError("issuer must be an https address")
        return self


class HttpSettings(Settings):
    """Pages and HTTP API."""

    listen: Annotated[tuple[tuple[str, int], ...], BeforeValidator(_read_endpoints)] = (("127.0.0.1", 8025),)
    """Where browsers and programs connect; `[]` switches pages and API off."""
    url: Url = "http://127.0.0.1:8025"
    """How people reach it: stands in links, and only requests for that host are answered."""
    certificate: OptionalPathText = None
    """PEM file; with it and `key`, HTTPS. Without it put a proxy in front, or stay on loopback."""
    key: OptionalPathText = None
    """PEM file. Belongs with `certificate`."""
    session: Annotated[DurationText, Field(ge=HOUR, le=365 * DAY)] = 14 * DAY
    """How long somebody stays signed in."""
    trusted_proxies: Annotated[tuple[Network, ...], BeforeValidator(_read_networks)] = ()
    """Proxies whose `X-Forwarded-For` says who the client is."""
    metrics: Literal["loopback", "key", "off"] = "loopback"
    """Who may read `/metrics`: this machine, whoever has an administrator's key with the scope `admin`, or nobody."""
    oidc: OidcSettings | None = None

    @property
    def secure(self) -> bool:
        """Whether browsers come by HTTPS, be it to us or to a proxy."""
        return self.url.startswith("https://")


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host == "localhost"
