"""Twins in English: a message with a mistake, and the same kind of message without it."""

from __future__ import annotations

import pytest

from takeback.clock import DAY
from takeback.review.history import History
from takeback.review.message import read
from takeback.review.rule import Check
from takeback.review.rules import (
    bank_account,
    empty_subject,
    forwarded_outside,
    greeting_mismatch,
    link_mismatch,
    missing_attachment,
    national_id,
    payment_card,
    placeholder,
    reply_all_noise,
    secret,
    too_many_visible,
    weekday_mismatch,
)
from takeback.review.seen import Person, Seen
from tests.review.judging import CONTEXT, NOW, codes, history, judged
from tests.review.mails import attached, mail, multipart

INSIDE = ["Bob <bob@example.com>"]


class TestMissingAttachment:
    @pytest.mark.parametrize(
        "text",
        [
            "Please find attached the minutes.",
            "I've attached the contract for your signature.",
            "The figures are attached.",
            "Attached is the plan we spoke of.",
            "See attachment.",
            "I am attaching two photos of the roof.",
            "Kindly see the enclosed letter.",
            "As discussed, the report is attached. Thanks for your patience.",
            "Thanks for your call, I have attached my notes.",
            "Here is the spreadsheet you asked for.",
            "You will find the agenda in the attachment.",
            "Sorry, I forgot to attach the file. Here it is.",
            "Have a look at the attached and tell me\nwhat you think of it.",
        ],
    )
    def test_a_promise_without_a_file(self, text: str) -> None:
        (found,) = judged(mail(f"Hi Ben,\n\n{text}\n"), missing_attachment.check)
        assert found.where.line is not None and "nothing is attached" in found.reason.en

    @pytest.mark.parametrize(
        "text",
        [
            "Thanks for the attachment, it is very helpful.",
            "I read the document you attached yesterday.",
            "There is no attachment in your mail.",
            "You forgot to attach the file.",
            "Could you please attach the invoice when you answer?",
            "I will attach the report to my next mail.",
            "I'll send the attachment later.",
            "My children are very attached to the old house.",
            "The offer comes with no strings attached.",
            "It was attached to my previous message.",
            "Did you get the attachment?",
            "The attached file is at https://drive.google.com/file/d/1 for you.",
            "The hook is attached to the wall.",
            "I received your attachment and will read it.",
            "We discussed attachment theory in class.",
            "Here is the list:\n- apples\n- pears",
            "Lunch?",
        ],
    )
    def test_words_that_promise_nothing(self, text: str) -> None:
        assert judged(mail(f"Hi Ben,\n\n{text}\n"), missing_attachment.check) == []

    def test_with_the_file_nothing_is_said(self) -> None:
        content = mail("Please find attached the minutes.\n", files=[("minutes.pdf", "application/pdf", b"%PDF")])
        assert judged(content, missing_attachment.check) == []

    def test_a_logo_that_the_page_shows_is_no_attachment(self) -> None:
        logo = attached("logo.png", "image/png", b"png", "Content-Disposition: inline", "Content-ID: <logo>")
        page = b'Content-Type: text/html\r\n\r\n<p>The report is attached.</p><img src="cid:logo">'
        top = b"From: ann@example.com\r\nTo: ben@example.org\r\nSubject: Report\r\n"
        assert judged(top + multipart("related", page, logo), missing_attachment.check)

    def test_the_subject_promises_too(self) -> None:
        assert judged(mail("As discussed.\n", subject="Contract attached"), missing_attachment.check)
        assert not judged(mail("As discussed.\n", subject="Re: Contract attached"), missing_attachment.check)

    @pytest.mark.parametrize(
        "below",
        [
            "On Monday Ben wrote:\n> The report is attached.",
            "-- \nAnn\nThe attached logo is ours.",
            "This e-mail and any attachments are intended only for the addressee.",
        ],
    )
    def test_what_is_not_new_text_promises_nothing(self, below: str) -> None:
        assert judged(mail(f"Fine with me.\n\n{below}\n"), missing_attachment.check) == []

    FORWARDED = (
        "{own}\n\n---------- Forwarded message ---------\nFrom: Ben <ben@example.org>\n"
        "Subject: Minutes\nDate: Mon, 2 Nov 2026\nTo: Ann <ann@example.com>\n\n{said}\n"
    )

    @pytest.mark.parametrize("said", ["The minutes are attached.", "مرفق لكم محضر الاجتماع."])
    @pytest.mark.parametrize("own", ["", "FYI", "What do you think of it?"])
    def test_what_is_passed_on_promises_what_it_had(self, own: str, said: str) -> None:
        text = self.FORWARDED.format(own=own, said=said)
        (found,) = judged(mail(text, subject="Fwd: Minutes"), missing_attachment.check)
        assert found.probability == 0.3 and "pass on" in found.reason.en and found.where.line
        with_file = mail(text, subject="Fwd: Minutes", files=[("minutes.pdf", "application/pdf", b"%PDF")])
        assert judged(with_file, missing_attachment.check) == []

    @pytest.mark.parametrize(
        "said",
        [
            "Here is the list of what we need.",
            "The papers are enclosed.",
            "The minutes you attached are fine.",
            "Please click on the attached link.",
            "Attached: https://drive.google.com/file/d/1",
            "Fine with me.\n\nOn Monday Ann wrote:\n> The minutes are attached.",
            "See below.\n\n-----Original Message-----\nFrom: Eve\nSent: Monday\nTo: Ben\nSubject: x\n\nI attached it.",
        ],
    )
    def test_what_is_passed_on_and_had_no_file_itself(self, said: str) -> None:
        text = self.FORWARDED.format(own="FYI", said=said)
        assert judged(mail(text, subject="Fwd: Minutes"), missing_attachment.check) == []

    def test_a_reply_that_mentions_what_it_answers_promises_nothing(self) -> None:
        below = "\n\nOn Monday Ben wrote:\n> {said}\n"
        own = "They must have the attached letter by Friday."
        theirs, nothing = below.format(said="The letter is attached."), below.format(said="What do they need?")
        subject = "Re: The letter"
        assert judged(mail(own + theirs, subject=subject), missing_attachment.check) == []
        assert judged(mail(own + nothing, subject=subject), missing_attachment.check)
        assert judged(mail("I have attached the letter." + theirs, subject=subject), missing_attachment.check)
        assert judged(mail("سأناقش العقد المرفق غدًا." + theirs, subject=subject), missing_attachment.check) == []

    def test_a_paragraph_that_recurs_promises_nothing(self) -> None:
        text = "Hello.\n\nFor our opening hours see the attached leaflet at every branch.\n"
        message = read(mail(text), "ann@example.com")
        known = History()
        for day in range(3):
            known.observe(
                Seen(NOW - day * DAY, Person("ann@example.com"), (Person("b@x.example"),), blocks=message.blocks)
            )
        assert missing_attachment.check(message, History(), CONTEXT)
        assert missing_attachment.check(message, known, CONTEXT) == []


class TestGreeting:
    KNOWN = history(
        ("ben@example.org", "Ben Miller"),
        ("robert@example.org", "Robert Jones"),
        ("khalid@example.net", "خالد العتيبي"),
    )

    @pytest.mark.parametrize(
        ("greeting", "to"),
        [
            ("Hi Ben,", "Robert Jones <robert@example.org>"),
            ("Ben,", "Robert Jones <robert@example.org>"),
            ("Dear Mr. Miller,", "Robert Jones <robert@example.org>"),
            ("Dear Khalid,", "Ben Miller <ben@example.org>"),
            ("Good morning Bob!", "Ben Miller <ben@example.org>"),
        ],
    )
    def test_another_contact_is_greeted(self, greeting: str, to: str) -> None:
        (found,) = judged(mail(f"{greeting}\n\nSee you at noon.\n", to=[to]), greeting_mismatch.check, self.KNOWN)
        assert found.where.line == 1

    @pytest.mark.parametrize(
        ("greeting", "to"),
        [
            ("Hi Ben,", "Ben Miller <ben@example.org>"),
            ("Hi Bob,", "Robert Jones <robert@example.org>"),
            ("Dear Khaled,", "khalid@example.net"),
            ("Hi Zoe,", "Ben Miller <ben@example.org>"),
            ("Hi all,", "Ben Miller <ben@example.org>"),
            ("Dear Sir or Madam,", "Ben Miller <ben@example.org>"),
            ("Hi Ben,", "info@example.org"),
            ("Please come at noon.", "Ben Miller <ben@example.org>"),
            ("Thanks,", "Ben Miller <ben@example.org>"),
        ],
    )
    def test_the_recipient_or_nobody_known_is_greeted(self, greeting: str, to: str) -> None:
        content = mail(f"{greeting}\n\nSee you at noon.\n", to=[to])
        assert judged(content, greeting_mismatch.check, self.KNOWN) == []


class TestLeaks:
    @pytest.mark.parametrize(
        ("check", "text"),
        [
            (secret.check, "AWS: AKIA" + "ABCDEFGHIJKLMNOP"),
            (secret.check, "-----BEGIN RSA PRIVATE" + " KEY-----"),
            (secret.check, "The password is Tr0ub4dor&3"),
            (secret.check, "postgres://admin:s3cretpw@db.example.org/x"),
            (payment_card.check, "Card: 4539 1488 0343 6467"),
            (payment_card.check, "5425233430109903"),
            (bank_account.check, "Please pay to SA03 8000 0000 6080 1016 7519 by Friday"),
            (bank_account.check, "IBAN GB29NWBK60161331926819."),
            (national_id.check, "His Emirates ID is 784-1990-1234567-6"),
            (national_id.check, "SSN 536-90-4399"),
            (national_id.check, "national ID 1000000008"),
            (national_id.check, "CURP BOXW310820HNERXN09"),
        ],
    )
    def test_it_leaves_and_is_not_repeated(self, check: Check, text: str) -> None:
        (found,) = judged(mail(f"Hello.\n{text}\n"), check)
        assert found.where.line == 2
        digits = "".join(char for char in text if char.isalnum())[-9:]
        assert digits not in found.reason.en and digits not in found.reason.ar
        assert digits[-5:] not in found.about.replace(" ", "")
        assert judged(mail(f"Hello.\n{text}\n", to=INSIDE), check) == []

    @pytest.mark.parametrize(
        "text",
        [
            "Your password is required to log in.",
            "Reset your password: click the button below.",
            "Meeting ID 912 3456 7890, Passcode: 123456",
            "Order 4539148803436468 was shipped.",
            "Test with 4111 1111 1111 1111.",
            "IBAN GB29NWBK60161331926818",
            "Call me on 055 123 4567 or 1234567890.",
            "The token of my love is this ring.",
            "Invoice 10000000000008 of 2026-11-23",
            "https://example.com/track/5425233430109903",
            "MAC 00:1B:44:11:3A:B7, serial 784199012345678",
        ],
    )
    def test_what_only_looks_like_it(self, text: str) -> None:
        assert codes(mail(f"Hello.\n{text}\n")) == set()

    def test_a_list_is_likelier_a_leak(self) -> None:
        cards = "\n".join(
            ["4539148803436467", "5425233430109903", "4916338506082832", "374245455400126", "6011000991300009"]
        )
        (found,) = judged(mail(cards), payment_card.check)
        assert found.probability > 0.9 and "5 payment cards" in found.reason.en


class TestThreads:
    INTERNAL = (
        "FYI\n\n-----Original Message-----\nFrom: Bob <bob@example.com>\nSent: Monday\nTo: Cleo <cleo@example.com>\n"
        "Subject: Prices\n\n{words}\n"
    )

    def test_a_thread_of_colleagues_goes_outside(self) -> None:
        content = mail(self.INTERNAL.format(words="We take 40."), subject="FW: Prices")
        (found,) = judged(content, forwarded_outside.check)
        (worse,) = judged(
            mail(self.INTERNAL.format(words="Strictly confidential: 40."), subject="FW: Prices"),
            forwarded_outside.check,
        )
        assert found.probability < worse.probability
        assert (
            judged(mail(self.INTERNAL.format(words="x"), subject="FW: Prices", to=INSIDE), forwarded_outside.check)
            == []
        )

    def test_a_thread_that_had_somebody_outside(self) -> None:
        content = mail(
            self.INTERNAL.format(words="x").replace("cleo@example.com", "zoe@example.org"), subject="FW: Prices"
        )
        assert judged(content, forwarded_outside.check) == []

    def test_thanks_to_everybody(self) -> None:
        many = [f"p{n}@example.com" for n in range(12)]
        reply = {"In-Reply-To": "<x@y>"}
        assert judged(mail("Thanks!\n", to=many, headers=reply, subject="Re: x"), reply_all_noise.check)
        assert not judged(mail("Thanks!\n", headers=reply, subject="Re: x"), reply_all_noise.check)
        assert not judged(mail("Thanks, but the price is wrong.\n", to=many, headers=reply), reply_all_noise.check)

    def test_many_who_see_each_other(self) -> None:
        many = [f"p{n}@d{n % 3}.example" for n in range(20)]
        assert judged(mail(to=many), too_many_visible.check)
        assert not judged(mail(headers={"Bcc": ", ".join(many)}), too_many_visible.check)
        assert not judged(mail(to=many[:5]), too_many_visible.check)
        known = History()
        known.observe(Seen(NOW, Person("ann@example.com"), tuple(Person(address) for address in many)))
        assert not judged(mail(to=many), too_many_visible.check, known)

    def test_many_organisations_that_see_each_other(self) -> None:
        assert judged(mail(to=[f"p@d{n}.example" for n in range(5)]), too_many_visible.check)


class TestSlips:
    @pytest.mark.parametrize(
        "text",
        [
            "Dear {{first_name}},",
            "Dear [Client Name],",
            "Hello %FIRST_NAME%,",
            "Dear *|FNAME|*",
            "Dear Mr. _____,",
            "Due on [insert date].",
        ],
    )
    def test_a_template_that_was_not_filled_in(self, text: str) -> None:
        assert judged(mail(f"{text}\nYour order is ready.\n"), placeholder.check)

    @pytest.mark.parametrize(
        "text",
        [
            "The room is TBD.",
            "see <<plan.doc>>",
            "array[i] and [1]",
            "a 50% off and 20% more",
            "Use {{ name }} in the template.",
        ],
    )
    def test_what_only_looks_like_a_template(self, text: str) -> None:
        assert judged(mail(f"{text}\n"), placeholder.check) == []

    @pytest.mark.parametrize(
        ("text", "wrong"),
        [
            ("We meet on Sunday, 16 March 2026.", True),
            ("We meet on Sunday, 15 March 2026.", False),
            ("We meet on Tuesday, November 24.", False),
            ("We meet on Wednesday, November 24.", True),
            ("We meet on Wed 25/11/2026 at 10.", False),
            ("We meet on Thu 25/11/2026 at 10.", True),
            ("We meet on Friday 2026-11-28.", True),
            ("The 3 December (Friday) is free.", True),
            ("The 3 December (Thursday) is free.", False),
            ("Sunday 10 people came, May 5 of them stay.", False),
            ("Mon 5/4/2026 is fine", False),
            ("We come on Monday and Tuesday (23 and 24 November).", False),
            ("Open from Sunday to Thursday, 22 November to 26 November.", False),
            ("يومي الأحد والاثنين ٢٢ و٢٣ نوفمبر.", False),
            ("Monday through Friday, November 23-27", False),
            ("Not on Monday. Tuesday, 25 November is better.", True),
        ],
    )
    def test_weekdays(self, text: str, wrong: bool) -> None:
        assert bool(judged(mail(f"{text}\n"), weekday_mismatch.check)) is wrong

    def test_an_empty_subject(self) -> None:
        text = "Could you send us the offer for next year?\n"
        assert judged(mail(text, subject=""), empty_subject.check)
        assert judged(mail(text, subject="(no subject)"), empty_subject.check)
        assert not judged(mail(text), empty_subject.check)
        assert not judged(mail(text, subject="", headers={"In-Reply-To": "<x@y>"}), empty_subject.check)

    @pytest.mark.parametrize(
        ("link", "wrong"),
        [
            ('<a href="https://example.net/pay">www.example.org/pay</a>', True),
            ('<a href="https://www.example.org/pay?a=1">example.org/pay</a>', False),
            (
                '<a href="https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fexample.org">https://example.org</a>',
                False,
            ),
            ('<a href="https://example.net/">our page</a>', False),
            ('<a href="http://localhost:8000/x">here</a>', True),
            ('<a href="file:///C:/Users/ann/plan.doc">plan</a>', True),
            ('<a href="mailto:ben@example.net">ben@example.org</a>', False),
        ],
    )
    def test_links(self, link: str, wrong: bool) -> None:
        assert bool(judged(mail(f"<p>Look: {link}</p>", kind="text/html"), link_mismatch.check)) is wrong
