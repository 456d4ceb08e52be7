"""Which addresses of a gateway are taken, and which keys."""

from __future__ import annotations

import pytest

from takeback.remote.server import NoServer, read_key, read_server


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://takeback.example.com", "https://takeback.example.com"),
        (" https://takeback.example.com/ ", "https://takeback.example.com"),
        ("HTTPS://Takeback.Example.com:8443", "https://takeback.example.com:8443"),
        ("http://127.0.0.1:8025", "http://127.0.0.1:8025"),
        ("http://[::1]:8025/", "http://[::1]:8025"),
        ("http://localhost", "http://localhost"),
        ("insecure+http://10.0.0.5:8025", "http://10.0.0.5:8025"),
        ("insecure+https://takeback.example.com", "https://takeback.example.com"),
    ],
)
def test_an_address(written: str, meant: str) -> None:
    assert read_server(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "",
        "takeback.example.com",
        "ftp://takeback.example.com",
        "insecure+ftp://takeback.example.com",
        "https://",
        "https://ann:secret@takeback.example.com",
        "https://takeback.example.com/api/v1",
        "https://takeback.example.com?x=1",
        "https://takeback.example.com#x",
        "https://takeback.example.com:99999999",
        "https://[::1",
        "https://\x00",
        "https://a\ud800.example",
        "https://xn--\u0661.example",
    ],
)
def test_no_address(written: str) -> None:
    with pytest.raises(NoServer, match=r"https://|has a path"):
        read_server(written)


@pytest.mark.parametrize("host", ["takeback.example.com", "10.0.0.5", "127.0.0.1.example.com", "localhost.example.com"])
def test_what_everybody_could_read_must_be_said(host: str) -> None:
    with pytest.raises(NoServer, match=r"insecure\+http"):
        read_server(f"http://{host}")


def test_a_key_is_taken_without_its_line_end() -> None:
    assert read_key("tb_1_abc\r\n") == "tb_1_abc"


@pytest.mark.parametrize("text", ["", " \n", "two words", "a\nX-Evil: 1", "schlüssel", "x" * 501])
def test_no_key_and_it_is_not_repeated(text: str) -> None:
    with pytest.raises(NoServer, match="no API key") as refused:
        read_key(text)
    assert not text.strip() or text.strip() not in str(refused.value)
