"""Settings: what an operator may change, read once from the environment and passed on as one frozen value.

Here is every name, default and rule; `SETTINGS` is the table that docs/operating.md is tested against. Not here:
anything that belongs to a clinic (its name, zone, policy), which are entries of its log.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

PREFIX = "AUDIT_"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
LOOPBACK_OR_ANY = frozenset({"127.0.0.1", "0.0.0.0", "::1", "::", "localhost"})  # noqa: S104 - compared, not bound
HIGHEST_PORT = 65535
# RFC 1123 section 2.1: labels of letters, digits and inner hyphens, 63 at most, 253 in all.
HOST_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\Z")
# What follows http:// in an address without user, query and fragment: a host, perhaps a port, perhaps a path.
HTTP_ADDRESS = re.compile(
    r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~%/-]{0,500})?\Z"
)
DATABASE_DRIVERS = ("sqlite", "postgresql+psycopg")


class ConfigRefused(Exception):
    """A setting has a value that cannot be used; the text names it, what was met and what is expected."""

    def __init__(self, name: str, value: str, expected: str) -> None:
        super().__init__(f"{name}={value!r} cannot be used: expected {expected}")
        self.name = name


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One variable of the environment, as documented."""

    name: str
    default: str
    meaning: str


SETTINGS = (
    Setting(
        name="AUDIT_HOME",
        default="./var",
        meaning="Folder of the database, the keys, the signer's store and the reports.",
    ),
    Setting(
        name="AUDIT_DATABASE_URL",
        default="sqlite:///<AUDIT_HOME>/audit.db",
        meaning="The database: `sqlite:///<path>` or `postgresql://<user>@<host>/<database>`.",
    ),
    Setting(
        name="AUDIT_BIND",
        default="127.0.0.1:8000",
        meaning="Address and port to serve on. TLS is the work of a proxy in front.",
    ),
    Setting(
        name="AUDIT_HOST",
        default="the address of AUDIT_BIND, `localhost` for a loopback or any address",
        meaning="Host name under which people reach the register. It is part of the log's origin: "
        "choose it before the log is opened.",
    ),
    Setting(
        name="AUDIT_TIME_AUTHORITY",
        default="none",
        meaning="Address of a time authority (RFC 3161) that dates the log once a day and for every report: "
        "`https://…` or `http://…`.",
    ),
    Setting(
        name="AUDIT_TIME_CERTIFICATES",
        default="none",
        meaning="File (PEM) with the time authority's root and intermediate certificates; needed with "
        "AUDIT_TIME_AUTHORITY, and later to check its tokens.",
    ),
    Setting(
        name="AUDIT_COSIGNERS",
        default="none",
        meaning="Where cosigners answer: `<name>=<address>`, with commas between; the name is the one in the "
        "cosigner's key, the address `https://…` or `http://…`.",
    ),
    Setting(
        name="AUDIT_MIRROR",
        default="<AUDIT_HOME>/mirror",
        meaning="Folder that the log is copied to as tiles at each checkpoint. Best on another disk or machine: a lost "
        "database is filled again from it.",
    ),
    Setting(
        name="AUDIT_SIGNER",
        default="a signer beside the service",
        meaning="Where the signer listens: `unix:<path>` of its socket, or `tls://<host>:<port>`.",
    ),
    Setting(
        name="AUDIT_SIGNER_HOME",
        default="<AUDIT_HOME>/signer",
        meaning="Folder of the signer's keys and memory, for `audit signer` and the signer beside the service.",
    ),
    Setting(
        name="AUDIT_SIGNER_CERTIFICATE",
        default="none",
        meaning="File (PEM) with this side's certificate, for `tls://`; the signer needs one and so does the service.",
    ),
    Setting(name="AUDIT_SIGNER_KEY", default="none", meaning="File (PEM) with the certificate's key, for `tls://`."),
    Setting(
        name="AUDIT_SIGNER_TRUST",
        default="none",
        meaning="File (PEM) with the certificates by which the other side is known, for `tls://`.",
    ),
    Setting(
        name="AUDIT_LOG_LEVEL",
        default="INFO",
        meaning="How much the logger tells: `DEBUG`, `INFO`, `WARNING` or `ERROR`.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one process."""

    home: Path
    """Folder of database, keys, signer's store and reports; absolute, not necessarily there yet."""
    database_url: str
    """SQLAlchemy URL with its driver spelled out."""
    bind_address: str
    """IP address or host name to listen on."""
    bind_port: int
    """TCP port to listen on, 1 to 65535."""
    host: str
    """Host name people use, lower case, without scheme and port; first part of the log's origin."""
    log_level: str
    """One of LOG_LEVELS."""
    time_authority: str = ""
    """URL of a time authority, empty for none."""
    time_certificates: Path | None = None
    """File of its certificates; absolute, not necessarily there."""
    mirror: Path
    """Folder of the log's mirror; absolute, not necessarily there yet."""
    cosigners: Mapping[str, str] = field(default_factory=dict)
    """URL of each cosigner that is asked, by the name in its key."""
    signer_home: Path
    """Folder of the signer's keys and memory; absolute, not necessarily there."""
    signer_path: Path | None = None
    """Socket of a signer in a process of its own; None for one over TLS or the embedded one."""
    signer_host: str = ""
    """Host of a signer over TLS; empty for none."""
    signer_port: int = 0
    """TCP port of a signer over TLS."""
    signer_certificates: tuple[Path, Path, Path] | None = None
    """This side's certificate, its key, and whom it trusts; of a signer over TLS."""


def from_environment(environ: Mapping[str, str]) -> Settings:
    """Read the settings. An empty value counts as absent. Raises ConfigRefused.

    An unknown name with our prefix is refused: a misspelt setting must not silently mean the default.
    """
    known = {setting.name for setting in SETTINGS}
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            raise ConfigRefused(name, environ[name], f"one of {', '.join(sorted(known))}")
    values = {name: environ.get(name, "").strip() for name in known}
    home = Path(values["AUDIT_HOME"] or "var").expanduser().resolve()
    address, port = parse_bind(values["AUDIT_BIND"] or "127.0.0.1:8000")
    path, signer_host, signer_port = parse_signer(values["AUDIT_SIGNER"])
    return Settings(
        home=home,
        database_url=parse_database_url(values["AUDIT_DATABASE_URL"], home=home),
        bind_address=address,
        bind_port=port,
        host=parse_host(values["AUDIT_HOST"], bind_address=address),
        log_level=parse_log_level(values["AUDIT_LOG_LEVEL"] or "INFO"),
        time_authority=parse_time_authority(
            values["AUDIT_TIME_AUTHORITY"], has_certificates=bool(values["AUDIT_TIME_CERTIFICATES"])
        ),
        time_certificates=_path(values["AUDIT_TIME_CERTIFICATES"]),
        mirror=_path(values["AUDIT_MIRROR"]) or home / "mirror",
        cosigners=parse_cosigners(values["AUDIT_COSIGNERS"]),
        signer_home=_path(values["AUDIT_SIGNER_HOME"]) or home / "signer",
        signer_path=path,
        signer_host=signer_host,
        signer_port=signer_port,
        signer_certificates=parse_signer_certificates(values) if signer_host else None,
    )


def parse_bind(text: str) -> tuple[str, int]:
    """Address and port of `address:port`; IPv6 in brackets. Raises ConfigRefused."""
    address, colon, port = text.rpartition(":")
    address = address.removeprefix("[").removesuffix("]") if address.startswith("[") else address
    bare_ipv6 = ":" in address and not text.startswith("[")
    port_is_number = port.isascii() and port.isdecimal() and len(port) <= len(str(HIGHEST_PORT))
    if not colon or not address or bare_ipv6 or not port_is_number or not 1 <= int(port) <= HIGHEST_PORT:
        raise ConfigRefused("AUDIT_BIND", text, "address:port, such as 127.0.0.1:8000 or [::1]:8000")
    return address, int(port)


def parse_database_url(text: str, *, home: Path) -> str:
    """SQLAlchemy URL with its driver; SQLite in `home` for an empty text. Raises ConfigRefused.

    A refusal shows the scheme alone: the rest of the URL may hold a password.
    """
    if not text:
        return f"sqlite:///{home / 'audit.db'}"
    scheme, separator, rest = text.partition("://")
    # Without a driver SQLAlchemy picks one by its version; `postgres://` is what hosting services write.
    driver = "postgresql+psycopg" if scheme in {"postgres", "postgresql"} else scheme
    if not separator or driver not in DATABASE_DRIVERS:
        raise ConfigRefused("AUDIT_DATABASE_URL", scheme if separator else "…", "sqlite:///… or postgresql://…")
    if driver == "sqlite" and (not rest.startswith("/") or rest in {"/", "/:memory:"}):
        raise ConfigRefused("AUDIT_DATABASE_URL", text, "the path of a file: sqlite:///audit.db, or sqlite:////srv/…")
    return f"{driver}://{rest}"


def parse_host(text: str, *, bind_address: str) -> str:
    """Host name in lower case; derived from the address to listen on for an empty text. Raises ConfigRefused."""
    derived = "localhost" if bind_address in LOOPBACK_OR_ANY else bind_address
    host = (text or derived).lower()
    if not HOST_NAME.match(host):
        raise ConfigRefused("AUDIT_HOST", host, "a host name without scheme, port and path, such as register.example")
    return host


def parse_time_authority(text: str, *, has_certificates: bool) -> str:
    """URL of a time authority, "" for an empty text. Raises ConfigRefused."""
    if not text:
        return ""
    expected = "https://host/path or http://host/path, without a name or password in it"
    try:
        parts = urlsplit(text)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise ConfigRefused("AUDIT_TIME_AUTHORITY", "…", expected) from None
    is_plain = text.isascii() and text.isprintable() and " " not in text
    if not is_address or not is_plain or "@" in parts.netloc or parts.fragment:
        raise ConfigRefused("AUDIT_TIME_AUTHORITY", "…", expected)
    if not has_certificates:
        raise ConfigRefused("AUDIT_TIME_CERTIFICATES", "", "the file of the time authority's certificates")
    return text


def _path(text: str) -> Path | None:
    return Path(text).expanduser().resolve() if text else None


def parse_cosigners(text: str) -> dict[str, str]:
    """URL of each cosigner by name, of `name=url,name=url`. Raises ConfigRefused."""
    expected = "name=address with commas between, such as pharmacy.example.org/cosigner=https://cosigner.example.org"
    found: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, url = (piece.strip() for piece in part.partition("="))
        scheme, _, rest = url.partition("://")
        if not name or name in found or scheme not in {"http", "https"} or not rest or not HTTP_ADDRESS.match(rest):
            raise ConfigRefused("AUDIT_COSIGNERS", f"{name}=…", expected)
        found[name] = url
    return found


def parse_signer(text: str) -> tuple[Path | None, str, int]:
    """Path, or host and port, of `unix:<path>` or `tls://host:port`; nothing for no text. Raises ConfigRefused."""
    if not text:
        return None, "", 0
    expected = "unix:/run/audit-signer/socket or tls://signer.example.org:8443"
    if text.startswith("unix:/"):
        return Path(text.removeprefix("unix:")).resolve(), "", 0
    if not text.startswith("tls://"):
        raise ConfigRefused("AUDIT_SIGNER", text, expected)
    try:
        host, port = parse_bind(text.removeprefix("tls://"))
    except ConfigRefused as refused:
        raise ConfigRefused("AUDIT_SIGNER", text, expected) from refused
    return None, host, port


def parse_signer_certificates(values: Mapping[str, str]) -> tuple[Path, Path, Path]:
    """The three files that a signer over TLS needs. Raises ConfigRefused."""
    names = ("AUDIT_SIGNER_CERTIFICATE", "AUDIT_SIGNER_KEY", "AUDIT_SIGNER_TRUST")
    own, key, trusted = (_path(values[name]) for name in names)
    if own is None or key is None or trusted is None:
        missing = next(name for name in names if not values[name])
        raise ConfigRefused(missing, "", "a file (PEM), for AUDIT_SIGNER names tls://")
    return own, key, trusted


def parse_log_level(text: str) -> str:
    """Level in capitals. Raises ConfigRefused."""
    if text.upper() not in LOG_LEVELS:
        raise ConfigRefused("AUDIT_LOG_LEVEL", text, f"one of {', '.join(LOG_LEVELS)}")
    return text.upper()
