"""Who may log in: the gate, the throttle before it, and the backends that know the passwords."""
