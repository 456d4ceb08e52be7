"""What can happen to one recipient's copy before it is delivered, as one table.

The store refuses every change that is not in this table, and the diagram in `docs/states.md` is made from it.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    HELD = "held"
    """Waits for its time, or for somebody to release it."""
    CLAIMED = "claimed"
    """A worker has it in hand; undo still wins."""
    LEAVING = "leaving"
    """The dot mark is committed: from here on it may have left."""
    DEFERRED = "deferred"
    """Was tried, was not taken, will be tried again."""
    SENT = "sent"
    """The next server said 2xx after the dot."""
    FAILED = "failed"
    """Refused for good, or given up."""
    UNKNOWN = "unknown"
    """The dot may have left and no answer is known."""
    LET_BE = "let_be"
    """Was unknown, and its sender decided to leave it alone."""
    UNDONE = "undone"
    """Stopped before it left. Final."""


class Act(StrEnum):
    CLAIM = "claim"
    MARK_DOT = "mark_dot"
    GIVE_BACK = "give_back"
    SENT = "sent"
    DEFER = "defer"
    FAIL = "fail"
    LOSE = "lose"
    UNDO = "undo"
    RELEASE = "release"
    HOLD = "hold"
    REVIEW = "review"
    SEND_AGAIN = "send_again"
    RESTORE = "restored"


TRANSITIONS: dict[Act, dict[State, State]] = {
    Act.CLAIM: {State.HELD: State.CLAIMED, State.DEFERRED: State.CLAIMED},
    Act.MARK_DOT: {State.CLAIMED: State.LEAVING},
    # Lease expired, connection lost, or another recipient of the transaction was undone. A copy that was tried
    # before goes back to deferred instead: see `given_back`.
    Act.GIVE_BACK: {State.CLAIMED: State.HELD, State.LEAVING: State.HELD},
    Act.SENT: {State.LEAVING: State.SENT, State.UNKNOWN: State.SENT},
    Act.DEFER: {
        State.CLAIMED: State.DEFERRED,
        State.LEAVING: State.DEFERRED,
        State.UNKNOWN: State.DEFERRED,
    },
    Act.FAIL: {State.CLAIMED: State.FAILED, State.LEAVING: State.FAILED, State.UNKNOWN: State.FAILED},
    Act.LOSE: {State.LEAVING: State.UNKNOWN},
    Act.UNDO: {
        State.HELD: State.UNDONE,
        State.CLAIMED: State.UNDONE,
        State.DEFERRED: State.UNDONE,
        State.UNKNOWN: State.LET_BE,
    },
    Act.RELEASE: {State.HELD: State.HELD, State.DEFERRED: State.DEFERRED},
    Act.HOLD: {State.HELD: State.HELD, State.CLAIMED: State.HELD, State.DEFERRED: State.HELD},
    # A finding makes it wait longer. What is in hand goes back to where it was claimed from.
    Act.REVIEW: {State.HELD: State.HELD, State.CLAIMED: State.HELD, State.DEFERRED: State.DEFERRED},
    Act.SEND_AGAIN: {State.UNKNOWN: State.HELD},
    # A backup does not know what left after it was made, so what was open in it waits for somebody's word.
    Act.RESTORE: {
        State.HELD: State.HELD,
        State.CLAIMED: State.HELD,
        State.DEFERRED: State.HELD,
        State.LEAVING: State.UNKNOWN,
        State.UNKNOWN: State.UNKNOWN,
    },
}

WAITING = frozenset({State.HELD, State.DEFERRED})
"""May be claimed when due."""
IN_HAND = frozenset({State.CLAIMED, State.LEAVING})
"""Some worker holds a lease on it."""
FINAL = frozenset({State.SENT, State.FAILED, State.LET_BE, State.UNDONE})
OPEN = frozenset(State) - FINAL
"""What the outbox shows: held, on its way, or waiting for a decision."""
STOPPABLE = frozenset(state for state, then in TRANSITIONS[Act.UNDO].items() if then is State.UNDONE)


def given_back(attempts: int) -> State:
    """Where a copy goes that was claimed and did not leave: to where it was claimed from."""
    return State.DEFERRED if attempts else State.HELD
