"""SMTP, both sides, without I/O: bytes to events and events to bytes (RFC 5321, 6409, 2033)."""
