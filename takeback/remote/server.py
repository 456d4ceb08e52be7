"""Which gateway is meant, and whether it may be spoken to in the way that was written."""

from __future__ import annotations

import ipaddress
import re

import httpx

from takeback.errors import TakebackError

_UNENCRYPTED = "insecure+"
_KEY = re.compile(r"[!-~]{1,500}")


class NoServer(TakebackError):
    """What was written names no gateway, or is no key."""


def read_server(text: str) -> str:
    """The address without what means nothing. `http` is for this machine only, unless `insecure+http` says that
    everybody on the way may read along. Raises NoServer."""
    written = text.strip()
    said_so = written.lower().startswith(_UNENCRYPTED)
    try:
        url = httpx.URL(written[len(_UNENCRYPTED) :] if said_so else written)
    except httpx.InvalidURL:
        raise _no_address(text) from None
    if url.scheme not in ("https", "http") or not url.host or url.userinfo or url.query or url.fragment:
        raise _no_address(text)
    if not 0 < (url.port or 443) < 1 << 16:
        raise _no_address(text)
    if url.path not in ("", "/"):
        raise NoServer("{url} has a path; a gateway has a host name of its own", url=repr(text))
    if url.scheme == "http" and not (said_so or _is_this_machine(url.host)):
        raise NoServer(
            "{url} would show the key and the mail to everybody on the way; use https, or say insecure+http://",
            url=repr(text),
        )
    return str(url.copy_with(path="/")).rstrip("/")


def _no_address(text: str) -> NoServer:
    return NoServer('{url} is no address of a gateway; write it as "https://takeback.example.com"', url=repr(text))


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_key(text: str) -> str:
    """The key without the white space around it. Raises NoServer where it cannot be one, and does not repeat it."""
    key = text.strip()
    if not _KEY.fullmatch(key):
        raise NoServer("that is no API key; takeback key add, or the settings page, makes one")
    return key
