"""A real Dovecot in a temporary folder: IMAP, LMTP, doveadm over HTTP, and a master user. Needs root."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme
from imapclient import IMAPClient

PROGRAM = Path("/usr/sbin/dovecot")
MASTER, MASTER_PASSWORD = "master", "master's password"
PASSWORD = "secret"
API_KEY = "doveadm key"
DOMAIN = "example.com"
QUOTA_KIB = 64
_USERS = 5000
_OWNER = "mail"
_PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class Recipe:
    """How a common set-up differs from the plain one. `{folder}` is the server's own."""

    masters: str = f"{MASTER}:{{PLAIN}}{MASTER_PASSWORD}::::::\n"
    """The file of master users."""
    whole_address: bool = False
    """Whether users log in with their whole address."""
    logins: str = """\
passdb {{
  driver = passwd-file
  args = {folder}/masters
  master = yes
  result_success = continue
}}
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
"""
    more: str = ""


@dataclass
class Dovecot:
    """One server. Its users are there from the start, for it looks at the file of users once in a while only."""

    folder: Path
    imap_port: int
    imaps_port: int
    lmtp_port: int
    http_port: int
    recipe: Recipe = Recipe()
    process: subprocess.Popen[bytes] | None = None
    _given: int = 0

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    def maildir(self, user: str) -> Path:
        return self.folder / "mail" / user

    def login(self, user: str) -> str:
        return f"{user}@{DOMAIN}" if self.recipe.whole_address else user

    def new_user(self, *, tight: bool = False) -> str:
        """Somebody whose mailbox is empty; with a quota of QUOTA_KIB where it is to be tight."""
        self._given += 1
        return f"tight{self._given}" if tight else f"user{self._given}"

    def log_in(self, user: str) -> IMAPClient:
        """A client of the mailbox's owner."""
        client = IMAPClient("127.0.0.1", self.imap_port, ssl=False, timeout=_PATIENCE_SECONDS)
        client.login(self.login(user), PASSWORD)
        return client

    def start(self) -> None:
        command = [str(PROGRAM), "-F", "-c", str(self.folder / "dovecot.conf")]
        self.process = subprocess.Popen(command, start_new_session=True)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if greets(self.imap_port):
                return
            time.sleep(0.02)
        log = self.folder / "dovecot.log"
        raise RuntimeError("dovecot does not answer:\n" + (log.read_text() if log.exists() else "it wrote no log"))

    def stop(self) -> None:
        """Afterwards every one of its processes has ended."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)
            self.process.wait()
        self.process = None


MEMORY = Path("/dev/shm")


def folder_in_memory(name: str) -> Path:
    """A new folder where syncing costs nothing, if the system has such a place: no test of ours pulls its plug."""
    folder = Path(tempfile.mkdtemp(prefix=f"takeback-{name}-", dir=MEMORY if MEMORY.is_dir() else None))
    folder.chmod(0o755)
    return folder


@contextmanager
def dovecot(folder: Path | None = None, recipe: Recipe | None = None) -> Iterator[Dovecot]:
    """Answers when this is entered; has ended when it is left, and its folder is gone."""
    folder = folder or folder_in_memory("dovecot")
    folder.mkdir(mode=0o755, exist_ok=True)
    try:
        imap, imaps, lmtp, http = free_ports(4)
        server = Dovecot(folder, imap, imaps, lmtp, http, recipe or Recipe())
        _configure(server)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _configure(server: Dovecot) -> None:
    folder, owner = server.folder, pwd.getpwnam(_OWNER)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(server.ca_file)
    authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    (folder / "mail").mkdir(mode=0o755)
    os.chown(folder / "mail", owner.pw_uid, owner.pw_gid)
    (folder / "masters").write_text(server.recipe.masters)
    (folder / "users").write_text("".join(_user_lines(server)))
    for name in ("masters", "users"):
        (folder / name).chmod(0o644)
    recipe = server.recipe
    (folder / "dovecot.conf").write_text(
        _CONFIGURATION.format(
            server=server,
            folder=folder,
            key=API_KEY,
            username_format="%Lu" if recipe.whole_address else "%Ln",
            logins=recipe.logins.format(folder=folder),
            more=recipe.more.format(folder=folder),
        )
    )


def _user_lines(server: Dovecot) -> Iterator[str]:
    owner = pwd.getpwnam(_OWNER)
    for kind, extra in (("user", ""), ("tight", f"userdb_quota_rule=*:storage={QUOTA_KIB}K")):
        for number in range(1, _USERS + 1):
            name = f"{kind}{number}"
            login = server.login(name)
            yield f"{login}:{{PLAIN}}{PASSWORD}:{owner.pw_uid}:{owner.pw_gid}::{server.maildir(name)}::{extra}\n"


def greets(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            return connection.recv(100).startswith(b"* OK")
    except OSError:
        return False


def free_ports(count: int) -> list[int]:
    """Held together until all are known, so that they differ."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


_CONFIGURATION = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap lmtp
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_format = {username_format}
auth_master_user_separator = *
auth_failure_delay = 0
auth_cache_size = 0
mail_location = maildir:%h
mail_max_userip_connections = 0
mail_plugins = quota
first_valid_uid = 1
first_valid_gid = 1
{logins}
userdb {{
  driver = passwd-file
  args = {folder}/users
}}
plugin {{
  quota = count:User quota
  quota_vsizes = yes
}}
protocol imap {{
  mail_plugins = quota imap_quota
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  service_count = 0
  inet_listener imap {{
    address = 127.0.0.1
    port = {server.imap_port}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {server.imaps_port}
    ssl = yes
  }}
}}
service imap {{
  service_count = 100
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {server.lmtp_port}
  }}
}}
service doveadm {{
  service_count = 100
  inet_listener http {{
    address = 127.0.0.1
    port = {server.http_port}
  }}
}}
doveadm_api_key = {key}
doveadm_password = {key}
{more}
"""
