"""The doveadm connector: Dovecot's HTTP API. It has no conditional write: messages are moved, looked at, moved back."""
