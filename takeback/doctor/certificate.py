"""The certificate, looked at the way a client does: in a handshake, which takes place in memory."""

from __future__ import annotations

import ssl
from pathlib import Path

from takeback import clock
from takeback.clock import DAY, SECOND, Instant
from takeback.config import Config
from takeback.doctor.finding import Finding, ok, problem, warning
from takeback.errors import ConfigError
from takeback.listener.listener import tls_context

_ABOUT = "certificate"
_RENEW_BEFORE = 14 * DAY
_RENEW = "Renew it, and send serve a SIGHUP."
_WRONG_NAME = frozenset({62, 64})
"""X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""


def examine_certificate(config: Config) -> list[Finding]:
    certificate, key = config.smtp.certificate, config.smtp.key
    if certificate is None or key is None:
        return []
    try:
        server = tls_context(certificate, key)
        expires = _expiry(certificate, server, config.smtp.hostname)
    except ConfigError as error:
        return [problem(_ABOUT, f"{error}.", "Check both files, and who may read them.")]
    except ssl.SSLCertVerificationError as error:
        if error.verify_code in _WRONG_NAME:
            return [
                problem(
                    _ABOUT,
                    f"It does not name {config.smtp.hostname}, so clients refuse it.",
                    "Get one for that name, or set smtp.hostname to a name that it has.",
                )
            ]
        return [problem(_ABOUT, f"Clients refuse it: {error.verify_message}.", _RENEW)]
    except ssl.SSLError as error:
        return [problem(_ABOUT, f"No handshake comes about with it: {error.reason}.", "Check both files.")]
    date = clock.rfc3339(expires)[:10]
    if expires - clock.now() < _RENEW_BEFORE:
        return [warning(_ABOUT, f"It ends on {date}.", _RENEW)]
    return [ok(_ABOUT, f"It names {config.smtp.hostname}, and is good until {date}.")]


def _expiry(certificate: Path, server: ssl.SSLContext, hostname: str) -> Instant:
    """When it ends. Raises SSLCertVerificationError where a client that trusts its authority would refuse it."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(certificate)
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # the certificate itself is authority enough
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(to_client, to_server, server_hostname=hostname.strip("[]"))
    there = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (here, there, here, there):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    found = here.getpeercert() or {}
    return int(ssl.cert_time_to_seconds(str(found["notAfter"]))) * SECOND
