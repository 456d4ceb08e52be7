"""People: rights, sessions, passwords for devices, keys, links and repeated requests, over every database."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from takeback.clock import DAY, HOUR, MINUTE, SECOND
from takeback.ports.people import (
    ApiKey,
    Attempt,
    Author,
    Earlier,
    NewApiKey,
    NewAppPassword,
    NewLink,
    NewSession,
    Preferences,
    Right,
    Scope,
)
from takeback.store.accounts import NewAccount
from takeback.store.audit_tables import act
from takeback.store.people_attempts import REMEMBERED
from takeback.store.people_store import SqlPeopleStore
from takeback.store.tables import AnyRow
from tests.contract.store.trial import ANN, Trial

BEN = "ben@example.com"
ROOT = Author("local:root")
ANN_AT_HOME = Author("web:ann@example.com", "192.0.2.1")


def people_of(trial: Trial) -> SqlPeopleStore:
    return SqlPeopleStore(trial.store.access)


def new_session(trial: Trial, token: str, account: str = ANN, hours: int = 1) -> NewSession:
    return NewSession(token, account, account, "password", trial.clock.now + hours * HOUR, "192.0.2.1", "a browser")


async def acts(trial: Trial) -> Sequence[AnyRow]:
    return await trial.store.access.ask(lambda connection: connection.execute(select(act).order_by(act.c.id)).all())


async def kinds(trial: Trial) -> list[str]:
    return [row.kind for row in await acts(trial)]


async def test_nobody_has_rights_by_default(trial: Trial) -> None:
    record = await people_of(trial).person("never heard of")
    assert not record.rights.administrator and not record.rights.reads_bodies and not record.rights.acts_for


async def test_rights_are_given_and_taken_on_the_record(trial: Trial) -> None:
    people = people_of(trial)
    assert await people.set_right(ANN, Right.ADMINISTRATOR, True, ROOT)
    assert not await people.set_right(ANN, Right.ADMINISTRATOR, True, ROOT)
    assert (await people.person(ANN)).rights.rights == {Right.ADMINISTRATOR}
    assert await people.set_right(ANN, Right.READ_BODIES, True, ROOT)
    assert await people.set_right(ANN, Right.ADMINISTRATOR, False, ROOT)
    assert (await people.person(ANN)).rights.rights == {Right.READ_BODIES}
    assert await kinds(trial) == ["right_add", "right_add", "right_remove"]
    assert [(row.actor, row.account) for row in await acts(trial)] == [("local:root", ANN)] * 3


async def test_a_delegate_acts_for_those_who_named_them_and_nobody_else(trial: Trial) -> None:
    people = people_of(trial)
    assert await people.set_delegate(ANN, BEN, True, ANN_AT_HOME)
    assert not await people.set_delegate(ANN, BEN, True, ANN_AT_HOME)
    assert (await people.person(BEN)).rights.acts_for == {ANN}
    assert (await people.person(ANN)).rights.acts_for == frozenset()
    assert await people.delegates(ANN) == [BEN]
    assert [each.account for each in await people.people()] == [BEN]
    assert await people.set_delegate(ANN, BEN, False, ANN_AT_HOME)
    assert (await people.person(BEN)).rights.acts_for == frozenset()
    assert [row.detail for row in await acts(trial)] == ['{"client":"192.0.2.1","delegate":"ben@example.com"}'] * 2


async def test_preferences_are_kept_beside_rights(trial: Trial) -> None:
    people = people_of(trial)
    await people.set_right(ANN, Right.READ_BODIES, True, ROOT)
    await people.set_preferences(ANN, Preferences("ar", "always"))
    record = await people.person(ANN)
    assert record.preferences == Preferences("ar", "always")
    assert record.rights.reads_bodies
    assert (await people.person(BEN)).preferences == Preferences()


async def test_a_session_lasts_until_it_expires(trial: Trial) -> None:
    people = people_of(trial)
    await people.start_session(new_session(trial, "hash"))
    session = await people.session("hash")
    assert session is not None
    assert (session.person.account, session.client, session.agent) == (ANN, "192.0.2.1", "a browser")
    assert await people.session("another") is None
    trial.clock.advance(HOUR - SECOND)
    await people.touch_session("hash")
    assert [each.seen_at for each in await people.sessions(ANN)] == [trial.clock.now]
    trial.clock.advance(SECOND)
    assert await people.session("hash") is None
    assert await people.sessions(ANN) == []
    assert await people.sweep_people() == 1


async def test_sessions_are_ended_one_by_one_or_all_at_once(trial: Trial) -> None:
    people = people_of(trial)
    for token in ("one", "two", "three"):
        await people.start_session(new_session(trial, token))
    await people.start_session(new_session(trial, "bens", BEN))
    await people.end_session("one", ANN_AT_HOME)
    assert await people.session("one") is None
    bens = await people.session("bens")
    assert bens is not None
    assert await people.end_sessions(ANN, ANN_AT_HOME, bens.id) == 0
    assert await people.end_sessions(ANN, ANN_AT_HOME) == 2
    assert await people.session("bens") is not None
    assert await kinds(trial) == ["sign_in"] * 4 + ["sign_out"] * 2


async def test_another_password_or_no_account_ends_every_way_in(trial: Trial) -> None:
    people = people_of(trial)
    await trial.store.set_account(NewAccount(ANN, ANN, "hash"))
    await people.start_session(new_session(trial, "old"))
    await trial.store.set_account(NewAccount(ANN, ANN, "another hash"))
    assert await people.session("old") is None
    await people.start_session(new_session(trial, "new"))
    await people.add_app_password(NewAppPassword("p1", ANN, "phone", "secret", ROOT))
    await people.add_api_key(NewApiKey("k1", ANN, "laptop", "secret", frozenset(Scope), ROOT))
    await people.set_right(ANN, Right.ADMINISTRATOR, True, ROOT)
    await people.set_delegate(BEN, ANN, True, ROOT)
    assert await trial.store.remove_account(ANN)
    assert await people.session("new") is None
    assert not await people.has_app_password(ANN, "secret")
    assert await people.api_key("k1", "secret") is None
    assert await people.people() == []
    assert not await trial.store.remove_account(ANN)


async def test_an_app_password_is_good_until_it_is_revoked(trial: Trial) -> None:
    people = people_of(trial)
    await people.add_app_password(NewAppPassword("p1", ANN, "phone", "hash", ANN_AT_HOME))
    assert await people.has_app_password(ANN, "hash")
    assert not await people.has_app_password(BEN, "hash")
    assert not await people.has_app_password(ANN, "another")
    assert not await people.has_app_password("a\0b", "hash")
    assert [each.last_used_at for each in await people.app_passwords(ANN)] == [trial.clock.now]
    assert not await people.revoke_app_password(BEN, "p1", Author("web:ben"))
    assert await people.revoke_app_password(ANN, "p1", ANN_AT_HOME)
    assert not await people.revoke_app_password(ANN, "p1", ANN_AT_HOME)
    assert not await people.has_app_password(ANN, "hash")
    assert await kinds(trial) == ["app_password_add", "app_password_revoke"]


async def test_a_key_is_good_with_its_secret_until_it_expires(trial: Trial) -> None:
    people = people_of(trial)
    scopes = frozenset({Scope.READ, Scope.ACT})
    await people.add_api_key(NewApiKey("k1", ANN, "laptop", "hash", scopes, ROOT, trial.clock.now + DAY))
    await people.add_api_key(NewApiKey("k2", BEN, "robot", "other", frozenset(), ROOT))
    key = await people.api_key("k1", "hash")
    assert key == ApiKey("k1", ANN, "laptop", scopes, trial.clock.now, None, trial.clock.now + DAY)
    for id, secret in (("k1", "other"), ("k2", "hash"), ("", ""), ("a\0", "hash")):
        assert await people.api_key(id, secret) is None
    assert [each.last_used_at for each in await people.api_keys(ANN)] == [trial.clock.now]
    assert [each.id for each in await people.api_keys(None)] == ["k1", "k2"]
    trial.clock.advance(DAY)
    assert await people.api_key("k1", "hash") is None
    assert not await people.revoke_api_key(ANN, "k2", ROOT)
    assert await people.revoke_api_key(None, "k2", ROOT)
    assert await people.api_key("k2", "other") is None


async def test_use_is_noted_at_most_once_a_minute(trial: Trial) -> None:
    people = people_of(trial)
    await people.add_api_key(NewApiKey("k1", ANN, "laptop", "hash", frozenset(Scope), ROOT))
    first = trial.clock.now
    for _ in range(3):
        await people.api_key("k1", "hash")
        trial.clock.advance(MINUTE // 3)
        await trial.store.read_clock()
    assert [each.last_used_at for each in await people.api_keys(ANN)] == [first]
    trial.clock.advance(1)
    await trial.store.read_clock()
    await people.api_key("k1", "hash")
    assert [each.last_used_at for each in await people.api_keys(ANN)] == [trial.clock.now]


async def test_a_link_ends_with_its_time(trial: Trial) -> None:
    people = people_of(trial)
    await people.add_link(NewLink("hash", "message", ANN, trial.clock.now + MINUTE))
    link = await people.link("hash")
    assert link is not None and (link.message, link.account) == ("message", ANN)
    trial.clock.advance(MINUTE)
    assert await people.link("hash") is None


async def test_a_repeated_request_hears_the_first_answer(trial: Trial) -> None:
    people = people_of(trial)
    attempt = Attempt("api:ann/laptop", "key", "undo m1", "one")
    again = Attempt("api:ann/laptop", "key", "undo m1", "two")
    assert await people.begin(attempt) is None
    assert await people.begin(attempt) is None, "the same attempt, whose first answer was lost"
    assert await people.begin(again) == Earlier("undo m1", None, "")
    await people.finish(attempt, 200, "done")
    assert await people.begin(again) == Earlier("undo m1", 200, "done")
    assert await people.begin(Attempt("api:ben/laptop", "key", "undo m1", "three")) is None
    trial.clock.advance(REMEMBERED + SECOND)
    assert await people.begin(again) is None


async def test_an_attempt_that_did_nothing_may_be_made_again(trial: Trial) -> None:
    people = people_of(trial)
    attempt = Attempt("api:ann/laptop", "key", "undo m1", "one")
    await people.begin(attempt)
    await people.abandon(Attempt("api:ann/laptop", "key", "undo m1", "not this one"))
    assert await people.begin(Attempt("api:ann/laptop", "key", "undo m1", "two")) is not None
    await people.abandon(attempt)
    assert await people.begin(Attempt("api:ann/laptop", "key", "undo m2", "three")) is None
