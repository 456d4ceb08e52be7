"""What a mail program needs to know to submit through here, in the forms in which programs ask for it."""

from __future__ import annotations

import plistlib
import uuid
from dataclasses import dataclass
from typing import Any, Literal
from xml.etree import ElementTree

Security = Literal["tls", "starttls", "none"]
_SOCKET = {"tls": "SSL", "starttls": "STARTTLS", "none": "plain"}
_IDENTITY = uuid.UUID("7a9a2e4c-0d0b-4f0e-9a55-6f2c8f1d3b10")
"""Of the profiles that we make: one for the same account replaces the one before."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """The outgoing server as a mail program has to be told of it. The user name is the whole address."""

    host: str
    port: int
    security: Security
    """`tls` from the first byte, `starttls`, or `none`: then nobody but this machine can log in."""
    incoming: str = ""
    """The host where people read their mail (IMAP under TLS), where that is known."""


def client_config(server: MailServer, domain: str) -> bytes:
    """The file that Thunderbird and others ask for (Mozilla's autoconfig, version 1.1). It speaks of sending only."""
    root = ElementTree.Element("clientConfig", version="1.1")
    provider = ElementTree.SubElement(root, "emailProvider", id=domain)
    for name, text in (("domain", domain), ("displayName", f"Takeback at {server.host}")):
        ElementTree.SubElement(provider, name).text = text
    ElementTree.SubElement(provider, "displayShortName").text = "Takeback"
    outgoing = ElementTree.SubElement(provider, "outgoingServer", type="smtp")
    for name, text in (
        ("hostname", server.host),
        ("port", str(server.port)),
        ("socketType", _SOCKET[server.security]),
        ("username", "%EMAILADDRESS%"),
        ("authentication", "password-cleartext"),
        ("useGlobalPreferredServer", "false"),
    ):
        ElementTree.SubElement(outgoing, name).text = text
    document: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return document


def apple_profile(server: MailServer, address: str, incoming: str) -> bytes:
    """A configuration profile for Apple's Mail, which sets up reading (IMAP at `incoming`) and sending together. The
    device asks for the passwords; none is in it."""
    mail = uuid.uuid5(_IDENTITY, f"mail {address}")
    whole = uuid.uuid5(_IDENTITY, f"profile {address}")
    account: dict[str, Any] = {
        "PayloadType": "com.apple.mail.managed",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"takeback.{server.host}.mail.{mail}",
        "PayloadUUID": str(mail).upper(),
        "PayloadDisplayName": f"Mail for {address}",
        "EmailAccountDescription": "Takeback",
        "EmailAccountType": "EmailTypeIMAP",
        "EmailAddress": address,
        "IncomingMailServerAuthentication": "EmailAuthPassword",
        "IncomingMailServerHostName": incoming,
        "IncomingMailServerPortNumber": 993,
        "IncomingMailServerUseSSL": True,
        "IncomingMailServerUsername": address,
        "OutgoingMailServerAuthentication": "EmailAuthPassword",
        "OutgoingMailServerHostName": server.host,
        "OutgoingMailServerPortNumber": server.port,
        "OutgoingMailServerUseSSL": server.security != "none",
        "OutgoingMailServerUsername": address,
        "OutgoingPasswordSameAsIncomingPassword": False,
        "PreventMove": False,
        "SMIMEEnabled": False,
    }
    return plistlib.dumps(
        {
            "PayloadType": "Configuration",
            "PayloadVersion": 1,
            "PayloadIdentifier": f"takeback.{server.host}.{whole}",
            "PayloadUUID": str(whole).upper(),
            "PayloadDisplayName": "Takeback",
            "PayloadDescription": f"Sends mail through {server.host}, so that it can be taken back.",
            "PayloadContent": [account],
        }
    )
