"""A cosigner over HTTP (C2SP tlog-witness), as a plain WSGI application: two addresses, text in and text out.

Whatever is wrong with a request is answered in one sentence. Who listens on which port is not known here.
"""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Protocol

from audit.services.cosigning.cosigner import Answer, Cosigner
from audit.services.cosigning.request import MAX_BODY_BYTES

ADD = "/add-checkpoint"
_CHECKPOINT = "/checkpoint"


class Start(Protocol):
    """What WSGI hands an application to begin its answer with (PEP 3333)."""

    def __call__(self, status: str, headers: list[tuple[str, str]], /) -> object:
        """Begin an answer."""


Application = Callable[[dict[str, Any], Start], Iterable[bytes]]


def application(cosigner: Cosigner) -> Application:
    """Return the WSGI application of a cosigner."""

    def answer(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        given = _answer(cosigner, environ)
        body = given.text.encode()
        allow = [("Allow", _allowed(_path(environ)))] if given.status == HTTPStatus.METHOD_NOT_ALLOWED else []
        headers = [
            ("Content-Type", given.content_type),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            *allow,
        ]
        start(f"{given.status} {HTTPStatus(given.status).phrase}", headers)
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]

    return answer


def _answer(cosigner: Cosigner, environ: dict[str, Any]) -> Answer:
    path, method = _path(environ), environ.get("REQUEST_METHOD", "")
    if path == ADD:
        return _add(cosigner, environ) if method == "POST" else Answer(405, "Expected POST.\n")
    if path.endswith(_CHECKPOINT):
        if method not in {"GET", "HEAD"}:
            return Answer(405, "Expected GET.\n")
        note = cosigner.checkpoint(path[1 : -len(_CHECKPOINT)])
        return Answer(200, note) if note is not None else Answer(404, "No checkpoint of this log was cosigned here.\n")
    return Answer(404, f"Expected {ADD}, or the SHA-256 of an origin and {_CHECKPOINT}.\n")


def _add(cosigner: Cosigner, environ: dict[str, Any]) -> Answer:
    length = str(environ.get("CONTENT_LENGTH") or "")
    if not (length.isascii() and length.isdecimal()):
        return Answer(411, "Expected a body and its length.\n")
    if len(length) > len(str(MAX_BODY_BYTES)) or int(length) > MAX_BODY_BYTES:
        return Answer(413, f"Expected at most {MAX_BODY_BYTES} bytes.\n")
    return cosigner.add_checkpoint(environ["wsgi.input"].read(int(length)))


def _path(environ: dict[str, Any]) -> str:
    return str(environ.get("PATH_INFO", ""))


def _allowed(path: str) -> str:
    return "POST" if path == ADD else "GET, HEAD"
