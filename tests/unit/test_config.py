"""The configuration: a full file is read, and whatever is wrong is one line with the file, the key and the mend."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from takeback import config
from takeback.clock import DAY, HOUR, MINUTE, SECOND
from takeback.config import Config, load, parse
from takeback.errors import ConfigError

FULL = """
[data]
folder   = "takeback-data"
database = "sqlite"
reserve  = "256MB"
[smtp]
hostname = "mail.example.com"
listen   = ["127.0.0.1:1587", "[::1]:1587"]
listen_tls = ["0.0.0.0:465"]
certificate = "tls/cert.pem"
key      = "tls/key.pem"
max_size = "50MB"
[[smtp.trusted]]
network  = "127.0.0.1/32"
account  = "crm"
may_send_as = ["*@crm.example.com"]
[auth]
backend = "accounts"
[organisation]
domains = ["Example.com", "مثال.example"]
[hold]
window = "30s"
late_tolerance = "4h"
timezone = "Asia/Riyadh"
[[hold.rule]]
when   = { recipients = "external", time = "sun-thu 08:00-17:00", size = "> 1MB", recipient_count = ">= 10" }
window = "2m"
[[hold.rule]]
when   = { sender = ["boss@example.com"], has_attachment = true, header = { "X-Priority" = "1*" } }
window = "until released"
firm = true
[[relay]]
for = ["*@example.com"]
to  = "lmtp://127.0.0.1:24"
[[relay]]
from = ["ann@gmail.example"]
to   = "smtps://smtp.gmail.example:465"
username = "ann@gmail.example"
password_command = "pass show mail/ann"
[[relay]]
to  = "smtp://smarthost.example.com:587"
[retention]
sent = "3d"
stopped = "30d"
metadata = "180d"
[limits]
held_messages = 1000
held_bytes = "1GB"
submissions_per_hour = 1000
recipients = 1000
connections = 1000
"""
LEAST = """
[[relay]]
to = "smtp://smarthost.example.com:587"
"""


def read(text: str, folder: Path) -> Config:
    file = folder / "takeback.toml"
    file.write_text(text, "utf-8")
    return load(file)


def test_a_full_file(tmp_path: Path) -> None:
    read_ = read(FULL, tmp_path)
    assert read_.smtp.listen == (("127.0.0.1", 1587), ("::1", 1587))
    assert read_.smtp.max_size == 50 << 20
    assert read_.smtp.trusted[0].account == "crm"
    assert read_.organisation.domains == ("example.com", "xn--mgbh0fb.example")
    assert read_.hold.window == 30 * SECOND
    assert read_.hold.late_tolerance == 4 * HOUR
    assert [rule.window for rule in read_.hold.rule] == [2 * MINUTE, None]
    assert [rule.firm for rule in read_.hold.rule] == [False, True]
    assert [relay.tls for relay in read_.relay] == ["opportunistic", "required", "opportunistic"]
    assert read_.retention.stopped == 30 * DAY
    assert read_.limits.held_bytes == 1 << 30


def test_the_least_that_works(tmp_path: Path) -> None:
    read_ = read(LEAST, tmp_path)
    assert read_.smtp.listen == (("127.0.0.1", 1587),)
    assert read_.data.database == "sqlite"
    assert read_.hold.window == 30 * SECOND


def test_what_is_internal(tmp_path: Path) -> None:
    organisation = read(FULL, tmp_path).organisation
    assert [
        organisation.is_internal(domain)
        for domain in ("example.com", "mail.example.com", "notexample.com", "com", "", "xn--mgbh0fb.example")
    ] == [True, True, False, False, False, True]


BAD: list[tuple[str, str, str]] = [
    ("an unknown section", "[hodl]\n", "hodl: unknown key; did you mean hold?"),
    ("an unknown key", '[hold]\nwindwo = "30s"\n', "hold.windwo: unknown key; did you mean window?"),
    ("nothing like it", "[hold]\nxyzzy = 1\n", "hold.xyzzy: unknown key; remove it (known here: late_tolerance, "),
    ("in a list", '[[hold.rule]]\nwindow = "1m"\n[[hold.rule]]\nwindow = "1m"\nfrim = true\n', "hold.rule[2].frim: "),
    ("in a table of a list", '[[hold.rule]]\nwindow = "1m"\nwhen = { recipient = "x" }\n', "did you mean recipients?"),
    ("a site with a path", '[http]\nurl = "https://a.example/b"\n', "http.url: 'https://a.example/b' has a path"),
    ("a site that is none", '[http]\nurl = "takeback"\n', "http.url: 'takeback' is no address of a site; write it as"),
    ("a place to listen", '[http]\nlisten = ["8025"]\n', "http.listen: '8025' is no address to listen on; write it as"),
    ("a network of proxies", '[http]\ntrusted_proxies = ["x"]\n', "http.trusted_proxies: 'x' does not appear to be"),
    ("HTTPS without key", '[http]\ncertificate = "c.pem"\n', "http.certificate and http.key belong together"),
    (
        "a provider in the clear",
        '[http.oidc]\nissuer = "http://id.example"\nclient_id = "x"\nclient_secret_file = "y"\n',
        "http.oidc: issuer must be an https address",
    ),
    (
        "a provider that vouches for everybody",
        '[http.oidc]\nissuer = "https://id.example"\nclient_id = "x"\nclient_secret_file = "y"\n',
        "organisation.domains: http.oidc needs it",
    ),
    ("a duration", '[hold]\nwindow = "soon"\n', "hold.window: 'soon' is not a duration; write it as \"30s\", "),
    ("a bare number", "[hold]\nlate_tolerance = 30\n", "hold.late_tolerance: '30' is not a duration; write"),
    ("a size", '[smtp]\nmax_size = "big"\n', "smtp.max_size: 'big' is not a size; write it as"),
    ("a size of nothing", '[smtp]\nmax_size = "0B"\n', "smtp.max_size: input should be greater than or equal to 1"),
    ("an address", '[smtp]\nlisten = ["1587"]\n', "smtp.listen[1]: '1587' is no address to listen on; write it as"),
    ("a port", '[smtp]\nlisten = ["127.0.0.1:99999"]\n', "smtp.listen[1]: "),
    ("a network", '[[smtp.trusted]]\nnetwork = "x"\naccount = "a"\nmay_send_as = ["*"]\n', "smtp.trusted[1].network: "),
    (
        "a pattern",
        '[[smtp.trusted]]\nnetwork = "::1"\naccount = "a"\nmay_send_as = ["@"]\n',
        "smtp.trusted[1].may_send_as: '@' names no addresses; write",
    ),
    ("a missing key", '[[smtp.trusted]]\nnetwork = "::1"\naccount = "a"\n', "smtp.trusted[1].may_send_as: "),
    ("a time zone", '[hold]\ntimezone = "Mars"\n', "hold.timezone: no time zone 'Mars'; write it as \"Asia/Riyadh\""),
    ("a path as time zone", '[hold]\ntimezone = "../../etc/passwd"\n', "hold.timezone: no time zone"),
    ("a span", '[[hold.rule]]\nwindow = "1m"\nwhen = { time = "noon" }\n', "hold.rule[1].when.time: write it as"),
    ("a backend", '[auth]\nbackend = "ldap"\n', "auth.backend: input should be 'accounts' or 'imap'"),
    ("a type", '[limits]\nrecipients = "many"\n', "limits.recipients: input should be a valid integer"),
    ("a negative limit", "[limits]\nheld_messages = -1\n", "limits.held_messages: "),
    ("a section that is no section", "hold = 5\n", "hold: "),
    ("a certificate without key", '[smtp]\ncertificate = "c.pem"\n', "smtp.certificate and smtp.key belong together"),
    ("TLS without certificate", '[smtp]\nlisten_tls = ["[::]:465"]\n', "smtp.listen_tls: needs smtp.certificate"),
    ("nowhere to listen", "[smtp]\nlisten = []\n", "smtp.listen: nothing to listen on; write listen ="),
    ("no TOML", "[hold\n", "is not valid TOML: "),
    ("twice", "[hold]\n[hold]\n", "is not valid TOML: "),
    ("the base", 'base = "/"\n', "base: unknown key"),
]


@pytest.mark.parametrize(("text", "expected"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_what_is_wrong_is_one_line(text: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text + LEAST, tmp_path)
    line = str(caught.value)
    assert line.startswith(f"{tmp_path / 'takeback.toml'}: ")
    assert expected in line
    assert "\n" not in line


def test_no_way_out(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"relay: there is no way out; add a \[\[relay\]\] with to ="):
        read("", tmp_path)


def test_imap_needs_to_know_for_whom(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"organisation\.domains: .*write domains ="):
        read('[auth]\nbackend = "imap"\nurl = "imaps://imap.example.com"\n' + LEAST, tmp_path)


def test_a_secret_is_never_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read('[[relay]]\nto = "smtp://h.example:587"\npassword = "hunter2"\ntls = "sometimes"\n', tmp_path)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(
        read('[[relay]]\nto = "smtp://h.example:587"\nusername = "u"\npassword = "hunter2"\n', tmp_path)
    )


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.toml: cannot be read: No such file"):
        load(tmp_path / "nothing.toml")


def test_a_folder_instead_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "takeback.toml").write_bytes(b"[hold]\n# \xff\xfe\n")
    with pytest.raises(ConfigError, match="is not UTF-8 text; save it as UTF-8"):
        load(tmp_path / "takeback.toml")


def test_which_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    monkeypatch.setattr(config, "DEFAULT_PLACES", (first, second))
    with pytest.raises(ConfigError, match=r"neither .*first\.toml nor .*second\.toml is there; name one with --config"):
        config.find(None)
    second.touch()
    assert config.find(None) == second
    first.touch()
    assert config.find(None) == first
    assert config.find(tmp_path / "named.toml") == tmp_path / "named.toml"


@pytest.mark.parametrize("text", [FULL, LEAST])
def test_what_is_read_cannot_be_changed(text: str, tmp_path: Path) -> None:
    read_ = parse(tomllib.loads(text), tmp_path / "takeback.toml")
    with pytest.raises(ValueError, match="frozen"):
        read_.hold.window = 0
    with pytest.raises(ValueError, match="frozen"):
        read_.hold = read_.hold
