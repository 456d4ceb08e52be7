"""Connectors to mailboxes: one file each, one contract."""
