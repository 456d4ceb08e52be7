"""Bytes in, bytes out: addresses, envelopes, header fields, trace lines and reports of mail."""
