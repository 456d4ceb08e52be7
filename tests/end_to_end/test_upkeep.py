"""Doctor, backup and restore, beside a gateway that runs and after one that does not."""

from __future__ import annotations

import os
import smtplib
import socket
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from tests.doubles.smarthost import Smarthost
from tests.end_to_end.running import (
    HOSTNAME,
    Aside,
    Gateway,
    Ran,
    call_command,
    letter,
    run_command,
    running,
    submit,
    until,
)

ANN = "ann@example.com"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


def write(folder: Path, more: str = "", relay: str = "", smtp: str = "") -> Path:
    """A configuration that is healthy but for what is added."""
    file = folder / "takeback.toml"
    file.write_text(f"""
[data]
folder = "data"
reserve = "0B"
[http]
listen = []
[review]
enabled = false
[smtp]
hostname = "{HOSTNAME}"
{smtp or 'listen = ["127.0.0.1:0"]'}
[[smtp.trusted]]
network = "127.0.0.1/32"
account = "{ANN}"
may_send_as = ["*@example.com"]
[hold]
window = "1h"
{more}
[[relay]]
{relay or f'to = "maildir://{folder}/box/{{address}}"'}
""")
    return file


def doctor(file: Path) -> tuple[Ran, dict[str, list[dict[str, str]]]]:
    """What it says in JSON, by subject."""
    ran = call_command("doctor", "--json", "--config", str(file))
    findings: dict[str, list[dict[str, str]]] = {}
    for each in ran.json:
        assert set(each) == {"level", "about", "sentence", "advice"}
        assert (each["level"] == "ok") == (each["advice"] == "")
        findings.setdefault(each["about"], []).append(each)
    assert ran.status == any(each["level"] == "problem" for each in ran.json)
    return ran, findings


def test_a_healthy_gateway(gateway: Gateway) -> None:
    ran = run_command("doctor", "--config", str(gateway.file))
    problems = [line for line in ran.out.splitlines() if not line.startswith(("ok ", "warning "))]
    assert (ran.status, problems, ran.err) == (0, [], "")
    assert "\x1b" not in ran.out
    for sentence in ("serve: It worked", "accounts: ", f"certificate: It names {HOSTNAME}", "takes mail from us"):
        assert sentence in ran.out


def test_before_the_first_start(folder: Path) -> None:
    _, findings = doctor(write(folder))
    assert [each["level"] for each in findings["data folder"] + findings["database"]] == ["warning", "warning"]
    assert not (folder / "data").exists(), "doctor makes nothing"


def test_a_relay_that_is_not_there(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    ran, findings = doctor(write(folder, relay=f'to = "smtp://127.0.0.1:{port}"'))
    [finding] = findings[f"relay smtp://127.0.0.1:{port}"]
    assert (ran.status, finding["level"]) == (1, "problem")
    assert "421 4.4.1 no connection" in finding["sentence"]


@pytest.mark.parametrize(
    ("server", "more", "said"),
    [
        (Smarthost(greet="554 5.3.2 \x1b[31mno"), "", "does not take mail now: 554 5.3.2"),
        (Smarthost(), 'tls = "required"', "454 4.7.0 TLS is required"),
        (
            Smarthost(users={"us": "secret"}),
            'tls = "off"\nusername = "us"\npassword = "wrong"',
            "refused the login of us",
        ),
    ],
    ids=["refuses", "no TLS", "wrong password"],
)
def test_a_relay_that_does_not_do(aside: Aside, folder: Path, server: Smarthost, more: str, said: str) -> None:
    aside.run(server.start())
    try:
        file = write(folder, relay=f'to = "smtp://127.0.0.1:{server.port}"\n{more}')
        _, findings = doctor(file)
        [finding] = findings[f"relay smtp://127.0.0.1:{server.port}"]
        assert finding["level"] == "problem"
        assert said in finding["sentence"]
        assert "\x1b" not in call_command("doctor", "--config", str(file)).out
        assert not [command for command in server.commands if command.startswith("MAIL")]
    finally:
        aside.run(server.close())


def test_a_relay_that_never_greets(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("takeback.doctor.ways_out.PATIENCE", 300_000)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        _, findings = doctor(write(folder, relay=f'to = "smtp://127.0.0.1:{silent.getsockname()[1]}"'))
    [finding] = [each for about, group in findings.items() if about.startswith("relay") for each in group]
    assert finding["sentence"].startswith("It did not get as far as MAIL")


def test_a_maildir_that_cannot_be(folder: Path) -> None:
    (folder / "file").write_text("")
    _, findings = doctor(write(folder, relay=f'to = "maildir://{folder}/file/{{user}}"'))
    [finding] = [each for about, group in findings.items() if about.startswith("relay") for each in group]
    assert finding["level"] == "problem"


def test_no_way_for_the_rest(folder: Path) -> None:
    _, findings = doctor(write(folder, relay=f'for = ["*@example.com"]\nto = "maildir://{folder}/{{user}}"'))
    assert [each["level"] for each in findings["routes"]] == ["warning"]


def certificate(folder: Path, name: str, days: int) -> str:
    """The lines that use a certificate for that name, which ends in so many days."""
    now = datetime.now(UTC)
    issued = trustme.CA().issue_cert(name, not_before=now - timedelta(days=90), not_after=now + timedelta(days=days))
    issued.private_key_and_cert_chain_pem.write_to_path(folder / "both.pem")
    return WITH_CERTIFICATE


WITH_CERTIFICATE = 'listen = ["127.0.0.1:0"]\ncertificate = "both.pem"\nkey = "both.pem"'


@pytest.mark.parametrize(
    ("name", "days", "level", "said"),
    [
        (HOSTNAME, 30, "ok", f"It names {HOSTNAME}, and is good until "),
        (HOSTNAME, 13, "warning", "It ends on "),
        (HOSTNAME, -1, "problem", "Clients refuse it: certificate has expired."),
        ("other.example", 30, "problem", f"It does not name {HOSTNAME}, so clients refuse it."),
    ],
)
def test_a_certificate(folder: Path, name: str, days: int, level: str, said: str) -> None:
    _, findings = doctor(write(folder, smtp=certificate(folder, name, days)))
    [finding] = findings["certificate"]
    assert finding["level"] == level
    assert finding["sentence"].startswith(said)


def test_a_certificate_that_is_none(folder: Path) -> None:
    (folder / "both.pem").write_text("none")
    _, findings = doctor(write(folder, smtp=WITH_CERTIFICATE))
    assert [each["level"] for each in findings["certificate"]] == ["problem"]


def test_an_empty_name_is_no_certificate(folder: Path) -> None:
    _, findings = doctor(write(folder, smtp='listen = ["127.0.0.1:0"]\ncertificate = ""\nkey = ""'))
    assert "certificate" not in findings


def test_nobody_can_submit(folder: Path) -> None:
    file = write(folder, smtp='listen = ["0.0.0.0:0"]')
    file.write_text(file.read_text().partition("[[smtp.trusted]]")[0] + WAY_OUT)
    assert call_command("account", "list", "--config", str(file)).status == 0  # makes the database
    ran, findings = doctor(file)
    assert ran.status == 1
    assert [each["level"] for each in findings["accounts"] + findings["listeners"]] == ["problem", "problem"]


WAY_OUT = '[[relay]]\nto = "maildir:///var/empty/{user}"\n'


def test_the_folder_of_somebody_else(folder: Path) -> None:
    file = write(folder)
    call_command("account", "list", "--config", str(file))
    (folder / "data").chmod(0o755)
    _, findings = doctor(file)
    assert "mode 755" in findings["data folder"][0]["sentence"]
    if os.geteuid() == 0:
        os.chown(folder / "data" / "takeback.db", 1, 1)
        _, findings = doctor(file)
        assert findings["data folder"][0]["level"] == "problem"


def test_less_room_than_the_reserve(folder: Path) -> None:
    file = write(folder)
    call_command("account", "list", "--config", str(file))
    file.write_text(file.read_text().replace('reserve = "0B"', 'reserve = "999999999GB"'))
    _, findings = doctor(file)
    assert [each["level"] for each in findings["disk"]] == ["problem"]


def test_what_waits_for_a_decision_and_who_does_not_run(folder: Path, dropper: Smarthost) -> None:
    file = write(folder, relay=f'to = "smtp://127.0.0.1:{dropper.port}"\ntls = "off"')
    with running(file) as gateway:
        id = _submit(gateway, "window@example.net", "Takeback-Hold: 0s")
        until(lambda: _states(gateway, id) == ["unknown"], "nobody to know")
    with closing(sqlite3.connect(folder / "data" / "takeback.db")) as database, database:
        database.execute("UPDATE fact SET at = at - 3600000000 WHERE name = 'heartbeat'")
        database.execute("INSERT INTO fact SELECT 'clock_step', '-7200', at FROM fact WHERE name = 'heartbeat'")
    _, findings = doctor(file)
    assert [each["sentence"] for each in findings["messages"]] == [
        "1 message was handed over without an answer (unknown)."
    ]
    assert findings["serve"][0]["sentence"].startswith("It does not seem to run: it last worked 1h")
    assert findings["clock"][0]["sentence"].startswith("It jumped by -7200 seconds at ")


def test_a_damaged_database(folder: Path) -> None:
    file = write(folder)
    call_command("account", "list", "--config", str(file))
    (folder / "data" / "takeback.db").write_bytes(b"no database at all" * 500)
    ran, findings = doctor(file)
    assert (ran.status, [each["level"] for each in findings["database"]]) == (1, ["problem"])


def test_postgresql(postgresql_database: str, folder: Path) -> None:
    file = write(folder)
    file.write_text(file.read_text().replace("[data]", f'[data]\ndatabase = "{postgresql_database}"'))
    ran, findings = doctor(file)
    assert ran.status == 0
    assert [each["level"] for each in findings["database"] + findings["durability"]] == ["ok", "ok"]
    for command, tool in (("backup", "pg_dump"), ("restore-backup", "pg_restore")):
        ran = call_command(command, str(folder / "copy"), "--config", str(file))
        assert (ran.status, ran.out) == (2, "")
        assert tool in ran.err


# Backup and restore


def _submit(gateway: Gateway, recipient: str, *fields: str) -> str:
    with smtplib.SMTP("127.0.0.1", gateway.port, timeout=30) as session:
        return submit(session, ANN, [recipient], letter(ANN, "kept", *fields))


def _states(gateway: Gateway, id: str) -> list[str]:
    return [each["state"] for each in gateway.command("show", id, "--json").json["recipients"]]


def test_a_backup_while_mail_comes_in_and_its_restore(folder: Path) -> None:
    file, copy = write(folder), folder / "copy.db"
    with running(file) as gateway:
        sent = _submit(gateway, "sent@example.net", "Takeback-Hold: 0s")
        until(lambda: _states(gateway, sent) == ["sent"], "it to leave")
        ids = [_submit(gateway, f"early-{number}@example.net") for number in range(5)]
        ran = gateway.command("backup", str(copy))
        assert (ran.status, ran.err) == (0, "")
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        assert sorted(path.name for path in folder.glob("copy*")) == ["copy.db"]
        late = _submit(gateway, "late@example.net")
        gateway.command("release", ids[0])
        until(lambda: _states(gateway, ids[0]) == ["sent"], "it to leave after the backup")
        again = gateway.command("backup", str(copy))
        assert (again.status, again.out) == (1, "")
        assert again.err == f"takeback: {copy} is there already; name another file\n"
        refused = gateway.command("restore-backup", str(copy), "--replace")
        assert refused.status == 2
        assert "is in use by another takeback serve" in refused.err
    assert call_command("restore-backup", str(copy), "--config", str(file)).status == 2
    restored = call_command("restore-backup", str(copy), "--replace", "--config", str(file))
    assert (restored.status, restored.err) == (0, "")
    assert "5 recipients were open in the backup and may have got the message since." in restored.out
    with running(file) as gateway:
        shown = gateway.command("show", ids[0], "--json").json
        assert [(each["state"], each["due_at"]) for each in shown["recipients"]] == [("held", None)]
        assert shown["events"][-1]["kind"] == "restored"
        assert _states(gateway, sent) == ["sent"]
        assert gateway.command("show", late).status == 4
        assert "5 messages were open in the backup that was restored" in gateway.command("doctor").out
        assert gateway.command("release", ids[1]).status == 0
        until(lambda: _states(gateway, ids[1]) == ["sent"], "what was released to leave")
        assert _states(gateway, ids[0]) == ["held"]
    [old] = (folder / "data").glob("takeback.db.before-*Z")
    with closing(sqlite3.connect(old)) as database:
        assert database.execute("SELECT count(*) FROM message WHERE id = ?", (late,)).fetchone() == (1,)


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be copied: "), (b"", "is no database of Takeback"), (b"x" * 5000, "cannot be copied: ")],
    ids=["missing", "empty", "garbage"],
)
def test_what_is_no_backup(folder: Path, content: bytes | None, said: str) -> None:
    file, copy = write(folder), folder / "copy.db"
    if content is not None:
        copy.write_bytes(content)
    ran = call_command("restore-backup", str(copy), "--config", str(file))
    assert (ran.status, ran.out) == (1, "")
    assert said in ran.err
    assert [path.name for path in (folder / "data").iterdir()] == ["serve.lock"]


def test_a_backup_that_is_damaged_or_too_new(folder: Path) -> None:
    file, copy = write(folder), folder / "copy.db"
    call_command("account", "list", "--config", str(file))
    before = (folder / "data" / "takeback.db").read_bytes()
    assert call_command("backup", str(copy), "--config", str(file)).status == 0
    with closing(sqlite3.connect(copy)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    ran = call_command("restore-backup", str(copy), "--replace", "--config", str(file))
    assert ran.status == 2
    assert "written by a newer Takeback" in ran.err
    with closing(sqlite3.connect(copy)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '0001'")
        [page] = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'message'").fetchone()
    with copy.open("r+b") as content:
        content.seek((page - 1) * 4096)
        content.write(b"\xff" * 4096)
    ran = call_command("restore-backup", str(copy), "--replace", "--config", str(file))
    assert (ran.status, "is damaged" in ran.err) == (1, True)
    assert (folder / "data" / "takeback.db").read_bytes() == before


def test_root_restores_for_the_user_that_serves(folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    file, copy = write(folder), folder / "copy.db"
    call_command("account", "list", "--config", str(file))
    assert call_command("backup", str(copy), "--config", str(file)).status == 0
    os.chown(folder / "data", 1, 1)
    assert call_command("restore-backup", str(copy), "--replace", "--config", str(file)).status == 0
    restored = (folder / "data" / "takeback.db").stat()
    assert (restored.st_uid, restored.st_gid, stat.S_IMODE(restored.st_mode)) == (1, 1, 0o600)


def test_a_backup_that_was_broken_off(folder: Path) -> None:
    file, copy = write(folder), folder / "copy.db"
    call_command("account", "list", "--config", str(file))
    copy.with_name("copy.db.part").write_text("half")
    ran = call_command("backup", str(copy), "--config", str(file))
    assert ran.status == 1
    assert "copy.db.part is there" in ran.err
    assert copy.with_name("copy.db.part").read_text() == "half"


def test_people_that_cannot_be_found_out(folder: Path) -> None:
    more = '[people]\naliases = ["{}"]\n[[people.command]]\nfor = ["*@lists.example.com"]\nrun = ["{}"]'
    (folder / "virtual").write_text("team ann\n")
    _, findings = doctor(write(folder, more.format("virtual", "sh")))
    assert [each["level"] for each in findings["people"]] == ["ok"]
    _, findings = doctor(write(folder, more.format("nowhere", "/nowhere/members")))
    assert [each["level"] for each in findings["people"]] == ["problem", "problem"]
    _, findings = doctor(write(folder))
    assert "people" not in findings
