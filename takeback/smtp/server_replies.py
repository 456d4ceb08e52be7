"""What the session itself says (RFC 5321 §4.2.2, RFC 3463, RFC 4954 §6)."""

from __future__ import annotations

from collections.abc import Mapping

from takeback.smtp.replies import Reply

OK = Reply.of(250, "2.0.0", "Ok")
BYE = Reply.of(221, "2.0.0", "Bye")
NOT_OFFERED = Reply.of(502, "5.5.1", "This is not offered here")
UNKNOWN = Reply.of(500, "5.5.1", "There is no such command")
NOT_A_LINE = Reply.of(500, "5.5.2", "A command is UTF-8 text without NUL, on one line that ends with CRLF")
TOO_LONG = Reply.of(500, "5.5.2", "The line is too long")
AUTH_TOO_LONG = Reply.of(500, "5.5.6", "The line is too long")
READY_FOR_TLS = Reply.of(220, "2.0.0", "Go ahead with TLS")
SECURE_ALREADY = Reply.of(503, "5.5.1", "TLS is on already")
NOTHING_BEHIND_STARTTLS = Reply.of(421, "4.7.0", "Nothing may follow STARTTLS before TLS is on")
KNOWN_ALREADY = Reply.of(503, "5.5.1", "You are authenticated already")
NO_SUCH_MECHANISM = Reply.of(504, "5.5.4", "There is no such mechanism here")
TLS_FIRST = Reply.of(538, "5.7.11", "Credentials are taken only under TLS; say STARTTLS first")
CANCELLED = Reply.of(501, "5.7.0", "Authentication cancelled")
TOO_MANY_RECIPIENTS = Reply.of(452, "4.5.3", "Too many recipients; send the message to the others afterwards")
TOO_MANY_ERRORS = Reply.of(421, "4.7.0", "Too many errors")
NOT_THE_WEB = Reply.of(421, "4.7.0", "This is no web server")

FIXED: Mapping[str, Reply] = {
    "NOOP": OK,
    "HELP": Reply.of(214, "2.0.0", "This is a submission server; see RFC 5321 and RFC 6409"),
    "VRFY": Reply.of(252, "2.0.0", "Addresses are not looked up; send the message and see"),
    "EXPN": NOT_OFFERED,
}
"""Commands that do nothing, and what they hear."""
