"""The public page on which anybody checks a report or bundle; it needs no account and sends nothing.

What it is and does: `verify_page`. Not here: the site's own verification, which needs the database.
"""

from flask import Blueprint, Response

from audit.web.security import public
from audit.web.verify_page import verify_page

blueprint = Blueprint("verify_public", __name__)


@blueprint.get("/verify")
@public
def show() -> Response:
    """Send the page as every bundle holds it, under the policy that is written in it."""
    page = verify_page()
    answer = Response(page.html, mimetype="text/html")
    answer.headers["Content-Security-Policy"] = page.policy + "; frame-ancestors 'none'"
    return answer
