"""Twins: a message that goes to somebody it was not meant for, and the same kind of message that does not."""

from __future__ import annotations

import random

import pytest

from takeback.clock import DAY
from takeback.review.finding import Finding
from takeback.review.history import History
from takeback.review.message import read
from takeback.review.rule import Check, Context
from takeback.review.rules import (
    first_time_external,
    missing_member,
    new_domain_in_reply,
    typo_domain,
    unusual_group,
    wrong_identity,
    wrong_recipient,
)
from takeback.review.seen import Person, Seen
from tests.review.judging import CONTEXT, NOW
from tests.review.mails import mail

ANN = Person("ann@example.com", "Ann")
PRIVATE = Person("ann.lee@home.example")
TWO_FACES = Context(NOW, frozenset([ANN.address, PRIVATE.address]), CONTEXT.is_internal)


def wrote(
    history: History, *to: str, times: int = 1, days_ago: float = 5, subject: str = "Plans", author: Person = ANN
) -> None:
    people = tuple(Person(address) for address in to)
    history.observe(Seen(NOW - int(days_ago * DAY), author, people, subject, True, times))


def heard(history: History, author: str, *others: str, days_ago: float = 5, subject: str = "Plans") -> None:
    people = tuple(Person(address) for address in others)
    history.observe(Seen(NOW - int(days_ago * DAY), Person(author), people, subject, False))


def found(
    check: Check,
    history: History,
    *to: str,
    subject: str = "Minutes",
    text: str = "Hello.\n",
    sender: str = "Ann <ann@example.com>",
    context: Context = CONTEXT,
    reply: bool = False,
) -> list[Finding]:
    headers = {"In-Reply-To": "<zero@example.com>"} if reply else {}
    content = mail(text, sender=sender, to=to, subject=subject, headers=headers)
    return check(read(content, "ann@example.com"), history, context)


def usual() -> History:
    """Somebody who writes to a few people, alone and in two groups, for months."""
    history, chance = History(), random.Random(1)
    team = ["bob@example.com", "carol@example.com", "dan@example.com"]
    for day in range(120, 0, -2):
        wrote(history, *team, days_ago=day, subject=f"Stand-up {day}")
        wrote(history, chance.choice(team), days_ago=day + 0.2, subject=f"Question {day}")
        wrote(history, "sara@acme.com", "omar@acme.com", days_ago=day + 0.5, subject=f"Delivery {day}")
        heard(history, "sara@acme.com", days_ago=day + 0.1, subject=f"Re: Delivery {day}")
    wrote(history, "sarah.miller@beta.example", times=2, days_ago=40, subject="Invoice")
    return history


class TestWrongRecipient:
    @pytest.mark.parametrize(
        ("known", "slip"),
        [
            ("sara@acme.com", "sara@acme.co"),
            ("sara.ahmed@acme.com", "sara.ahmed@acmee.com"),
            ("mohammed.ali@acme.com", "mohamed.ali@acme.com"),
            ("sara.ahmed@acme.com", "sara.ahmed@other.example"),
            ("paul@acme.com", "pаul@acme.com"),  # the second letter is Cyrillic
            ("jan.kowalski@acme.com", "jan.kowlaski@acme.com"),
        ],
    )
    def test_a_stranger_who_looks_like_a_contact(self, known: str, slip: str) -> None:
        history = usual()
        wrote(history, known, times=41, days_ago=3)
        (finding,) = found(wrong_recipient.check, history, slip)
        assert finding.where.recipient == finding.about
        assert finding.probability >= 0.2
        assert f"you wrote 41 times to {known}" in finding.reason.en or "times to" in finding.reason.en
        assert known in finding.reason.ar

    @pytest.mark.parametrize(
        ("known", "other"),
        [
            ("info@acme.com", "info@other.example"),
            ("room1@example.com", "room2@example.com"),
            ("sara@acme.com", "sara@other.example"),
            ("bob@example.com", "eve@example.net"),
            ("al@acme.com", "ad@acme.com"),
        ],
    )
    def test_a_stranger_who_is_just_another(self, known: str, other: str) -> None:
        history = usual()
        wrote(history, known, times=41, days_ago=3)
        assert found(wrong_recipient.check, history, other) == []

    def test_a_contact_who_is_hardly_known_has_no_lookalikes(self) -> None:
        history = History()
        wrote(history, "sara@acme.com", times=2)
        assert found(wrong_recipient.check, history, "sara@acme.co") == []

    def test_both_are_meant(self) -> None:
        history = usual()
        wrote(history, "mohammed.ali@acme.com", times=41)
        assert found(wrong_recipient.check, history, "mohamed.ali@acme.com", "mohammed.ali@acme.com") == []

    def test_a_name_that_belongs_to_another_address(self) -> None:
        history = usual()
        sara = Person("s.ahmed@acme.com", "Sara Ahmed")
        for day in range(5):
            history.observe(Seen(NOW - day * DAY, ANN, (sara,)))
        (finding,) = found(wrong_recipient.check, history, '"Ahmed, Sara" <d17@gamma.example>')
        assert "s.ahmed@acme.com" in finding.reason.en
        assert found(wrong_recipient.check, history, "Sara Ahmed <s.ahmed@acme.com>") == []

    def test_someone_from_elsewhere_among_those_of_a_thread(self) -> None:
        history = usual()
        wrote(history, "samir@gamma.example", times=1, days_ago=100, subject="Old")
        wrong = found(wrong_recipient.check, history, "omar@acme.com", "samir@gamma.example", subject="Re: Delivery 2")
        right = found(wrong_recipient.check, history, "omar@acme.com", "sara@acme.com", subject="Re: Delivery 2")
        assert [each.about for each in wrong] == ["samir@gamma.example"]
        assert right == []

    def test_ordinary_mail_of_long_standing(self) -> None:
        history = usual()
        team = ("bob@example.com", "carol@example.com", "dan@example.com")
        assert found(wrong_recipient.check, history, *team) == []
        assert found(wrong_recipient.check, history, "bob@example.com") == []
        assert found(wrong_recipient.check, history, "sara@acme.com", "omar@acme.com", subject="Re: Delivery 2") == []

    def test_without_a_history_nobody_is_wrong(self) -> None:
        assert found(wrong_recipient.check, History(), "sara@acme.co") == []


class TestTypoDomain:
    @pytest.mark.parametrize(
        ("address", "meant"),
        [
            ("sara@gmial.com", "gmail.com"),
            ("sara@gmail.con", "gmail.com"),
            ("sara@gmail.co", "gmail.com"),
            ("sara@hotmial.com", "hotmail.com"),
            ("sara@yaho.com", "yahoo.com"),
            ("sara@outlok.com", "outlook.com"),
            ("sara@unheard-of.con", "unheard-of.com"),
            ("sara@acme-logistic.com", "acme-logistics.com"),
            ("sara@acme-logistics.co", "acme-logistics.com"),
            ("sara@аcme-logistics.com", "acme-logistics.com"),  # the first letter is Cyrillic
            ("sara@rnicrosoft.com", "microsoft.com"),
        ],
    )
    def test_a_slip(self, address: str, meant: str) -> None:
        history = usual()
        wrote(history, "omar@acme-logistics.com", times=12)
        (finding,) = found(typo_domain.check, history, address)
        assert meant in finding.reason.en
        assert meant in finding.reason.ar

    @pytest.mark.parametrize(
        "address",
        [
            "sara@gmail.com",
            "sara@mail.com",
            "sara@yahoo.co.uk",
            "sara@hotmail.fr",
            "sara@gmx.de",
            "sara@live.co.uk",
            "sara@ymail.com",
            "sara@acme-logistics.com",
            "sara@mail.acme-logistics.com",
            "sara@next.example",
            "sara@printer.local",
            "sara@[192.0.2.1]",
            "sara@localhost",
            "sara@bbc.co.uk",
            "sara@ksu.edu.sa",
            "sara@مثال.السعودية",
        ],
    )
    def test_a_domain_as_it_is(self, address: str) -> None:
        history = usual()
        wrote(history, "omar@acme-logistics.com", times=12)
        assert found(typo_domain.check, history, address) == []

    def test_a_domain_written_to_often_is_meant(self) -> None:
        history = usual()
        wrote(history, "sara@acme.co", times=9)
        assert found(typo_domain.check, history, "sara@acme.co") == []

    def test_the_own_domain_with_a_slip(self) -> None:
        (finding,) = found(typo_domain.check, History(), "bob@exampel.com")
        assert "example.com" in finding.reason.en


class TestFirstTimeExternal:
    def test_a_new_domain(self) -> None:
        (finding,) = found(first_time_external.check, usual(), "eve@new.example")
        assert finding.about == "eve@new.example"
        assert finding.reason.en.endswith("anybody at new.example")

    def test_a_new_address_at_a_known_domain_is_less(self) -> None:
        (known,) = found(first_time_external.check, usual(), "eve@acme.com")
        (new,) = found(first_time_external.check, usual(), "eve@new.example")
        assert known.probability < new.probability
        assert "2 other addresses at acme.com" in known.reason.en

    @pytest.mark.parametrize("address", ["sara@acme.com", "new@example.com", "ann@example.com"])
    def test_the_known_and_the_internal(self, address: str) -> None:
        assert found(first_time_external.check, usual(), address) == []

    def test_somebody_who_is_in_the_quoted_conversation(self) -> None:
        text = "Yes.\n\nOn Monday Eve <eve@new.example> wrote:\n> May we?\n"
        assert found(first_time_external.check, usual(), "eve@new.example", text=text, reply=True) == []

    def test_somebody_who_was_heard_from_or_seen_beside(self) -> None:
        history = usual()
        heard(history, "eve@new.example", "lee@new.example")
        assert found(first_time_external.check, history, "eve@new.example", "lee@new.example") == []

    def test_a_sender_who_has_hardly_written_yet(self) -> None:
        assert found(first_time_external.check, History(), "eve@new.example") == []


class TestNewDomainInReply:
    TEXT = "Yes.\n\nOn Monday Sara <sara@acme.com> wrote:\n> May we?\n"

    def test_an_organisation_that_had_no_part(self) -> None:
        people = ("sara@acme.com", "eve@new.example")
        (finding,) = found(new_domain_in_reply.check, usual(), *people, text=self.TEXT, reply=True)
        assert finding.where.recipient == "eve@new.example"

    def test_those_who_had(self) -> None:
        people = ("sara@acme.com", "new@acme.com", "bob@example.com")
        assert found(new_domain_in_reply.check, usual(), *people, text=self.TEXT, reply=True) == []

    def test_a_new_message_is_no_reply(self) -> None:
        assert found(new_domain_in_reply.check, usual(), "sara@acme.com", "eve@new.example") == []

    def test_who_usually_goes_with_them(self) -> None:
        history = usual()
        wrote(history, "sara@acme.com", "eve@new.example", times=3)
        people = ("sara@acme.com", "eve@new.example")
        assert found(new_domain_in_reply.check, history, *people, text=self.TEXT, reply=True) == []


class TestUnusualGroup:
    TEAM = ("bob@example.com", "carol@example.com", "dan@example.com")

    def test_an_outsider_among_colleagues(self) -> None:
        (finding,) = found(unusual_group.check, usual(), *self.TEAM, "sara@acme.com")
        assert finding.about == "sara@acme.com"
        assert finding.probability >= 0.2

    def test_the_team(self) -> None:
        assert found(unusual_group.check, usual(), *self.TEAM) == []

    def test_somebody_who_joined_them_before(self) -> None:
        history = usual()
        wrote(history, *self.TEAM, "sara@acme.com")
        assert found(unusual_group.check, history, *self.TEAM, "sara@acme.com") == []

    def test_people_who_are_no_group(self) -> None:
        assert found(unusual_group.check, usual(), "bob@example.com", "sara@acme.com", "eve@new.example") == []


class TestWrongIdentity:
    AS_PRIVATE = "Ann <ann.lee@home.example>"

    def test_work_mail_from_the_private_address(self) -> None:
        history = usual()
        wrote(history, "mum@family.example", times=9, author=PRIVATE)
        (finding,) = found(wrong_identity.check, history, "sara@acme.com", sender=self.AS_PRIVATE, context=TWO_FACES)
        assert "ann.lee@home.example" in finding.reason.en
        assert "as ann@example.com 60 times" in finding.reason.en

    def test_each_to_their_own(self) -> None:
        history = usual()
        wrote(history, "mum@family.example", times=9, author=PRIVATE)
        to_mum = found(wrong_identity.check, history, "mum@family.example", sender=self.AS_PRIVATE, context=TWO_FACES)
        assert to_mum == found(wrong_identity.check, history, "sara@acme.com", context=TWO_FACES) == []

    def test_both_identities_were_used(self) -> None:
        history = usual()
        wrote(history, "sara@acme.com", author=PRIVATE)
        used = found(wrong_identity.check, history, "sara@acme.com", sender=self.AS_PRIVATE, context=TWO_FACES)
        assert used == []

    def test_a_new_address_at_a_firm_that_knows_the_other_identity(self) -> None:
        history = usual()
        wrote(history, "mum@family.example", times=9, author=PRIVATE)
        (finding,) = found(wrong_identity.check, history, "eve@acme.com", sender=self.AS_PRIVATE, context=TWO_FACES)
        assert "people at acme.com" in finding.reason.en

    def test_an_answer_from_another_address_than_was_written_to(self) -> None:
        text = "Yes.\n\nFrom: Eve <eve@new.example>\nTo: Ann <ann@example.com>\nSubject: Job\n\nMay we talk?\n"
        answer = found(
            wrong_identity.check,
            History(),
            "eve@new.example",
            text=text,
            sender=self.AS_PRIVATE,
            context=TWO_FACES,
            reply=True,
        )
        assert [each.code for each in answer] == ["wrong_identity"]


def test_programs_are_not_asked_whom_they_write_to() -> None:
    history = usual()
    content = mail(to=["sara@acme.co"], headers={"Auto-Submitted": "auto-generated"})
    message = read(content, ANN.address)
    for rule in (wrong_recipient, typo_domain, first_time_external, unusual_group, wrong_identity):
        assert rule.check(message, history, CONTEXT) == []


class TestMissingMember:
    TEAM = ("bob@example.com", "carol@example.com", "dan@example.com")

    def test_two_of_three_who_always_go_together(self) -> None:
        (finding,) = found(missing_member.check, usual(), "bob@example.com", "carol@example.com", subject="Stand-up")
        assert finding.about == "dan@example.com"
        assert "60 of 60 messages" in finding.reason.en
        assert "60" in finding.reason.ar

    def test_all_three(self) -> None:
        assert found(missing_member.check, usual(), *self.TEAM, subject="Stand-up") == []

    def test_two_who_often_go_without_the_third(self) -> None:
        history = usual()
        wrote(history, "bob@example.com", "carol@example.com", times=30, days_ago=3)
        assert found(missing_member.check, history, "bob@example.com", "carol@example.com") == []

    def test_one_of_a_group_alone(self) -> None:
        assert found(missing_member.check, usual(), "bob@example.com") == []

    def test_people_who_were_never_together(self) -> None:
        assert found(missing_member.check, usual(), "bob@example.com", "sara@acme.com") == []


def test_a_reply_to_the_other_of_two_who_are_called_alike() -> None:
    history = usual()
    wrote(history, "sara.ali@beta.example", times=2, days_ago=200, subject="Lease")
    wrote(history, "sara.ahmed@acme.com", times=4, subject="Prices")
    heard(history, "sara.ahmed@acme.com", days_ago=1, subject="Re: Prices")
    (finding,) = found(wrong_recipient.check, history, "sara.ali@beta.example", subject="Re: Prices", reply=True)
    assert "sara.ahmed@acme.com takes part in this thread" in finding.reason.en
    assert found(wrong_recipient.check, history, "sara.ahmed@acme.com", subject="Re: Prices", reply=True) == []
    assert found(wrong_recipient.check, history, "sara.ali@beta.example", subject="Re: Lease", reply=True) == []


def test_two_of_one_firm_who_meet_for_the_first_time() -> None:
    history = History()
    wrote(history, "sara.ahmed@acme.com", times=41, days_ago=3)
    wrote(history, "omar@acme.com", times=5, days_ago=20)
    assert found(wrong_recipient.check, history, "sara.ahmed@acme.com", "omar@acme.com") == []
