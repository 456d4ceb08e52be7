"""What the flags of a copy mean: read, and being removed by us. All kinds of server are translated to IMAP's flags."""

from __future__ import annotations

from collections.abc import Iterable

from takeback.ports.mailbox import Copy

DELETED = "\\Deleted"
RECALLED = "$Recalled"
REMOVAL = frozenset({DELETED, RECALLED})
"""Our own mark, set by the conditional step and seen again after a crash."""
READ = frozenset({"\\Seen", "\\Answered", "$Forwarded", "$MDNSent"})
"""Each of them says that somebody, or somebody's program, has dealt with the message (RFC 3503 for the last one)."""

_SPELLINGS = {
    flag.lower(): flag
    for flag in (*READ, *REMOVAL, "\\Flagged", "\\Draft", "\\Recent", "$Junk", "$NotJunk", "$Phishing")
}


def canonical(flags: Iterable[str]) -> frozenset[str]:
    """The flags in one spelling, whatever the server's was; without `\\Recent`, which nobody can set or keep."""
    return frozenset(_SPELLINGS.get(flag.lower(), flag) for flag in flags) - {"\\Recent"}


def are_read(flags: Iterable[str]) -> bool:
    return not READ.isdisjoint(canonical(flags))


def are_removing(flags: Iterable[str]) -> bool:
    return canonical(flags) >= REMOVAL


def without_removal(flags: Iterable[str]) -> frozenset[str]:
    """The flags as their owner would know them."""
    return canonical(flags) - {RECALLED}


def described(flags: Iterable[str]) -> str:
    """`\\Flagged \\Seen`, or `no flags`: for evidence."""
    return " ".join(sorted(flags)) or "no flags"


def settled(copy: Copy) -> bool:
    """Whether an earlier conditional step on it was met, so that what is left is to finish."""
    return copy.removing or are_removing(copy.flags)
