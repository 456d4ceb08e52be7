"""Replies as they come from servers."""

from __future__ import annotations

import pytest

from takeback.smtp.replies import Reply
from takeback.smtp.reply_reader import LONGEST_LINE, MOST_LINES, BadReply, ReplyReader


@pytest.mark.parametrize(
    ("data", "reply"),
    [
        (b"250 ok\r\n", Reply(250, None, ("ok",))),
        (b"250 ok\n", Reply(250, None, ("ok",))),
        (b"250\r\n", Reply(250, None, ("",))),
        (b"250 \r\n", Reply(250, None, ("",))),
        (b"250-\r\n250 x\r\n", Reply(250, None, ("", "x"))),
        (b"550 5.1.1 no such user\r\n", Reply(550, "5.1.1", ("no such user",))),
        (b"550-5.1.1 no\r\n550 5.1.1 such user\r\n", Reply(550, "5.1.1", ("no", "such user"))),
        (b"550-5.1.1 no\r\n550 such user\r\n", Reply(550, "5.1.1", ("no", "such user"))),
        (b"550 5.1.1\r\n", Reply(550, "5.1.1", ("",))),
        (b"250 5.1.1 of another class\r\n", Reply(250, None, ("5.1.1 of another class",))),
        (b"220 2.4.1 beta is here\r\n", Reply(220, "2.4.1", ("beta is here",))),
        (b"250 2.1.5x\r\n", Reply(250, None, ("2.1.5x",))),
        (b"250 gr\xc3\xbc\xc3\x9fe\r\n", Reply(250, None, ("grüße",))),
        (b"250 \xff\r\n", Reply(250, None, ("\ufffd",))),
        (b"250 a\0b\x1b[1m\tc\rd\xc2\x85\r\n", Reply(250, None, ("a?b?[1m c?d?",))),
        (b"250 " + b"x" * (LONGEST_LINE - 4) + b"\n", Reply(250, None, ("x" * (LONGEST_LINE - 4),))),
        (b"250-x\r\n" * (MOST_LINES - 1) + b"250 x\r\n", Reply(250, None, ("x",) * MOST_LINES)),
    ],
)
def test_reply(data: bytes, reply: Reply) -> None:
    reader = ReplyReader()
    for index in range(len(data) - 1):
        reader.receive(data[index : index + 1])
        assert reader.next_reply() is None
        assert reader.buffered
    reader.receive(data[-1:])
    assert reader.next_reply() == reply
    assert not reader.buffered


@pytest.mark.parametrize(
    "data",
    [
        b"\n",
        b"25 x\n",
        b"150 x\n",
        b"650 x\n",
        b"250x\n",
        b"-250 x\n",
        "٢٥٠ x\n".encode(),
        b"250-a\n550 b\n",
        b"250-x\n" * (MOST_LINES + 1),
        b"250 " + b"x" * LONGEST_LINE,
        b"250 " + b"x" * LONGEST_LINE + b"\n",
    ],
)
def test_no_reply(data: bytes) -> None:
    reader = ReplyReader()
    reader.receive(data)
    with pytest.raises(BadReply):
        reader.next_reply()
