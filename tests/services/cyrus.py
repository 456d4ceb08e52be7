"""A real Cyrus in a temporary folder: IMAP, LMTP, JMAP, and an account that may act for others. Needs root."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from imapclient import IMAPClient

from tests.services.dovecot import QUOTA_KIB, folder_in_memory, free_ports, greets

INSTALLED = Path("/usr/lib/cyrus/bin")
LAID_ASIDE = Path("/var/cache/takeback-tests/cyrus-imapd/usr/lib/cyrus/bin")
"""What scripts/install-services took out of a package that cannot be installed beside Dovecot."""
ADMIN, ADMIN_PASSWORD = "admin", "admin's password"
PASSWORD = "secret"
_PATIENCE_SECONDS = 20.0


def is_complete() -> bool:
    """Whether all programs are there."""
    imapd = (INSTALLED / "imapd").exists() or (LAID_ASIDE / "imapd").exists()
    return imapd and (INSTALLED / "master").exists() and shutil.which("saslpasswd2") is not None


@dataclass
class Cyrus:
    """One server. A mailbox is made when its user is asked for."""

    folder: Path
    imap_port: int
    lmtp_port: int
    http_port: int
    process: subprocess.Popen[bytes] | None = None
    _given: int = 0

    def new_user(self, *, tight: bool = False) -> str:
        """Somebody whose mailbox is empty; with a quota of QUOTA_KIB where it is to be tight."""
        self._given += 1
        user = f"user{self._given}"
        self._add_password(user, PASSWORD)
        with IMAPClient("127.0.0.1", self.imap_port, ssl=False, timeout=_PATIENCE_SECONDS) as admin:
            admin.login(ADMIN, ADMIN_PASSWORD)
            admin.create_folder(f"user/{user}")
            if tight:
                admin._command_and_check("setquota", f"user/{user}", f"(STORAGE {QUOTA_KIB})")
        return user

    def log_in(self, user: str) -> IMAPClient:
        """A client of the mailbox's owner."""
        client = IMAPClient("127.0.0.1", self.imap_port, ssl=False, timeout=_PATIENCE_SECONDS)
        client.login(user, PASSWORD)
        return client

    def start(self) -> None:
        command = [str(INSTALLED / "master"), "-C", f"{self.folder}/imapd.conf", "-M", f"{self.folder}/cyrus.conf"]
        command += ["-p", f"{self.folder}/master.pid", "-D"]
        log = (self.folder / "log").open("ab")
        with log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if greets(self.imap_port):
                return
            time.sleep(0.02)
        raise RuntimeError("cyrus does not answer:\n" + (self.folder / "log").read_text())

    def stop(self) -> None:
        """Afterwards its processes have ended."""
        if self.process is None:
            return
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_PATIENCE_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # its children hold the port open a little longer
        self.process.wait()
        self.process = None
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while greets(self.imap_port) and time.monotonic() < deadline:
            time.sleep(0.02)

    def _add_password(self, user: str, password: str) -> None:
        database = self.folder / "sasldb2"
        command = ["saslpasswd2", "-f", str(database), "-p", "-c", "-u", "cyr.test", user]
        subprocess.run(command, input=password.encode(), check=True, capture_output=True)
        shutil.chown(database, "cyrus", "mail")


@contextmanager
def cyrus() -> Iterator[Cyrus]:
    """Answers when this is entered; has ended when it is left, and its folder is gone."""
    folder = folder_in_memory("cyrus")
    try:
        imap, lmtp, http = free_ports(3)
        server = Cyrus(folder, imap, lmtp, http)
        _configure(server)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _configure(server: Cyrus) -> None:
    folder = server.folder
    (folder / "bin").mkdir()
    for place in (INSTALLED, LAID_ASIDE):
        for program in place.glob("*") if place.is_dir() else ():
            with suppress(FileExistsError):
                (folder / "bin" / program.name).symlink_to(program)
    for name in ("conf", "spool", "sock", "conf/lock", "conf/proc"):
        (folder / name).mkdir(mode=0o755)
        shutil.chown(folder / name, "cyrus", "mail")
    (folder / "imapd.conf").write_text(_IMAPD.format(folder=folder))
    (folder / "cyrus.conf").write_text(_CYRUS.format(folder=folder, server=server))
    server._add_password(ADMIN, ADMIN_PASSWORD)


_IMAPD = """\
configdirectory: {folder}/conf
partition-default: {folder}/spool
defaultpartition: default
admins: admin
allowplaintext: yes
sasl_mech_list: PLAIN LOGIN
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: {folder}/sasldb2
virtdomains: off
unixhierarchysep: yes
httpmodules: jmap
conversations: 1
conversations_db: twoskip
httpallowcleartext: 1
servername: cyr.test
duplicate_db_path: {folder}/conf/deliver.db
statuscache_db_path: {folder}/conf/statuscache.db
mboxname_lockpath: {folder}/conf/lock
proc_path: {folder}/conf/proc
idlesocket: {folder}/sock/idle
lmtpsocket: {folder}/sock/lmtp
notifysocket: {folder}/sock/notify
jmap_nonstandard_extensions: yes
syslog_prefix: takeback-test
failedloginpause: 0
"""

_CYRUS = """\
START {{
  recover cmd="{folder}/bin/ctl_cyrusdb -C {folder}/imapd.conf -r"
}}
SERVICES {{
  imap cmd="{folder}/bin/imapd -C {folder}/imapd.conf -U 30" listen="127.0.0.1:{server.imap_port}" prefork=0
  lmtp cmd="{folder}/bin/lmtpd -C {folder}/imapd.conf -a" listen="127.0.0.1:{server.lmtp_port}" prefork=0
  http cmd="{folder}/bin/httpd -C {folder}/imapd.conf -U 30" listen="127.0.0.1:{server.http_port}" prefork=0
}}
EVENTS {{ }}
"""
