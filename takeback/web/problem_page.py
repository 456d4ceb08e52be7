"""What a person sees where something cannot be done: what it was, in their language, and whether anything happened."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from takeback.httpd.problems import Code, Problem
from takeback.httpd.services import services
from takeback.i18n.language import words
from takeback.web.framing import frame, is_from_htmx, page

_SAID: dict[Code, tuple[str, str]] = {
    Code.NOT_SIGNED_IN: (words("You are signed out"), words("Nothing was done. Sign in and try again.")),
    Code.WRONG_TOKEN: (
        words("This page was too old"),
        words("Nothing was done. Load the page again and try once more."),
    ),
    Code.NOT_ALLOWED: (words("That is not yours to do"), words("Nothing was done.")),
    Code.NOT_FOUND: (
        words("There is nothing here"),
        words("It may have been deleted, or the address is not quite right."),
    ),
    Code.GONE: (words("The text is no longer kept"), words("What became of the message is still known.")),
    Code.TOO_MANY: (words("Too much at once"), words("Nothing was done. Wait a little and try again.")),
    Code.TOO_LARGE: (words("That was too large"), words("Nothing was done.")),
    Code.NOT_CONFIRMED: (
        words("It cannot be said whether that was done"),
        words("The store did not answer. Look at the message again before you rely on it."),
    ),
    Code.UNAVAILABLE: (words("That does not work just now"), words("Try again in a moment.")),
    Code.UNEXPECTED: (
        words("Something went wrong here"),
        words("Look at the message again before you rely on anything. The number below finds it in the log."),
    ),
}
_OTHERWISE = (words("That cannot be done"), words("Nothing was done."))


def problem_page(request: Request, problem: Problem) -> Response:
    title, sentence = _SAID.get(problem.code, _OTHERWISE)
    framed = frame(request, services(request))
    is_part = is_from_htmx(request)
    answer = page(
        "_problem.html" if is_part else "problem.html",
        framed,
        problem.code.status,
        title=framed.speech.t(title),
        sentences=[framed.speech.t(sentence)],
        request_id=problem.more.get("id", ""),
        detail=framed.speech.told(problem.detail, problem.values),
    )
    answer.headers.update(problem.headers)
    return _to_sign_in(answer) if is_part and problem.code is Code.NOT_SIGNED_IN else answer


def _to_sign_in(answer: HTMLResponse) -> HTMLResponse:
    answer.headers["HX-Redirect"] = "/sign-in"
    return answer
