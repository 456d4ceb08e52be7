"""A link shows one address and leads to another, or leads to where only the sender can go."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import parse_qsl, unquote, urlsplit

from publicsuffixlist import PublicSuffixList

from takeback.mail.address import canonical_domain
from takeback.review.finding import Finding, Where, about
from takeback.review.history import History
from takeback.review.leaks import destination, outsiders
from takeback.review.message import Message
from takeback.review.rule import Context
from takeback.review.saying import excerpt, reason

CODE = "link_mismatch"

_OTHER_SITE = 0.5
_NOWHERE = 0.6

_SHOWN = re.compile(
    r"(?:https?://)?(?:[\w-]{1,63}\.){1,5}(?P<tld>[a-z]{2,24}|[\u0600-\u06ff]{2,20})(?::\d{1,5})?(?:[/?#]\S*+)?",
    re.IGNORECASE,
)
_FILE_LIKE = re.compile(
    r"(?:docx?|xlsx?|pptx?|pdf|txt|csv|zip|png|jpe?g|gif|html?|js|py|md|sh|json|xml)", re.IGNORECASE
)
_IN_TEXT = re.compile(
    r"(?<![\w/.])(?:https?://(?P<host>localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|0\.0\.0\.0|\[::1\])(?=[:/\s]|$)"
    r"|(?P<file>file:/{2,3}\S{2,200}|[a-z]:\\(?:users|documents and settings)\\\S{1,200}))",
    re.IGNORECASE,
)
_REDIRECTS = frozenset(
    (
        "safelinks.protection.outlook.com", "urldefense.com", "urldefense.proofpoint.com", "linkprotect.cudasvc.com",
        "protect-us.mimecast.com", "protect-eu.mimecast.com", "mimecastprotect.com", "list-manage.com", "sendgrid.net",
        "mailchimp.com", "hubspotlinks.com", "bit.ly", "t.co", "tinyurl.com", "ow.ly", "goo.gl", "lnkd.in", "buff.ly",
        "is.gd", "rebrand.ly", "aka.ms", "g.co", "youtu.be", "fb.me", "wa.me", "t.me", "amzn.to", "amzn.eu",
        "forms.gle", "awstrack.me", "mandrillapp.com", "mailgun.org", "hs-sites.com",
        "exacttarget.com", "rs6.net", "mjt.lu", "klclick.com", "cmail19.com", "cmail20.com", "createsend.com",
    )
)  # fmt: skip
"""Sites whose links lead on to others, by their nature or through a filter that rewrites links."""


def check(message: Message, history: History, context: Context) -> list[Finding]:
    if message.automatic:
        return []
    return [*_of_links(message), *_of_places(message, context)][:1]


def _of_links(message: Message) -> list[Finding]:
    own = "\n".join(line.text for line in message.written())
    for link in message.links:
        shown, target = _host_shown(link.text), _host(link.target)
        if not (shown and target) or link.text not in own or _same_site(shown, target):
            continue
        if _is_redirect(target) or any(_same_site(shown, inner) for inner in _inner_hosts(link.target)):
            continue
        said = reason("The link “{text}” leads to {target}", text=excerpt(link.text), target=target)
        sites = about(registrable(shown), "→", registrable(target))
        return [Finding(CODE, _OTHER_SITE, said, Where(line=_line_of(message, link.text)), sites)]
    return []


def _of_places(message: Message, context: Context) -> list[Finding]:
    """Links to the sender's own machine, where the message goes to others."""
    outside = outsiders(message, context)
    if not outside:
        return []
    for line in message.written():
        if match := _IN_TEXT.search(line.text[:4_000]):
            return [_only_here(match, line.number, destination(outside))]
    own = "\n".join(line.text for line in message.written())
    for link in message.links:
        if match := _IN_TEXT.match(link.target):
            if link.text not in own:
                continue
            return [_only_here(match, _line_of(message, link.text), destination(outside))]
    return []


def _only_here(match: re.Match[str], line: int | None, where_to: str) -> Finding:
    said = reason("“{text}” is a place that only your computer can open", text=excerpt(match[0]))
    return Finding(CODE, _NOWHERE, said, Where(line=line), about(_place(match), "→", where_to))


def _place(match: re.Match[str]) -> str:
    """The host, or the file's folder at the top: a share that those people can open too is not another one."""
    return (match["host"] or "/".join(match[0].replace("\\", "/").split("/")[:4])).lower()


def _line_of(message: Message, text: str) -> int | None:
    return next((line.number for line in message.written() if text in line.text), None)


def _host_shown(text: str) -> str:
    """The host that the visible text of a link names; empty where it is words."""
    match = _SHOWN.fullmatch(text.strip(" .,;:()<>[]"))
    if match is None or ("/" not in text and _FILE_LIKE.fullmatch(match["tld"])):
        return ""
    return _host(text.strip(" .,;:()<>[]") if "://" in text else f"http://{text.strip(' .,;:()<>[]')}")


def _host(target: str) -> str:
    """The host of an address of the web; empty for any other."""
    if not target[:8].lower().startswith(("http://", "https://")):
        return ""
    try:
        return canonical_domain((urlsplit(target).hostname or "").rstrip("."))
    except ValueError:
        return ""


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@lru_cache(maxsize=4_096)
def registrable(host: str) -> str:
    """The domain that somebody registered; the host itself where it is none."""
    return _suffixes().privatesuffix(host) or host


def _same_site(one: str, other: str) -> bool:
    if registrable(one) == registrable(other):
        return True
    return _is_number(other) and one == other


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_redirect(host: str) -> bool:
    return registrable(host) in _REDIRECTS or any(host == known or host.endswith(f".{known}") for known in _REDIRECTS)


def _inner_hosts(target: str) -> list[str]:
    """The addresses that are parameters of an address."""
    try:
        query = parse_qsl(urlsplit(target).query, max_num_fields=50)
    except ValueError:
        return []
    return [host for _, value in query if (host := _host(unquote(value)))]
