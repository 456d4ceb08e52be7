"""A real Dovecot in a temporary folder, on free ports, for as long as somebody needs it."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

PROGRAM = "/usr/sbin/dovecot"
_PATIENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Dovecot:
    imap_port: int
    imaps_port: int
    ca_file: str


@contextmanager
def dovecot(passwords: Mapping[str, str]) -> Iterator[Dovecot]:
    """Answers on both ports when this is entered; every one of its processes has ended when it is left."""
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    try:
        folder.chmod(0o755)
        server = Dovecot(_free_port(), _free_port(), str(folder / "ca.pem"))
        configuration = _configure(folder, server, passwords)
        process = subprocess.Popen([PROGRAM, "-F", "-c", str(configuration)], start_new_session=True)
        try:
            _await_greeting(server.imap_port, process, folder)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                process.wait()
    finally:
        shutil.rmtree(folder)


def _configure(folder: Path, server: Dovecot, passwords: Mapping[str, str]) -> Path:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(server.ca_file)
    authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    lines = [f"{user}:{{PLAIN}}{password}::::::" for user, password in passwords.items()]
    (folder / "passwd").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "passwd").chmod(0o644)
    owner = pwd.getpwnam("mail" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name)
    for name in ("mail", "run", "state"):
        (folder / name).mkdir(mode=0o755)
    os.chown(folder / "mail", owner.pw_uid, owner.pw_gid)
    text = _CONFIGURATION.format(folder=folder, imap=server.imap_port, imaps=server.imaps_port, owner=owner)
    if os.geteuid() != 0:
        text += _WITHOUT_ROOT.format(user=owner.pw_name, group=grp.getgrgid(owner.pw_gid).gr_name)
    configuration = folder / "dovecot.conf"
    configuration.write_text(text)
    return configuration


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await_greeting(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                if connection.recv(100).startswith(b"* OK"):
                    return
        except OSError:
            time.sleep(0.02)
    log = folder / "dovecot.log"
    raise RuntimeError("dovecot does not answer:\n" + (log.read_text() if log.exists() else "it wrote no log"))


_CONFIGURATION = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
auth_username_chars =
auth_cache_size = 0
mail_location = maildir:{folder}/mail/%n
mail_max_userip_connections = 0
first_valid_uid = 1
first_valid_gid = 1
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/passwd
}}
userdb {{
  driver = static
  args = uid={owner.pw_uid} gid={owner.pw_gid} home={folder}/mail/%n
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {imaps}
    ssl = yes
  }}
}}
"""

_WITHOUT_ROOT = """\
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
service imap-login {{
  chroot =
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""
