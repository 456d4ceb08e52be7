"""The settings that mail programs fetch by themselves."""

from __future__ import annotations

import plistlib
import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from takeback.httpd.mail_programs import MailServer, Security, apple_profile, client_config
from tests.http.site import ANN, Site

ORGANISATION = '[organisation]\ndomains = ["example.com"]\n'
PATHS = ("/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml")


@pytest.mark.parametrize(("security", "socket"), [("tls", "SSL"), ("starttls", "STARTTLS"), ("none", "plain")])
def test_what_mozilla_asks_for(security: Security, socket: str) -> None:
    root = ElementTree.fromstring(client_config(MailServer("mx.example.com", 465, security), "example.com"))
    assert (root.tag, root.get("version")) == ("clientConfig", "1.1")
    outgoing = root.find("./emailProvider/outgoingServer[@type='smtp']")
    assert outgoing is not None
    assert {each.tag: each.text for each in outgoing} == {
        "hostname": "mx.example.com",
        "port": "465",
        "socketType": socket,
        "username": "%EMAILADDRESS%",
        "authentication": "password-cleartext",
        "useGlobalPreferredServer": "false",
    }


def test_what_apple_asks_for() -> None:
    server = MailServer("mx.example.com", 587, "starttls")
    profile = plistlib.loads(apple_profile(server, ANN, "imap.example.com"))
    (account,) = profile["PayloadContent"]
    assert account["EmailAddress"] == account["OutgoingMailServerUsername"] == ANN
    assert (account["OutgoingMailServerHostName"], account["OutgoingMailServerPortNumber"]) == ("mx.example.com", 587)
    assert account["OutgoingMailServerUseSSL"] and account["IncomingMailServerHostName"] == "imap.example.com"
    assert {"IncomingPassword", "OutgoingPassword"}.isdisjoint(account)
    again = plistlib.loads(apple_profile(server, ANN, "imap.example.com"))
    assert again == profile, "a profile that is fetched again replaces the first"
    other = plistlib.loads(apple_profile(server, "ben@example.com", "imap.example.com"))
    assert other["PayloadIdentifier"] != profile["PayloadIdentifier"]


async def test_autoconfig_is_for_everybody_under_any_host(make_site: Callable[..., Site]) -> None:
    async with make_site(more=ORGANISATION) as site:
        client = site.client(headers={"Host": "autoconfig.example.com"})
        for path in PATHS:
            answer = await client.get(path, params={"emailaddress": "whoever@example.com"})
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/xml")
            assert ElementTree.fromstring(answer.content).findtext("./emailProvider/domain") == "example.com"
            assert (await client.get(path)).status_code == 200


@pytest.mark.parametrize("address", ["ann@elsewhere.example", "<&>@example.com", "ann", "a\0@example.com", "@"])
async def test_no_other_address_is_sent_here(make_site: Callable[..., Site], address: str) -> None:
    async with make_site(more=ORGANISATION) as site:
        assert (await site.client().get(PATHS[0], params={"emailaddress": address})).status_code == 404


async def test_all_name_the_port_that_was_found(make_site: Callable[..., Site]) -> None:
    async with make_site(more=ORGANISATION) as site:
        port = site.gateway.endpoints[0][1]
        assert port != 0
        root = ElementTree.fromstring((await site.client().get(PATHS[0])).content)
        assert root.findtext("./emailProvider/outgoingServer/port") == str(port)
        browser = await site.browser(ANN)
        profile = await browser.get("/mail/takeback.mobileconfig", params={"incoming": "imap.example.com"})
        (account,) = plistlib.loads(profile.content)["PayloadContent"]
        assert account["OutgoingMailServerPortNumber"] == port
        assert f">{port}</code>" in (await browser.get("/connect")).text


async def test_the_profile_is_the_signed_in_persons(make_site: Callable[..., Site]) -> None:
    async with make_site() as site:
        path = "/mail/takeback.mobileconfig"
        assert (await site.client().get(path)).status_code == 303
        browser = await site.browser(ANN)
        answer = await browser.get(path, params={"incoming": "imap.example.com"})
        assert answer.headers["content-type"] == "application/x-apple-aspen-config"
        (account,) = plistlib.loads(answer.content)["PayloadContent"]
        assert account["EmailAddress"] == ANN
        for incoming in ("", "a b", "<x>", "-", "a/b"):
            assert (await browser.get(path, params={"incoming": incoming})).status_code == 422


async def test_a_message_of_the_same_second_is_not_the_one_that_is_waited_for(site: Site) -> None:
    """Tried five times: a second may end between any two of these steps."""
    browser = await site.browser(ANN)
    path = ""
    for _ in range(5):
        await site.held()
        found = re.search(r"/connect\?since=\d+", (await browser.get("/connect")).text)
        assert found
        path = found[0]
        waits = (await browser.get(path)).text
        assert 'class="note good"' not in waits and path in waits
    await site.held()
    assert 'class="note good"' in (await browser.get(path)).text
