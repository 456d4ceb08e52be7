"""The dialogs, straight into a session: each group of client's steps at once, and octet by octet."""

from __future__ import annotations

import pytest

from tests.dialogs.dialog import Dialog, all_dialogs, octets, play
from tests.dialogs.session_peer import SessionPeer


@pytest.mark.parametrize("dialog", all_dialogs(), ids=lambda dialog: dialog.name)
@pytest.mark.parametrize("piece", [None, 1, 7], ids=["at once", "octet by octet", "in sevens"])
def test_dialog(dialog: Dialog, piece: int | None) -> None:
    setup = [words for words in dialog.setup if words != "at_once_only"]
    if piece and len(setup) < len(dialog.setup):
        pytest.skip("this dialog is about what comes in one piece")
    peer = SessionPeer(setup, piece)
    play(dialog, peer)
    assert peer.all_was_read(), "the server said more than the dialog expects"


def test_octets_of_a_step() -> None:
    assert octets(r"a\r\n\0\\ \xff{xy*3}") == b"a\r\n\0\\ \xffxyxyxy"
