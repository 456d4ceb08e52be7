"""What doctor says of pages and API."""

from __future__ import annotations

from pathlib import Path

import pytest

from takeback.doctor.doors import examine_pages
from takeback.doctor.finding import Level
from tests.doubles.gateways import configuration, parsed

OIDC = '[http.oidc]\nissuer = "https://id.example"\nclient_id = "x"\nclient_secret_file = "secret"\n'
ORGANISATION = '[organisation]\ndomains = ["example.com"]\n'


@pytest.mark.parametrize(
    ("http", "levels", "said"),
    [
        ("listen = []", [Level.OK], "switched off"),
        ('listen = "127.0.0.1:8025"', [Level.OK], "127.0.0.1:8025"),
        ('listen = "0.0.0.0:8025"', [Level.PROBLEM], "in the clear"),
        ('certificate = "c.pem"\nkey = "k.pem"\nlisten = "0.0.0.0:443"', [Level.PROBLEM], "http.url says"),
        (
            'certificate = "c.pem"\nkey = "k.pem"\nlisten = "0.0.0.0:443"\nurl = "https://t.example"',
            [Level.OK],
            "https://t.example",
        ),
        (OIDC, [Level.OK, Level.PROBLEM], "secret cannot be read"),
    ],
)
def test_pages(tmp_path: Path, http: str, levels: list[Level], said: str) -> None:
    config = parsed(configuration({"*": 9}, http=http, more=ORGANISATION), tmp_path)
    findings = examine_pages(config)
    assert [each.level for each in findings] == levels
    assert said in " ".join(each.sentence for each in findings)
