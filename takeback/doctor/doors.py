"""Where clients connect, and who checks their passwords."""

from __future__ import annotations

import ipaddress

from takeback.auth.backends import AuthUnavailable, ImapBackend
from takeback.config import Config
from takeback.doctor.finding import Finding, ok, problem, warning
from takeback.errors import ConfigError


def examine_listeners(config: Config) -> list[Finding]:
    """Without TLS, AUTH is offered to this machine only."""
    smtp = config.smtp
    shown = ", ".join(f"{host}:{port}" for host, port in (*smtp.listen, *smtp.listen_tls))
    open_to_others = [f"{host}:{port}" for host, port in smtp.listen if not _is_loopback(host)]
    if smtp.certificate or not open_to_others:
        return [ok("listeners", f"Clients are served at {shown}.")]
    listed = ", ".join(open_to_others)
    advice = "Set smtp.certificate and smtp.key."
    if smtp.trusted:
        return [warning("listeners", f"At {listed} only trusted networks can submit: there is no certificate.", advice)]
    return [problem("listeners", f"At {listed} nobody can log in: without a certificate there is no AUTH.", advice)]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def examine_backend(config: Config) -> list[Finding]:
    """Whether passwords can be checked. No login is tried: a false one would count against somebody."""
    if config.auth.backend != "imap":
        return []
    about = "login"
    try:
        await ImapBackend(config.auth).reach()
    except ConfigError as error:
        return [problem(about, f"{error}.", "Check [auth] ca_file.")]
    except AuthUnavailable as error:
        return [problem(about, f"{config.auth.url} does not work: {error}.", "Check [auth] url, and that server.")]
    return [ok(about, f"{config.auth.url} answers.")]
