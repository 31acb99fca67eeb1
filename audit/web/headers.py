"""Headers that every answer carries: what a browser may load, keep and pass on.

Not here: cookies (`security.py`) and the host names that are served (Flask's TRUSTED_HOSTS, set there).
"""

from typing import Final

from flask import Flask, Response, request

# Nothing but our own files, no inline script or style, no frame around us, no form to elsewhere. Without a
# require-trusted-types directive, under which htmx does not run.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ALWAYS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # A page's address goes to no other site; within ours it leads back to the page left when a sign-in ends.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=(), payment=(), usb=()",
}
LOG_FILES: Final = "log_files"
"""The blueprint that says itself how long its answers may be kept: tiles never change."""
TWO_YEARS_S: Final = 63_072_000


def send_headers(app: Flask, *, https: bool) -> None:
    """Put the headers on every answer of the app; over HTTPS also the promise to stay there (RFC 6797)."""

    @app.after_request
    def add(response: Response) -> Response:
        for name, value in ALWAYS.items():
            # A page that brings a policy of its own, the public verifier's, is stricter than this one.
            response.headers.setdefault(name, value)
        if https:
            response.headers["Strict-Transport-Security"] = f"max-age={TWO_YEARS_S}"
        if request.endpoint != "static" and request.blueprint != LOG_FILES:
            # A shared tablet must not show a page of the last person by its back button.
            response.headers["Cache-Control"] = "no-store"
        return response
