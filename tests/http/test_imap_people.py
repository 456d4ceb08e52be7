"""People whose accounts live at an IMAP server: a password for one device, and the login of their own mail."""

from __future__ import annotations

import base64
import re
import shutil
import smtplib
import ssl
from pathlib import Path

import httpx
from imapclient import IMAPClient

from tests.contract.auth.dovecot_server import PROGRAM, dovecot
from tests.end_to_end.running import Gateway, running, submit
from tests.services.requirement import missing

ANN = "ann@example.com"
AT_HOME = "the password at home"


def configuration(port: int) -> str:
    return f"""
[data]
folder = "data"
reserve = "0B"
[http]
listen = "127.0.0.1:0"
[review]
enabled = false
[smtp]
hostname = "gateway.example"
listen = ["127.0.0.1:0"]
[auth]
backend = "imap"
url = "imaps://localhost:{port}"
ca_file = "imap-ca.pem"
longest_delay = "0s"
[sent_copies]
servers = ["imaps://localhost:{port}"]
ca_file = "imap-ca.pem"
[organisation]
domains = ["example.com"]
[hold]
window = "1h"
[[relay]]
to = "smtp://127.0.0.1:9"
tls = "off"
"""


def press(browser: httpx.Client, page: str, action: str, **fields: str) -> httpx.Response:
    found = re.search(r'name="csrf" value="([^"]+)"', browser.get(page).text)
    assert found
    return browser.post(action, data={"csrf": found[1], **fields}, follow_redirects=True)


def log_in(gateway: Gateway, password: str) -> int:
    response = base64.b64encode(f"\0{ANN}\0{password}".encode()).decode()
    with smtplib.SMTP("127.0.0.1", gateway.port, timeout=30) as session:
        session.ehlo()
        code, _ = session.docmd("AUTH", f"PLAIN {response}")
        if code == 235:
            submit(session, ANN, ["bob@example.net"])
    return code


def test_a_password_for_a_device_until_it_is_revoked(tmp_path: Path) -> None:
    if not Path(PROGRAM).exists():
        missing("dovecot")
    file = tmp_path / "takeback.toml"
    with dovecot({ANN: AT_HOME}) as server:
        shutil.copy(server.ca_file, tmp_path / "imap-ca.pem")
        file.write_text(configuration(server.imaps_port))
        url = "http://127.0.0.1:{}"
        with (
            running(file) as gateway,
            httpx.Client(base_url=url.format(gateway.ports[-1]), timeout=30, trust_env=False) as browser,
        ):
            signed_in = press(browser, "/sign-in", "/sign-in", username=ANN, password=AT_HOME)
            assert signed_in.status_code == 200 and str(signed_in.url).endswith("/")
            made = press(browser, "/settings", "/settings/passwords", name="Phone")
            shown = re.search(r'<code class="secret" dir="ltr">([^<]+)</code>', made.text)
            assert shown
            assert shown[1] not in browser.get("/settings").text, "it is shown once"
            assert log_in(gateway, shown[1]) == 235
            assert log_in(gateway, f"{shown[1]}x") == 535
            page = browser.get("/settings").text
            revoke = re.search(r'action="(/settings/passwords/[^"]+/revoke)"', page)
            assert revoke and "last used" in page
            assert press(browser, "/settings", revoke[1]).status_code == 200
            assert log_in(gateway, shown[1]) == 535
            assert log_in(gateway, AT_HOME) == 235, "their own password is as good as before"
            with IMAPClient(
                "localhost", server.imaps_port, ssl_context=ssl.create_default_context(cafile=str(server.ca_file))
            ) as client:
                client.login(ANN, AT_HOME)
                for folder in ("Sent", "Drafts"):
                    client.create_folder(folder)
            _own_login_is_kept_and_never_shown(browser, f"imaps://localhost:{server.imaps_port}")
            kept = b"".join(each.read_bytes() for each in (tmp_path / "data").glob("takeback.db*"))
            assert AT_HOME.encode() not in kept and AT_HOME not in gateway.log


def _own_login_is_kept_and_never_shown(browser: httpx.Client, server: str) -> None:
    fields = {"server": server, "username": ANN}
    refused = press(browser, "/settings/mail", "/settings/mail/own", password="a wrong one", **fields)
    assert refused.status_code == 422 and "a wrong one" not in refused.text
    kept = press(browser, "/settings/mail", "/settings/mail/own", password=AT_HOME, **fields)
    assert kept.status_code == 200, kept.text
    for page in (kept, browser.get("/settings/mail"), browser.get("/settings"), browser.get("/")):
        assert AT_HOME not in page.text
    shown = browser.get("/settings/mail").text
    assert "It is set up" in shown and not re.search(r'type="password"[^>]*value=', shown)
