"""Who is asking, and whether they may: Flask-Security set up hard, server-side sign-ins, deny by default.

What is used of Flask-Security: its sign-in view and form, the current user, the checks on `next`. What is not: its
other views (none is registered), tokens in headers and addresses, remember-me, its ORM models and any write to an
account, for accounts follow from the log, and its own password check, which would renew hashes and ask for the
lockout too late. Its session cookie carries the token of a row of `sign_in`, so ending the row ends the session.
Not here: pages (`signin.py`), headers (`headers.py`), what a password is (`audit.services.passwords`).
"""

import dataclasses
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, NoReturn, TypeVar
from urllib.parse import urlsplit

from flask import Flask, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_security import LoginForm, RoleMixin, Security, UserDatastore, UserMixin
from flask_wtf import CSRFProtect

from audit.services.signins import SignIns
from audit.storage.people import ROLES, Account

logger = logging.getLogger(__name__)

_EXTENSION: Final = "audit_access"
_MARK: Final = "audit_allowed_roles"
_PUBLIC: Final = frozenset({"public"})

View = TypeVar("View", bound=Callable[..., Any])


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What the web needs to know who is asking; made by the composition root."""

    sign_ins: Callable[[], SignIns]
    """The sign-ins of the site served now; asked each time, for a first run has no site yet."""
    secret: bytes
    """Signs cookies and links; at least 32 random bytes, the same in every worker."""
    hosts: tuple[str, ...]
    """Host names served, without port. Any other Host header is answered 400."""
    https: bool
    """Whether people reach the service by HTTPS: cookies are then marked Secure."""
    now_ms: Callable[[], int]
    """The clock, in milliseconds since 1970 UTC."""
    clock_text: Callable[[int], str]
    """A time in ms as people read it on the wall of the site, such as 10:52."""
    set_password: Callable[[str, str], None]
    """Records a new password of a person (id, password) in the log; the old sign-ins end with it."""


class Role(RoleMixin):
    """A role as Flask-Security wants it: something with a name."""

    permissions = None

    def __init__(self, name: str) -> None:
        self.name = name


class SignedIn(UserMixin):
    """A person in a live sign-in. To Flask-Security the sign-in's token is the user's identity."""

    fs_uniquifier = ""

    def __init__(self, account: Account, token: str) -> None:
        self.account = account
        self.fs_uniquifier = token
        self.active = account.active
        self.roles = [Role(name) for name in sorted(account.roles)]


class _Accounts(UserDatastore):
    """Flask-Security's view of the accounts: it may find a person by a live sign-in, and nothing else."""

    def __init__(self, access: Access) -> None:
        super().__init__(SignedIn, Role)
        self._access = access

    def find_user(self, case_insensitive: bool = False, **kwargs: str) -> SignedIn | None:  # noqa: FBT001, FBT002 - theirs
        """The person of the live sign-in with that token; None for any other question."""
        token = kwargs.get("fs_uniquifier")
        if case_insensitive or not token:
            return None
        account = self._access.sign_ins().find(token, now_ms=self._access.now_ms())
        return None if account is None else SignedIn(account, token)

    def commit(self) -> None:
        """Do nothing: the sign-in was committed when it began."""

    def put(self, _model: object) -> NoReturn:
        """Refuse: an account changes by an entry of the log."""
        raise NotImplementedError("an account changes by an entry of the log")

    delete = put


def allow(*roles: str) -> Callable[[View], View]:
    """Declare which roles may use a view; to everybody else it does not exist."""
    if not roles or not set(roles) <= ROLES:
        raise ValueError(f"expected some of {sorted(ROLES)}, met {roles}")
    return lambda view: _marked(view, frozenset(roles))


def signed_in(view: View) -> View:
    """Declare that every signed-in person may use a view."""
    return _marked(view, ROLES)


def public(view: View) -> View:
    """Declare that a view is for anybody, signed in or not."""
    return _marked(view, _PUBLIC)


def allowed_roles(view: Callable[..., Any]) -> frozenset[str] | None:
    """The roles a view was declared for (`{"public"}` for anybody); None when nobody has declared it."""
    roles: frozenset[str] | None = getattr(view, _MARK, None)
    return roles


def secure(app: Flask, access: Access, login_form: type[LoginForm]) -> None:
    """Set up cookies, CSRF, Flask-Security and the guard; called by `signin.install`."""
    app.config.from_mapping(_settings(access))
    app.extensions[_EXTENSION] = access
    CSRFProtect(app)
    security = Security(app, _Accounts(access), register_blueprint=False, login_form=login_form)
    security.want_json(lambda _request: False)
    # No token in a header, an address or a JSON body stands for a person.
    security.login_manager.request_loader(lambda _request: None)
    security.principal.skip_static = True
    app.before_request(guard)
    if "static" in app.view_functions:
        app.view_functions["static"] = public(app.view_functions["static"])


def access() -> Access:
    """What `secure` was given for the app of this request."""
    found: Access = current_app.extensions[_EXTENSION]
    return found


def person_or_none() -> Account | None:
    """Who is signed in, if anybody."""
    user = current_user._get_current_object()  # noqa: SLF001 - how a LocalProxy is unwrapped
    return user.account if isinstance(user, SignedIn) else None


def current_person() -> Account:
    """Who is signed in; only for views declared with `allow` or `signed_in`."""
    person = person_or_none()
    if person is None:
        raise LookupError(f"{request.endpoint} asked who is signed in, but is open to anybody")
    return person


def current_token() -> str | None:
    """The token of the live sign-in of this request, if there is one."""
    user = current_user._get_current_object()  # noqa: SLF001 - as above
    return user.fs_uniquifier if isinstance(user, SignedIn) else None


def figures_seen() -> None:
    """Note that this answer shows stock figures to the person; a blind count asks when that last was."""
    token = current_token()
    if token is not None:
        access().sign_ins().mark_figures_seen(token, now_ms=access().now_ms())


def guard() -> ResponseReturnValue | None:
    """Let a request through only to a view declared for the person's role; run before every request."""
    if request.endpoint is None:
        return None
    roles = allowed_roles(current_app.view_functions[request.endpoint])
    if roles == _PUBLIC:
        return None
    person = person_or_none()
    if person is None and roles is not None:
        return redirect(url_for("signin.login", next=_page_left()), 303)
    if person is None or roles is None or not roles & person.roles:
        who = "nobody" if person is None else person.person
        logger.warning("refused %s %s to %s", request.method, request.endpoint, who)
        abort(404)
    return None


def _marked(view: View, roles: frozenset[str]) -> View:
    setattr(view, _MARK, roles)
    return view


def _page_left() -> str:
    """The path to return to after signing in: this page, or for a form the page it stood on."""
    if request.method in {"GET", "HEAD"}:
        return request.full_path.removesuffix("?")
    left = urlsplit(request.referrer or "")
    return left.path if left.netloc == request.host and left.path else "/"


def _settings(access: Access) -> dict[str, object]:
    return {
        "SECRET_KEY": access.secret,
        "TRUSTED_HOSTS": list(access.hosts),
        # With the prefix a browser takes the cookie from this very host over HTTPS only.
        "SESSION_COOKIE_NAME": "__Host-audit" if access.https else "audit",
        "SESSION_COOKIE_SECURE": access.https,
        "SESSION_COOKIE_HTTPONLY": True,
        # Not Strict: a link in an e-mail would arrive without the cookie and its answer would overwrite it.
        "SESSION_COOKIE_SAMESITE": "Lax",
        # The token lasts as long as the sign-in; a form left open over a shift must still be sent.
        "WTF_CSRF_TIME_LIMIT": None,
        "SECURITY_BLUEPRINT_NAME": "signin",
        "SECURITY_LOGIN_USER_TEMPLATE": "security/sign_in.html",
        "SECURITY_POST_LOGIN_VIEW": "/",
        "SECURITY_FLASH_MESSAGES": False,
        "SECURITY_API_ENABLED_METHODS": ["session"],
        "SECURITY_FRESHNESS": timedelta(0),
        "SECURITY_FRESHNESS_GRACE_PERIOD": timedelta(0),
        "SECURITY_FRESHNESS_ALLOW_AUTH_TOKEN": False,
        "SECURITY_PASSWORD_NORMALIZE_FORM": "NFC",
        "SECURITY_PASSWORD_SCHEMES": ["argon2"],
        # `flask users` and `flask roles` would write past the log.
        "SECURITY_CLI_USERS_NAME": None,
        "SECURITY_CLI_ROLES_NAME": None,
    }
