"""The composition root: settings, clock and random bytes become a running service. The only reader of both clocks."""

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from audit.cli.signers import is_embedded, kept_signer, signer_of
from audit.config import Settings
from audit.services import people
from audit.services.bundles.waiting import remove_late
from audit.services.cosigning.asking import Cosigners
from audit.services.demo.keys import keys_folder
from audit.services.demo.make import Wish, make_demo
from audit.services.erasure import sweep
from audit.services.keyring import open_keyring
from audit.services.mirror import mirror
from audit.services.one_time import Codes
from audit.services.opening import Ground, find_register, origin_held
from audit.services.reconcile import zone_of
from audit.services.register import Register
from audit.services.signing.moving import move_log_seed
from audit.services.signins import SignIns
from audit.services.time_authority import authority_at, read_certificates
from audit.services.timestamps import Timekeeper
from audit.services.watch import Watch
from audit.storage.engine import assert_guarded, open_engine, read
from audit.storage.upgrade import upgrade
from audit.web import frame, pages
from audit.web.desk import Desk, attach
from audit.web.filters import moment
from audit.web.security import Access
from audit.web.signin import install as install_sign_in

ROOT = Path(__file__).resolve().parent.parent
WATCH_EVERY_S = 60
DEMO_SESSIONS = 60
"""Of the demo that the first-run page makes: some weeks of a clinic, in a few seconds."""
DEMO_SEED = 1
logger = logging.getLogger(__name__)


def clock_ms() -> int:
    """Return the service's clock, milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Service:
    """A prepared service: its app and its desk."""

    app: Flask
    desk: Desk


def prepare(settings: Settings) -> Ground:
    """Create or upgrade the database, open the keys, and return what every use case stands on."""
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    upgrade(settings.database_url)
    engine = open_engine(settings.database_url)
    with read(engine) as conn:
        assert_guarded(conn)
    is_local = settings.host in {"localhost", "127.0.0.1"}
    keys = keys_folder(engine, settings.home)
    if is_embedded(settings):
        move_log_seed(keys, kept_signer(settings, secrets.token_bytes), origin_held(engine))
    return Ground(
        engine=engine,
        keyring=open_keyring(keys, secrets.token_bytes),
        signer=signer_of(settings, secrets.token_bytes),
        host=settings.host,
        scheme="http" if is_local else "https",
        port=settings.bind_port if is_local else 443,
        clock=clock_ms,
        random=secrets.token_bytes,
    )


def create_service(settings: Settings) -> Service:
    """Return the app, ready to serve, with its desk."""
    # Certificates that cannot be used stop the service at its start, not a clinic in its set-up.
    read_certificates(settings.time_certificates)
    ground = prepare(settings)
    reports = settings.home / "reports"
    reports.mkdir(parents=True, exist_ok=True, mode=0o700)
    desk = Desk(ground=ground, reports=reports, setup_token=None)
    desk.on_opened = lambda opened: serve_register(settings, opened)
    desk.explore = lambda here: explore_demo(settings, here)
    found = find_register(ground)
    if found is None:
        desk.setup_token = secrets.token_urlsafe(24)
    else:
        desk.register = found
        serve_register(settings, desk)
    app = Flask("audit", template_folder=ROOT / "templates", static_folder=ROOT / "audit" / "web" / "static")
    app.config["MAX_CONTENT_LENGTH"] = 2 * 1024 * 1024
    attach(app.extensions, desk)
    frame.install(app, desk)
    install_sign_in(app, _access(settings, ground, desk))
    pages.install(app)
    return Service(app, desk)


def serve_register(settings: Settings, desk: Desk) -> None:
    """Let the desk serve its register: watch the record, name the clinic."""
    register = desk.register
    if register is None:
        return
    desk.watch = Watch(register, desk.ground.signer)
    desk.watch.look()
    certificates = read_certificates(settings.time_certificates)
    authority = authority_at(settings.time_authority, certificates)
    desk.cosigners = Cosigners(register, settings.cosigners)
    desk.timekeeper = Timekeeper(register, authority, desk.watch.sign, certificates)
    with read(register.engine) as conn:
        desk.zone = zone_of(conn, register.site)
    desk.clinic_name = people.clinic_name(register)
    desk.mirror = settings.mirror
    desk.setup_token = None
    if not desk.watch.is_read_only:
        # Before anybody is served: what a crash left of an erased identity, or a restored database brought back.
        sweep(register, desk.reports)


def explore_demo(settings: Settings, desk: Desk) -> None:
    """Make a demo clinic where there is no log, and let the desk serve it.

    Raises:
        Refused: those of `make_demo`.
    """
    wish = Wish(sessions=DEMO_SESSIONS, seed=DEMO_SEED)
    made = make_demo(desk.ground, wish, home=settings.home, tell=lambda *_: None)
    desk.ground, desk.register = made.ground, made.register
    serve_register(settings, desk)


def watch_forever(desk: Desk, stop: threading.Event) -> None:
    """Sign what waits once a second, and compare database and signer once a minute, until told to stop.

    What asks others, or takes its time, has a thread of its own: nothing may keep entries from being signed.
    """
    beside: dict[str, Callable[[int], None]] = {
        "dating the log": lambda second: _keep_time(desk, second),
        "asking the cosigners": lambda _second: _ask_cosigners(desk),
        "keeping the mirror": lambda second: _keep_mirror(desk, second),
        "removing bundles nobody fetched": lambda second: _remove_late(desk, second),
        "cleaning up after an erasure": lambda second: _keep_erased(desk, second),
    }
    for what, chore in beside.items():
        threading.Thread(target=_every_second, args=(stop, what, chore), name=what, daemon=True).start()
    _every_second(stop, "looking at the record", lambda second: _look(desk, second))


def _every_second(stop: threading.Event, what: str, chore: Callable[[int], None]) -> None:
    """Call a chore with the seconds gone by, until told to stop; a fault is told once a minute and outlived."""
    seconds, told = 0, -WATCH_EVERY_S
    while not stop.wait(1):
        seconds += 1
        try:
            chore(seconds)
        except Exception:  # the one place that outlives a fault: the next time looks again
            if seconds - told >= WATCH_EVERY_S:
                told = seconds
                logger.exception("%s failed", what)


def _look(desk: Desk, second: int) -> None:
    if desk.watch is not None:
        desk.watch.look() if second % WATCH_EVERY_S == 0 else desk.watch.sign_waiting()


def _is_writable(desk: Desk) -> bool:
    """Say whether a record is served that may be written to; one that is read-only is left alone."""
    return desk.register is not None and desk.watch is not None and not desk.watch.is_read_only


def _keep_time(desk: Desk, second: int) -> None:
    """Have the log dated once a day."""
    if second % WATCH_EVERY_S == 0 and desk.timekeeper is not None and _is_writable(desk):
        desk.timekeeper.stamp_daily()


def _ask_cosigners(desk: Desk) -> None:
    """Have each checkpoint countersigned by those who are configured; nothing waits for them."""
    if desk.cosigners is not None and _is_writable(desk):
        desk.cosigners.ask()


def _keep_mirror(desk: Desk, second: int) -> None:
    """Copy the log to its mirror at each checkpoint; at first and once a minute look for what is missing there."""
    if desk.register is not None and desk.mirror is not None and _is_writable(desk):
        mirror(desk.register, desk.mirror, thorough=second % WATCH_EVERY_S == 1)


def _remove_late(desk: Desk, second: int) -> None:
    """Remove bundles that nobody fetched in time."""
    if second % WATCH_EVERY_S == 1:
        remove_late(desk.reports, desk.now_ms())


def _keep_erased(desk: Desk, second: int) -> None:
    """Clean once a minute what an erasure could not clean because others used the database."""
    if second % WATCH_EVERY_S == 0 and desk.register is not None and _is_writable(desk):
        sweep(desk.register, desk.reports)


def _access(settings: Settings, ground: Ground, desk: Desk) -> Access:
    def sign_ins() -> SignIns:
        register = desk.register
        codes = Codes(ground.engine, register.vault) if register else None
        return SignIns(engine=ground.engine, site=register.site if register else "", codes=codes)

    def set_password(person: str, password: str) -> None:
        register = _served(desk)
        people.set_password(register, person, password, offset_min=desk.offset_min(ground.clock()))

    return Access(
        sign_ins=sign_ins,
        secret=ground.keyring.cookie_secret,
        hosts=tuple({settings.host, "localhost", "127.0.0.1"} if ground.scheme == "http" else {settings.host}),
        https=ground.scheme == "https",
        now_ms=ground.clock,
        clock_text=lambda ms: f"{moment(ms, desk.offset_min(ms)):%H:%M}",
        set_password=set_password,
    )


def _served(desk: Desk) -> Register:
    if desk.register is None:
        raise LookupError("no log is open yet")
    return desk.register
