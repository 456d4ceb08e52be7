"""What must hold for any bytes, however they are cut."""

from __future__ import annotations

import hashlib
import re

from hypothesis import given
from hypothesis import strategies as st

from takeback.mail import address, message_id, recall_lock, xtext
from takeback.mail.authors import UnclearAuthor, authors
from takeback.mail.decoding import decoded
from takeback.mail.digest import BodyDigest
from takeback.mail.headers import HeaderError, split
from takeback.mail.rewrite import Facts, SignedRecallLock, rewrite

PIECES = st.lists(
    st.sampled_from([b"\r\n", b"\r", b"\n", b"a", b" ", b"", b"\r\n\r\n", b"From: a@b", b":", b"\0"])
    | st.binary(max_size=8)
)
FIELD = st.sampled_from(
    [
        b"From: a@b\r\n", b"Subject: x\r\n y\r\n", b"Takeback-Hold: 5m\r\n", b"Takeback-X:\r\n z\r\n", b"Date: now\r\n",
        b"Message-ID: <m@b>\r\n", b"Recall-Lock: sha256:x\r\n", b"DKIM-Signature: h=from:takeback-x:date\r\n",
    ]
)  # fmt: skip
FACTS = Facts(received=b"Received: by b\r\n", now=0, fresh_id="<fresh@b>", uid="ann", secret=bytes(32))
ADDRESS_TEXT = st.text(st.sampled_from('ab.@<>()",:;\\[]= \té\u200b?') | st.characters(codec="utf-8"), max_size=40)


def canonical(body: bytes) -> bytes:
    """RFC 6376 §3.4.3, as plainly as it can be said."""
    while body.endswith(b"\r\n"):
        body = body[:-2]
    return body + b"\r\n"


@given(PIECES)
def test_digest_does_not_depend_on_the_cuts(pieces: list[bytes]) -> None:
    streamed = BodyDigest()
    for piece in pieces:
        streamed.update(piece)
    assert streamed.digest() == hashlib.sha256(canonical(b"".join(pieces))).digest()


@given(PIECES)
def test_a_header_is_read_or_refused(pieces: list[bytes]) -> None:
    raw = b"".join(pieces)
    try:
        header = split(raw, limit=60)
    except HeaderError:
        return
    assert b"".join(raw[field.start : field.end] for field in header.fields) == raw[: header.end]
    assert raw[header.end : header.body] in (b"", b"\r\n")
    assert header.end <= 60
    assert not re.search(rb"\0|\r(?!\n)|(?<!\r)\n", raw[: header.end])
    message_id.of(header)
    header.text("from")


@given(st.lists(FIELD, max_size=8), st.binary(max_size=20))
def test_rewriting_adds_on_top_and_cuts_whole_fields(fields: list[bytes], body: bytes) -> None:
    raw = b"".join(fields) + b"\r\n" + body
    header = split(raw)
    plan = rewrite(header, FACTS)
    changed = plan.apply(raw)
    signed = any(field.startswith(b"DKIM") for field in fields)
    kept = [
        field
        for field in fields
        if not field.startswith((b"Recall-Lock", b"Takeback-Hold")) and (signed or not field.startswith(b"Takeback-X"))
    ]
    assert changed == plan.prefix + b"".join(kept) + b"\r\n" + body
    assert len(changed) == len(raw) + plan.growth
    again = split(changed)
    assert again.count("recall-lock") == 1
    assert recall_lock.matches(again.text("recall-lock"), FACTS.secret, FACTS.uid, plan.message_id)
    assert message_id.of(again) == plan.message_id
    assert signed or again.count("date") >= 1


@given(st.lists(FIELD, max_size=4), st.binary(max_size=60))
def test_any_signature_is_survived(fields: list[bytes], value: bytes) -> None:
    raw = b"".join(fields) + b"DKIM-Signature:" + re.sub(rb"[\r\n\0]", b"", value) + b"\r\n\r\n"
    try:
        plan = rewrite(split(raw), FACTS)
    except SignedRecallLock:
        assert b"recall-lock" in re.sub(rb"[ \t]", b"", raw.lower())
        return
    assert plan.apply(raw).startswith(FACTS.received)


@given(ADDRESS_TEXT)
def test_authors_are_addresses_or_refused(text: str) -> None:
    value = re.sub("[\r\n\0]", " ", text)
    try:
        found = authors(split(f"From: {value}\r\n\r\n".encode()))
    except UnclearAuthor:
        return
    assert found
    for author in found:
        assert address.is_addr_spec(author)
        assert author in value
        assert address.same(author, author)


@given(ADDRESS_TEXT, ADDRESS_TEXT)
def test_canonical_forms_are_stable(one: str, other: str) -> None:
    text = f"{one}@{other}"
    assert address.same(text, text)
    assert address.same(text, other) == address.same(other, text)
    if address.is_addr_spec(text):
        assert address.key(address.key(text)) == address.key(text)
        assert address.same(address.key(text), text)
        if "*" not in text:
            assert address.Pattern(text).matches(text)


@given(
    st.binary(max_size=60)
    | st.lists(st.sampled_from([b"=?", b"utf-8", b"?q?", b"?b?", b"=C3", b"?=", b" "])).map(b"".join)
)
def test_any_value_decodes(value: bytes) -> None:
    text = decoded(value, 20)
    assert len(text) <= 20
    assert "\0" not in text
    text.encode("utf-8")


@given(st.text(st.characters(codec="utf-8")))
def test_xtext_round_trip(text: str) -> None:
    encoded = "".join(
        chr(octet) if 33 <= octet <= 126 and octet not in b"+=" else f"+{octet:02X}" for octet in text.encode()
    )
    assert xtext.decode(encoded) == text
