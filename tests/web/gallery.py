"""The gallery: every component on three pages, served from files with the real content policy.

Not here: the product's own filters (audit/web/filters.py); these two write figures just well enough to be looked at.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import jinja2

from audit.web.headers import POLICY

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "templates"
STATIC = ROOT / "audit" / "web" / "static"
PAGES = {"/gallery": "gallery.html", "/second": "gallery_second.html", "/public": "gallery_public.html"}
NAV = [
    ("/today", "today", "Today", True, 2),
    ("/stock", "vial", "Stock", False, 0),
    ("/counts", "tally", "Counts", False, 0),
    ("/cases", "case", "Cases", False, 1),
    ("/log", "chain", "Log", False, 0),
    ("/reports", "file", "Reports", False, 0),
]


def write(amount: int, *, places: int | None = None, signed: bool = False) -> str:
    """Thousandths as text: 16500 is 16.5."""
    whole, rest = divmod(abs(amount), 1000)
    decimals = f"{rest:03d}".rstrip("0").ljust(places or 0, "0")
    sign = "−" if amount < 0 else "+" if signed and amount > 0 else ""
    return f"{sign}{whole:,}" + (f".{decimals}" if decimals else "")


@cache
def environment() -> jinja2.Environment:
    """Jinja with the project's templates, the gallery, and the globals that Flask and its extensions give."""
    folders = [str(TEMPLATES), str(Path(__file__).parent)]
    jinja = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=True,
        extensions=["jinja2.ext.i18n"],
        undefined=jinja2.ChainableUndefined,
    )
    jinja.install_null_translations(newstyle=True)  # type: ignore[attr-defined]  # added by the extension
    jinja.globals.update(
        url_for=lambda endpoint, filename: f"/{endpoint}/{filename}", csrf_token=lambda: "token-of-this-session"
    )
    jinja.filters.update(mg=write, ml=write)
    return jinja


def render(name: str, *, theme: str | None = None, lang: str = "en", timed_out: bool = False) -> str:
    """One gallery page as the server would send it."""
    badge = SimpleNamespace(state="intact", label="Record intact", detail="entry 412 · 5c0e…", href="/verify")
    second = SimpleNamespace(name="B. Example", role="Registered nurse", since="signed in 10:49", not_me_href="/")
    page = environment().get_template(name)
    return page.render(
        clinic=SimpleNamespace(name="Example Clinic", is_demo=name == "gallery.html"),
        me=SimpleNamespace(name="Dr A. Example", role="Physician", key="p_1"),
        second=second if name == "gallery_second.html" else None,
        record_state=badge,
        nav=NAV,
        theme=theme,
        lang=lang,
        timed_out=timed_out,
    )


class Served(SimpleHTTPRequestHandler):
    """Static files, the pages, and an endpoint that counts what is sent to it."""

    sent: list[str]

    def do_GET(self) -> None:
        """Answer with a page or a file."""
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path in PAGES:
            lang, timed_out = query.get("lang", "en"), "timed_out" in query
            self.answer(render(PAGES[parts.path], theme=query.get("theme"), lang=lang, timed_out=timed_out))
        elif parts.path == "/found":
            self.answer(f"<!doctype html><title>found</title><p>{query['code']}</p>")
        else:
            super().do_GET()

    def do_POST(self) -> None:
        """Count one sent form."""
        self.sent.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.answer("<!doctype html><title>saved</title><p>saved</p>")

    def answer(self, page: str) -> None:
        """Send a page under the content policy of the product."""
        body = page.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@contextmanager
def served() -> Iterator[tuple[str, list[str]]]:
    """Address of the gallery on this machine, and the bodies of the forms sent to it."""
    sent: list[str] = []
    handler = partial(type("Handler", (Served,), {"sent": sent}), directory=str(STATIC.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", sent
        server.shutdown()
        thread.join()
