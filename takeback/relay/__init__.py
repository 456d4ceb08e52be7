"""The ways out: hands consignments on, to a server or into a Maildir, and says what became of each copy."""
