"""The set-ups of docs/recall.md, as far as Dovecot's part in them goes: configured as mailcow and docker-mailserver do
it, their master user takes back what he should, and nothing of anybody else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from takeback.mailboxes.imap.connector import ImapConnector
from takeback.mailboxes.settings import MailboxSettings
from takeback.ports.mailbox import Check, MailboxRefused, MailboxUnavailable, Reference, Removal
from tests.contract.mailboxes.stages import MESSAGE_ID, kept, message, shown_to
from tests.services.dovecot import DOMAIN, MASTER_PASSWORD, PROGRAM, Dovecot, Recipe, dovecot
from tests.services.requirement import missing

pytestmark = pytest.mark.soak

FOLDER = "المشاريع & سري"
ACL = """
mail_plugins = quota acl listescape zlib
protocol imap {{
  mail_plugins = quota acl listescape zlib imap_quota imap_acl
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
namespace shared {{
  type = shared
  separator = /
  prefix = Shared/%%u/
  location = maildir:{folder}/mail/%%n:INDEX=~/Shared/%%u
  list = children
  subscriptions = no
}}
mail_shared_explicit_inbox = yes
plugin {{
  acl = vfile
  acl_anyone = allow
  acl_shared_dict = file:{folder}/mail/shared.db
  zlib_save = lz4
}}
"""
OWNER = """
plugin {{
  acl_user = %u
  master_user = %u
}}
"""
PLAIN = Recipe().logins
RECIPES = {
    "Dovecot with a master user from one address": (
        "takeback",
        Recipe(masters=f"takeback:{{PLAIN}}{MASTER_PASSWORD}::::::allow_nets=127.0.0.1/32\n", whole_address=True),
    ),
    "Dovecot with the ACL plugin": (
        "takeback",
        Recipe(masters=f"takeback:{{PLAIN}}{MASTER_PASSWORD}::::::\n", whole_address=True, more=ACL + OWNER),
    ),
    "mailcow": (
        "takeback@mailcow.local",
        Recipe(
            masters=f"takeback@mailcow.local:{{PLAIN}}{MASTER_PASSWORD}::::::\n",
            whole_address=True,
            logins="""\
passdb {{
  driver = passwd-file
  args = {folder}/users
  result_success = return-ok
  result_failure = continue
  result_internalfail = continue
}}
passdb {{
  driver = passwd-file
  args = {folder}/masters
  master = yes
  skip = authenticated
}}
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
""",
            more=ACL + OWNER,
        ),
    ),
    "docker-mailserver": (
        "takeback",
        Recipe(
            masters=f"takeback:{{PLAIN}}{MASTER_PASSWORD}\n",
            whole_address=True,
            logins="""\
passdb {{
  driver = passwd-file
  args = username_format=%u {folder}/users
}}
passdb {{
  driver = passwd-file
  args = scheme=SHA512-CRYPT username_format=%u {folder}/masters
  master = yes
  result_success = continue
}}
""",
        ),
    ),
}


@contextmanager
def served(recipe: Recipe) -> Iterator[Dovecot]:
    if not PROGRAM.exists():
        missing("Dovecot (dovecot-imapd, dovecot-lmtpd)")
    with dovecot(recipe=recipe) as server:
        yield server


def connector(server: Dovecot, master: str) -> ImapConnector:
    section = {"for": [f"*@{DOMAIN}"], "kind": "imap", "url": f"imap://127.0.0.1:{server.imap_port}"}
    login = {"username": master, "password": MASTER_PASSWORD, "login": "{address}*{master}"}
    return ImapConnector(MailboxSettings.model_validate(section | login))


@pytest.mark.parametrize("name", RECIPES)
async def test_the_master_user_works_as_the_owner(name: str) -> None:
    master, recipe = RECIPES[name]
    with served(recipe) as server:
        made = connector(server, master)
        user = server.new_user()
        with server.log_in(user) as client:
            client.create_folder(FOLDER)
            for folder, flags in (("INBOX", []), (FOLDER, ["\\Flagged"]), ("INBOX", ["\\Seen"])):
                client.append(folder, message(), flags)
            assert all(each.check is Check.OK for each in await made.examine(f"{user}@{DOMAIN}"))
            mailbox = await made.open(f"{user}@{DOMAIN}")
            found = await mailbox.find(Reference(MESSAGE_ID, to_remove=True))
            assert sorted(copy.place.folder for copy in found) == sorted(["INBOX", "INBOX", FOLDER])
            corrected = message("<corrected@example.com>")
            for copy in found:
                if copy.place.folder == FOLDER:
                    removed, _ = await mailbox.put_in_place(copy, kept(corrected), only_if_unread=True)
                else:
                    removed = await mailbox.remove(copy, only_if_unread=True)
                assert removed.removal is (Removal.READ if "\\Seen" in copy.flags else Removal.REMOVED)
            [read], [new] = shown_to(client, "INBOX"), shown_to(client, FOLDER)
            assert read.flags == {"\\Seen"} and new.flags == {"\\Flagged"} and new.raw == corrected
        await mailbox.close()
        await made.close()


async def test_what_others_share_with_the_owner_is_not_touched() -> None:
    master, recipe = RECIPES["mailcow"]
    with served(recipe) as server:
        made = connector(server, master)
        ann, ben = server.new_user(), server.new_user()
        with server.log_in(ben) as client:
            client.append("INBOX", message())
            client._command_and_check("SETACL", "INBOX", server.login(ann), "lrwstiekx")
        with server.log_in(ann) as client:
            shared = [name for _, _, name in client.list_folders() if name.startswith("Shared/")]
            assert shared and shown_to(client, shared[-1])
        mailbox = await made.open(f"{ann}@{DOMAIN}")
        assert await mailbox.find(Reference(MESSAGE_ID)) == []
        await mailbox.close()
        await made.close()


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(masters=f"takeback:{{PLAIN}}{MASTER_PASSWORD}::::::\n", whole_address=True, more=ACL),
        Recipe(masters=f"takeback:{{PLAIN}}{MASTER_PASSWORD}::::::allow_nets=192.0.2.5/32\n", whole_address=True),
    ],
    ids=["no acl_user", "another address"],
)
async def test_what_is_missing_is_said(recipe: Recipe) -> None:
    with served(recipe) as server:
        made = connector(server, "takeback")
        user = server.new_user()
        with server.log_in(user) as client:
            client.append("INBOX", message())
            found = await made.examine(f"{user}@{DOMAIN}")
            assert found[-1].check is Check.FAILED and found[-1].advice
            with pytest.raises((MailboxRefused, MailboxUnavailable)):
                mailbox = await made.open(f"{user}@{DOMAIN}")
                await mailbox.find(Reference(MESSAGE_ID))
            assert len(shown_to(client, "INBOX")) == 1
        await made.close()
