"""How a person's mailbox is called on its server."""

from __future__ import annotations

import re

from takeback.mail import address as addresses
from takeback.ports.mailbox import MailboxRefused

_UNSAFE = re.compile(r'[\x00-\x20\x7f-\x9f*?%"\\/]|\A\.')
"""What a server could take for a pattern (doveadm: every user that fits), a master's separator, or a path."""
_FIELD = re.compile(r"\{([a-z]+)\}")


def user_name(template: str, address: str, master: str = "") -> str:
    """The template filled in. Raises MailboxRefused where that could name another mailbox, or several."""
    whole = addresses.identity(address)
    local = addresses.local_part_of(whole)
    values = {"user": local, "address": whole}
    if any(not value or _UNSAFE.search(value) for name, value in values.items() if f"{{{name}}}" in template):
        raise MailboxRefused("no mailbox can have this name")
    values["master"] = master
    return _FIELD.sub(lambda field: values.get(field[1], field[0]), template)
