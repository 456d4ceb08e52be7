"""The table of states is consistent with itself and with the promises."""

from __future__ import annotations

from takeback.hold.states import FINAL, IN_HAND, OPEN, STOPPABLE, TRANSITIONS, WAITING, Act, State, given_back


def test_every_act_is_in_the_table() -> None:
    assert set(TRANSITIONS) == set(Act)
    assert all(TRANSITIONS.values())


def test_nothing_leads_out_of_a_final_state() -> None:
    assert {state for then in TRANSITIONS.values() for state in then} & FINAL == set()


def test_every_open_state_can_be_left_and_every_state_be_reached() -> None:
    assert {state for then in TRANSITIONS.values() for state, end in then.items() if end is not state} >= OPEN
    assert {end for then in TRANSITIONS.values() for end in then.values()} == set(State)


def test_undo_stops_what_has_not_begun_to_leave_and_nothing_else() -> None:
    assert {State.HELD, State.CLAIMED, State.DEFERRED} == STOPPABLE
    assert [act for act, then in TRANSITIONS.items() if State.UNDONE in then.values()] == [Act.UNDO]


def test_only_the_dot_mark_lets_a_copy_leave() -> None:
    assert [act for act, then in TRANSITIONS.items() if State.LEAVING in then.values()] == [Act.MARK_DOT]
    assert TRANSITIONS[Act.MARK_DOT] == {State.CLAIMED: State.LEAVING}


def test_sent_is_said_only_of_what_has_left() -> None:
    assert {state for then in TRANSITIONS.values() for state, end in then.items() if end is State.SENT} == {
        State.LEAVING,
        State.UNKNOWN,
    }


def test_the_groups_cover_all_states() -> None:
    assert {*OPEN, *FINAL} == set(State)
    assert WAITING | IN_HAND | {State.UNKNOWN} == OPEN
    assert set(TRANSITIONS[Act.CLAIM]) == WAITING


def test_a_copy_goes_back_to_where_it_was() -> None:
    assert (given_back(0), given_back(1), given_back(9)) == (State.HELD, State.DEFERRED, State.DEFERRED)
