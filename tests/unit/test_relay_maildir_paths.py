"""Which folder an address leads to. No address leads out of the folder of the route."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.mail.maildir import mailbox_path


@pytest.mark.parametrize(
    ("template", "address", "path"),
    [
        ("/m/{user}", "Bob@Example.net", "/m/bob"),
        ("/m/{user}/Maildir", '"bob"@x', "/m/bob/Maildir"),
        ("/m/{user}", '"b\\ob x"@x', "/m/bob x"),
        ("/m/{user}", "postmaster", "/m/postmaster"),
        ("/m/{user}", "größe@x", "/m/größe"),
        ("/m/{user}", "{user}@x", "/m/{user}"),
        ("/m/{address}", "Bob@Example.net", "/m/bob@example.net"),
        ("/m/all", "../x@y", "/m/all"),
    ],
)
def test_path(template: str, address: str, path: str) -> None:
    assert mailbox_path(template, address) == Path(path)


HOSTILE = ["../x", "..", ".", ".hidden", "a/b", "/etc", "a\0b", "a\nb", "", "x" * 256, "\ud800", "a\x7f", "ü" * 128]


@pytest.mark.parametrize("local", HOSTILE)
@pytest.mark.parametrize("form", ["{}@x.example", '"{}"@x.example'])
def test_hostile_names_lead_nowhere(local: str, form: str) -> None:
    assert mailbox_path("/m/{user}", form.format(local)) is None


@pytest.mark.parametrize("address", ["a/b@x", "a@../x", "a@x/../y", "\0@x", "../x"])
def test_hostile_addresses_lead_nowhere(address: str) -> None:
    assert mailbox_path("/m/{address}", address) is None


@given(st.text(st.characters() | st.sampled_from('./\\"@\0'), max_size=20), st.sampled_from(["{user}", "{address}"]))
def test_no_address_leads_out_of_the_folder(address: str, placeholder: str) -> None:
    path = mailbox_path(f"/m/{placeholder}/inner", address)
    if path is not None:
        assert path.parent.parent == Path("/m")
        assert path.parent.name not in ("", ".", "..")
        assert "\0" not in str(path)
