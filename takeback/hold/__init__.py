"""Holding: the states of a recipient, how long a message waits, and when to try again. Pure rules."""
