"""Whether everything that recall needs works for one mailbox over IMAP. Nothing in it is changed."""

from __future__ import annotations

from collections.abc import Sequence

from takeback.mailboxes.imap import commands
from takeback.mailboxes.imap.connection import Connection
from takeback.mailboxes.imap.folders import folders_in
from takeback.mailboxes.imap.opening import NEEDED, Opener
from takeback.mailboxes.imap.responses import NotImap
from takeback.mailboxes.imap.session import Command
from takeback.ports.mailbox import Check, Examined, MailboxRefused, MailboxUnavailable

_RIGHTS = {
    "l": "see the folder",
    "r": "read",
    "s": "keep \\Seen",
    "w": "set flags",
    "t": "mark as deleted",
    "e": "expunge",
    "i": "put messages back",
}
"""What recall does in a folder, and the right that it takes (RFC 4314 §4)."""


async def examine(opener: Opener, address: str) -> Sequence[Examined]:
    try:
        connection, capabilities = await opener.log_in(address)
    except MailboxRefused as error:
        return [_failed(f"{error}", "Check username, password, login and ca_file of this [[mailboxes]].")]
    except MailboxUnavailable as error:
        return [_failed(f"{error}", "Check url, and that the server runs.")]
    try:
        found = [Examined(Check.OK, f"{opener.name} takes the login for {address}")]
        missing = [each for each in NEEDED if each not in capabilities]
        if missing:
            return [*found, _failed(f"it lacks {' and '.join(missing)}", "Upgrade it, or use another kind.")]
        return [*found, *await _examine_inbox(connection, capabilities)]
    except (MailboxUnavailable, NotImap) as error:
        return [_failed(f"{error}", "Check that it is an IMAP server, and its log.")]
    finally:
        connection.leave()


async def _examine_inbox(connection: Connection, capabilities: frozenset[str]) -> list[Examined]:
    listed, opened = await connection.run(Command.of(b'LIST "" "*"'), commands.select(b"INBOX", writable=False))
    folders = folders_in(listed)
    if not any(folder.is_inbox for folder in folders) or not opened.ok:
        return [
            _failed(
                f"the login shows no INBOX ({opened.words})",
                "There is no such mailbox, or the ACL plugin gives a master user no rights; on Dovecot set "
                "plugin/acl_user = %u, on Cyrus log in by authzid.",
            )
        ]
    found = [Examined(Check.OK, f"it shows {len(folders)} folders")]
    if not commands.selection_in(opened).conditional:
        found.append(_failed("INBOX keeps no mod-sequences", "Turn CONDSTORE on for this mailbox."))
    if "ACL" in capabilities:
        found.append(await _examine_rights(connection))
    return found


async def _examine_rights(connection: Connection) -> Examined:
    (answer,) = await connection.run(Command.of(b"MYRIGHTS INBOX"))
    rights = {
        letter
        for response in answer.named(b"MYRIGHTS")
        for value in response.values[1:]
        if isinstance(value, bytes)
        for letter in value.decode("ascii", "replace")
    }
    missing = [f"{letter} ({meaning})" for letter, meaning in _RIGHTS.items() if letter not in rights]
    if missing:
        return _failed(f"in INBOX it lacks the rights {', '.join(missing)}", "Give this login these rights.")
    return Examined(Check.OK, "it has the rights to read, delete and put back in INBOX")


def _failed(what: str, advice: str) -> Examined:
    return Examined(Check.FAILED, what, advice)
