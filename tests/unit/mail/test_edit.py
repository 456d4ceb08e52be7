"""Editing by spans: what was asked for changes, and not one byte else."""

from __future__ import annotations

from collections.abc import Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.flows.resend import Changes, NotEditable, draft_of, edited
from takeback.hold.states import State
from takeback.mail import edit, headers
from takeback.mail.edit import Replacement
from takeback.ports.store import MessageView, Origin, RecipientView

SIMPLE = (
    b"Received: from client by gateway;\r\n\tTue, 24 Nov 2026 02:55:00 +0000\r\n"
    b"Recall-Lock: sha256:abc\r\n"
    b"DKIM-Signature: v=1; h=from; bh=x; b=y\r\n"
    b"Message-ID: <old@x>\r\nDate: Tue, 24 Nov 2026 02:55:00 +0000\r\n"
    b"From: Ann <ann@example.com>\r\n"
    b'To: "Bob, the\r\n builder" <bob@x.example>,\r\n sara@x.example (Sara, the second)\r\n'
    b"Cc: =?utf-8?Q?Om=C3=A4r?= <omar@x.example>\r\n"
    b"Subject: Hello\r\nIn-Reply-To: <thread@x>\r\nX-Odd:   kept  as is \r\n"
    b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    b"Gr\xfc\xdfe\r\n"
)
MIXED = (
    b"From: ann@example.com\r\nTo: bob@x.example\r\nSubject: Files\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\npreamble\r\n'
    b"--b\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n"
    b'--b\r\nContent-Type: application/pdf; name="one.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\nQUFB\r\n'
    b'--b\r\nContent-Type: application/pdf; name="two.pdf"\r\n\r\nBBB\r\n--b--\r\nepilogue\r\n'
)


def view(*undone: str, sent: Sequence[str] = ()) -> MessageView:
    recipients = [RecipientView(each, State.UNDONE, None, 0, "", "") for each in undone]
    recipients += [RecipientView(each, State.SENT, None, 0, "", "") for each in sent]
    return MessageView("1abc", "<old@x>", "ann", Origin.SUBMISSION, "ann@example.com", "", 1, 0, recipients)


def new(content: bytes, before: MessageView, changes: Changes) -> EmailMessage:
    return message_from_bytes(edited(content, before, changes), policy=policy.SMTP)


BOTH = ("bob@x.example", "sara@x.example", "omar@x.example")


def test_nothing_asked_for_changes_only_what_belonged_to_the_old_message() -> None:
    after = edited(SIMPLE, view(*BOTH), Changes(BOTH, "Hello", "Grüße\n"))
    assert after == SIMPLE[SIMPLE.index(b"From: Ann") :]


def test_a_recipient_is_taken_out_and_another_put_in() -> None:
    after = edited(SIMPLE, view(*BOTH), Changes(("bob@x.example", "omar@x.example", "lina@y.example")))
    assert b'To: "Bob, the\r\n builder" <bob@x.example>,\r\n <lina@y.example>\r\n' in after
    assert b"sara" not in after
    assert b"Cc: =?utf-8?Q?Om=C3=A4r?= <omar@x.example>\r\n" in after


def test_who_was_hidden_stays_hidden() -> None:
    after = edited(SIMPLE, view(*BOTH, "hidden@x.example"), Changes((*BOTH, "hidden@x.example")))
    assert b"hidden" not in after


def test_whoever_has_their_copy_stays_named() -> None:
    after = edited(SIMPLE, view("sara@x.example", sent=["bob@x.example"]), Changes(("lina@y.example",)))
    assert b"<bob@x.example>,\r\n <lina@y.example>" in after and b"sara" not in after


def test_the_subject_is_replaced_in_any_script() -> None:
    assert new(SIMPLE, view(*BOTH), Changes(BOTH, "عرض الأسعار " * 20))["Subject"] == ("عرض الأسعار " * 20).strip()
    after = edited(SIMPLE, view(*BOTH), Changes(BOTH, "a\r\nBcc: eve@evil.example"))
    assert b"Subject: a Bcc: eve@evil.example\r\n" in after
    assert headers.split(after).count("bcc") == 0


def test_the_text_is_replaced() -> None:
    made = new(SIMPLE, view(*BOTH), Changes(BOTH, None, "Liebe Grüße\n. \nمرحبا\n"))
    assert made.get_content().splitlines() == ["Liebe Grüße", ". ", "مرحبا"]
    assert made["MIME-Version"] == "1.0" and made["X-Odd"] == "kept  as is "


def test_an_attachment_is_dropped_and_the_rest_stays_to_the_letter() -> None:
    after = edited(MIXED, view("bob@x.example"), Changes(("bob@x.example",), None, None, {1}))
    start, stop = (
        MIXED.index(b'--b\r\nContent-Type: application/pdf; name="one'),
        MIXED.index(b'--b\r\nContent-Type: application/pdf; name="two'),
    )
    assert after == MIXED[:start] + MIXED[stop:]
    after = edited(MIXED, view("bob@x.example"), Changes(("bob@x.example",), None, None, {2}))
    assert after.endswith(b"QUFB\r\n--b--\r\nepilogue\r\n")


def test_text_inside_a_multipart() -> None:
    made = new(MIXED, view("bob@x.example"), Changes(("bob@x.example",), None, "Nothing below.\n", {1, 2}))
    (only,) = made.iter_parts()
    assert cast(EmailMessage, only).get_content().strip() == "Nothing below."


def test_a_multipart_that_loses_everything_keeps_an_empty_text() -> None:
    content = MIXED.replace(b"Content-Type: text/plain\r\n\r\nSee below.", b"Content-Type: image/png\r\n\r\nPNG")
    made = new(content, view("bob@x.example"), Changes(("bob@x.example",), None, None, {0, 1, 2}))
    (only,) = cast(Sequence[EmailMessage], list(made.iter_parts()))
    assert only.get_content_type() == "text/plain" and only.get_content().strip() == ""


SIGNED = SIMPLE.replace(
    b"text/plain; charset=iso-8859-1", b'multipart/signed; boundary=b; protocol="application/pkcs7-signature"'
)


def test_a_signed_body_stays_as_it_is() -> None:
    assert draft_of(SIGNED, view(*BOTH)).sealed
    with pytest.raises(NotEditable):
        edited(SIGNED, view(*BOTH), Changes(BOTH, None, None, {0}))
    after = edited(SIGNED, view(*BOTH), Changes(("bob@x.example",), "Another subject", "Another text"))
    assert after.endswith(SIGNED.partition(b"\r\n\r\n")[2]) and b"Subject: Hello\r\n" in after


def test_text_beside_html_is_not_edited() -> None:
    content = MIXED.replace(b'application/pdf; name="one.pdf"', b"text/html")
    draft = draft_of(content, view("bob@x.example"))
    assert draft.text is None
    assert [each.number for each in draft.attachments] == [2]


def test_overlapping_replacements_are_refused() -> None:
    with pytest.raises(ValueError, match="overlap"):
        edit.apply(b"abcdef", [Replacement(0, 3), Replacement(2, 4)])


@given(st.binary(max_size=600), st.text(max_size=40), st.text(max_size=60), st.sets(st.integers(0, 4)))
def test_any_message_is_edited_or_refused(body: bytes, subject: str, text: str, dropped: set[int]) -> None:
    content = b"From: a@x.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + body
    before = view("bob@x.example")
    try:
        after = edited(content, before, Changes(("bob@x.example",), subject, text, dropped))
    except NotEditable:
        return
    assert headers.split(after[: headers.MAX_HEADER]).text("from") == "a@x.example"


@given(
    st.lists(
        st.sampled_from(["a@x.example", '"c, d" <c@x.example>', "(e, f) g@x.example", "h@x.example (i)"]), min_size=1
    )
)
def test_entries_are_cut_where_their_commas_are(entries: list[str]) -> None:
    header = headers.split(f"To: {', '.join(entries)}\r\n\r\n".encode())
    everybody = ["a@x.example", "c@x.example", "g@x.example", "h@x.example"]
    (change,) = edit.with_recipients(header, everybody, [])
    assert change.data == b""
