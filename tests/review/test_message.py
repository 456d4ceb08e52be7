"""What is read out of a message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.clock import parse_rfc3339
from takeback.review.message import addresses, read
from takeback.review.text import Origin
from tests.review.mails import attached, mail, multipart


def _own(content: bytes) -> str:
    return "\n".join(line.text for line in read(content).written() if line.text)


class TestWhoIsInvolved:
    def test_the_envelope_decides_who_receives_it_and_the_header_where_they_stand(self) -> None:
        content = mail(
            to=['"Doe, Ben" <Ben@Example.ORG>', "out@example.net"], cc=["=?utf-8?B?2LPYp9ix2Kk=?= <s@x.example>"]
        )
        message = read(content, "ann@example.com", ["ben@example.org", "s@x.example", "hidden@example.org"])
        assert [tuple(one) for one in message.recipients] == [
            ("ben@example.org", "Doe, Ben", "to"),
            ("s@x.example", "سارة", "cc"),
            ("hidden@example.org", "", "bcc"),
        ]
        assert [one.address for one in message.named] == ["ben@example.org", "out@example.net", "s@x.example"]
        assert (message.sender, message.sender_name) == ("ann@example.com", "Ann")

    def test_without_an_envelope_the_header_names_the_recipients(self) -> None:
        message = read(mail(headers={"Bcc": "Cleo <cleo@example.org>"}))
        assert [(one.address, one.field) for one in message.recipients] == [
            ("ben@example.org", "to"),
            ("cleo@example.org", "bcc"),
        ]

    @pytest.mark.parametrize(
        ("field", "found"),
        [
            ("friends: a@b.example, C <c@d.example>;", [("a@b.example", ""), ("c@d.example", "C")]),
            ("undisclosed-recipients:;", []),
            ("a@b.example (Ann with words)", [("a@b.example", "")]),
            ('"broken <a@b.example>', [("a@b.example", "broken")]),
            ("a@b.example; c@d.example", [("a@b.example", ""), ("c@d.example", "")]),
            ("<<<>>>,,,;;;((((", []),
        ],
    )
    def test_lists_of_addresses_however_they_are_written(self, field: str, found: list[tuple[str, str]]) -> None:
        assert [(address, name.strip('" ')) for address, name in addresses(field.encode())][: len(found)] == found

    def test_the_time_is_an_instant_and_a_senseless_one_is_none(self) -> None:
        assert read(mail()).date == parse_rfc3339("2026-11-23T09:00:00Z")
        assert read(mail(headers={"Date": "Mon, 99 Foo 20261 25:00:00 +9999"})).date is None

    def test_programs_and_lists_are_known(self) -> None:
        assert read(mail(headers={"Auto-Submitted": "auto-replied"})).automatic
        assert read(mail(headers={"List-Id": "<x.example>"})).automatic
        assert not read(mail(headers={"Auto-Submitted": "no"})).automatic


class TestNewText:
    @pytest.mark.parametrize(
        "below",
        [
            "On Mon, 3 Mar 2025 at 10:00, Ben <ben@example.org> wrote:\n> see attached",
            "On Mon, 3 Mar 2025 at 10:00, Ben Example\n<ben@example.org> wrote:\n\n> see attached",
            "في الاثنين، ٣ مارس ٢٠٢٥ في ١٠:٠٠ كتب بن <ben@example.org>:\n> مرفق",
            "كتب أحمد علي في ٣/٣/٢٠٢٥:\nمرفق الملف",
            "-----Original Message-----\nFrom: Ben\nSent: Monday\nTo: Ann\nSubject: x\n\nsee attached",
            "----- الرسالة الأصلية -----\nمن: بن\nإلى: آن\nالموضوع: س\n\nمرفق",
            "________________________________\nFrom: Ben\nSent: Monday\nTo: Ann\nSubject: x\n\nsee attached",
            "From: Ben\nDate: Monday\nTo: Ann\nSubject: x\n\nsee attached",
            "**من:** بن\n**تاريخ الإرسال:** الاثنين\n**إلى:** آن\n**الموضوع:** س\n\nمرفق".replace("**", "*"),
            "Ben Example@EXAMPLE\n05/11/2001 10:00 AM\nTo: Ann/EXAMPLE@EXAMPLE\ncc: \nSubject: Re: x\n\nsee attached",
            "---------- Forwarded message ---------\nFrom: Ben\nsee attached",
            "Begin forwarded message:\n\nsee attached",
            "---------- رسالة مُعاد توجيهها ---------\nمن: بن\nمرفق",
            "-- \nAnn\nattached to Example Ltd",
            "Sent from my phone, attached to my hand",
            "أُرسلت من الـ iPhone",
            "Best regards,\nAnn\nAttachments Manager",
            "وتفضلوا بقبول فائق الاحترام،\nآن\nمسؤولة المرفقات",
            "This message and any attachments are intended only for the addressee.\nIt may be attached.",
            "هذه الرسالة ومرفقاتها سرية، وإذا لم تكن المرسل إليه المقصود فيرجى حذفها.",
        ],
    )
    def test_what_stands_below_is_not_the_senders_own(self, below: str) -> None:
        assert _own(mail(f"My words.\n\n{below}\n")) == "My words."

    @pytest.mark.parametrize(
        "text",
        [
            "From: the beginning, we knew it.\nTo: nobody in particular.",
            "He wrote: come.\nAnd so we did.",
            "Thanks,\n\nI have read all of it, and there are so many things to say about the second chapter.",
            "On Monday we meet at 10:\n- plans\n- people",
        ],
    )
    def test_ordinary_words_are_not_taken_for_headings(self, text: str) -> None:
        assert _own(mail(text)) == "\n".join(line for line in text.splitlines() if line)

    def test_answers_between_the_quotes_are_the_senders_own(self) -> None:
        assert _own(mail("On Monday Ben wrote:\n> one?\nYes.\n> two?\nNo.\n")) == "Yes.\nNo."

    def test_a_postscript_below_the_farewell_is_the_senders_own(self) -> None:
        assert _own(mail("Come.\n\nRegards,\nAnn\n\nPS: the key is attached\n")) == "Come.\nPS: the key is attached"

    def test_a_page_is_read_as_it_is_seen(self) -> None:
        content = mail(
            "<html><head><title>no</title><style>p{}</style></head><body><p>One &amp; two</p><!-- hidden -->"
            "<div>three<br>four <a href='https://x.example/?a=1&amp;b=2'>here</a></div>"
            "<blockquote><p>quoted</p></blockquote></body></html>",
            kind="text/html",
        )
        message = read(content)
        assert [line.text for line in message.written() if line.text] == ["One & two", "three", "four here"]
        assert [line.text for line in message.passed_on() if line.text] == ["quoted"]
        assert [(link.text, link.target) for link in message.links] == [("here", "https://x.example/?a=1&b=2")]

    def test_forwarded_text_is_known_as_such(self) -> None:
        message = read(mail("FYI\n\nBegin forwarded message:\n\nFrom: x\nSecret\n", subject="Fwd: plan"))
        assert message.is_forward and not message.is_reply
        assert {line.origin for line in message.lines if "Secret" in line.text} == {Origin.FORWARDED}

    def test_a_paragraph_is_known_again_when_it_is_wrapped_otherwise(self) -> None:
        one = read(mail("Hello.\n\nPlease see the attached rules\nof our house.\n"))
        other = read(mail("Other.\n\nPlease see the  attached\nrules of our house.\n"))
        assert set(one.blocks) & set(other.blocks)


class TestAttachments:
    def test_names_types_and_sizes(self) -> None:
        (found,) = read(mail(files=[("plan.pdf", "application/pdf", b"x" * 3_000)])).attachments
        assert (found.name, found.kind, found.inline) == ("plan.pdf", "application/pdf", False)
        assert 2_900 <= found.size <= 3_100

    def test_a_name_in_arabic_in_pieces(self) -> None:
        fields = "Content-Disposition: attachment; filename*0*=UTF-8''%D8%AE%D8; filename*1*=%B7%D8%A9; filename*2=.pdf"
        content = b"To: b@x.example\r\n" + multipart("mixed", attached("x", "application/pdf", b"", fields))
        assert read(content).attachments[0].name == "خطة.pdf"

    def test_a_picture_that_the_page_shows_is_inline(self) -> None:
        shown = attached("logo.png", "image/png", b"png", "Content-Disposition: inline", "Content-ID: <logo@x>")
        page = b'Content-Type: text/html\r\n\r\n<p>Hi<img src="cid:logo@x"></p>'
        message = read(b"To: b@x.example\r\n" + multipart("related", page, shown))
        assert [one.inline for one in message.attachments] == [True]

    def test_an_invitation_and_a_signature_are_not_attachments(self) -> None:
        calendar = b"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR"
        signature = attached("smime.p7s", "application/pkcs7-signature", b"")
        message = read(multipart("mixed", b"\r\nHi", calendar, signature))
        assert message.invitation and not message.attachments


_PIECES = [
    b"Content-Type: multipart/mixed; boundary=b\r\n", b"\r\n", b"--b\r\n", b"--b--", b"\n", b"=", b"\xff\xfe\x00",
    b"Content-Type: text/html\r\n", b"Content-Type: text/plain; charset=utf-7\r\n", b"To: a@b.example,<,>\r\n",
    b"Content-Transfer-Encoding: base64\r\n", b"<a href=", b"<!--", b"&#99999999999;", b"=?utf-8?q?=FF?=",
    "مرفق".encode(), b"On x wrote:\n> ",
]  # fmt: skip


class TestAnyBytes:
    @given(st.binary(max_size=2_000))
    def test_anything_at_all(self, content: bytes) -> None:
        read(content, "a@b.example", ["c@d.example"])

    @given(st.lists(st.sampled_from(_PIECES), max_size=40))
    def test_any_order_of_what_means_something(self, pieces: list[bytes]) -> None:
        read(b"".join(pieces))

    def test_a_thousand_multiparts_in_each_other(self) -> None:
        opening = b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1_000)
        )
        assert read(b"Subject: deep\r\n" + opening + b"\r\nHello").subject == "deep"

    @pytest.mark.parametrize(
        "text",
        ["&#" + "9" * 5_000 + ";", "<!--" * 50_000, "<a " * 80_000, '<a href="' * 30_000, "<" * 200_000, "&" * 200_000],
    )
    def test_pages_made_to_take_long(self, text: str) -> None:
        assert read(mail(text, kind="text/html")).subject == "Minutes"
