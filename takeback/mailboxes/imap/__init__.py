"""The imap connector: a client for the few commands that recall needs, pipelined, on a protocol core without I/O."""
