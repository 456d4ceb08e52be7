"""Where clients connect, and who checks their passwords."""

from __future__ import annotations

import ipaddress
import os

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


def examine_pages(config: Config) -> list[Finding]:
    """Passwords and sessions must not travel in the clear, and the provider's secret must be there."""
    http = config.http
    if not http.listen:
        return [ok("pages", "Pages and API are switched off.")]
    findings = []
    shown = ", ".join(f"{host}:{port}" for host, port in http.listen)
    if not http.certificate and any(not _is_loopback(host) for host, _ in http.listen):
        advice = "Set http.certificate and http.key, or listen on loopback behind a proxy that speaks HTTPS."
        findings.append(problem("pages", f"At {shown} passwords travel in the clear.", advice))
    elif http.certificate and not http.secure:
        findings.append(problem("pages", f"They are served by HTTPS, and http.url says {http.url}.", "Mend http.url."))
    else:
        findings.append(ok("pages", f"Pages and API are served at {shown}, for {http.url}."))
    if http.oidc is not None and not os.access(http.oidc.client_secret_file, os.R_OK):
        file = http.oidc.client_secret_file
        findings.append(problem("pages", f"{file} cannot be read.", "Check http.oidc.client_secret_file."))
    return findings


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
