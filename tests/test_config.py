"""Settings: defaults, refusals, and the page that documents them."""

import re
from pathlib import Path

import pytest

from audit.config import SETTINGS, ConfigRefused, from_environment

ROOT = Path(__file__).parent.parent


def test_without_settings_everything_is_in_var_and_only_this_machine_is_served():
    settings = from_environment({"PATH": "/usr/bin"})
    assert settings.home == Path.cwd() / "var"
    assert settings.database_url == f"sqlite:///{Path.cwd()}/var/audit.db"
    assert (settings.bind_address, settings.bind_port, settings.host) == ("127.0.0.1", 8000, "localhost")
    assert settings.log_level == "INFO"


def test_the_database_is_in_the_home_folder_unless_it_is_named():
    assert from_environment({"AUDIT_HOME": "/srv/register"}).database_url == "sqlite:////srv/register/audit.db"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_postgresql_address_names_its_driver(scheme):
    settings = from_environment({"AUDIT_DATABASE_URL": f"{scheme}://audit@db.example/register"})
    assert settings.database_url == "postgresql+psycopg://audit@db.example/register"


@pytest.mark.parametrize(
    ("bind", "host", "expected"),
    [
        ("0.0.0.0:80", "", ("0.0.0.0", 80, "localhost")),
        ("[::1]:8443", "", ("::1", 8443, "localhost")),
        ("192.0.2.7:8000", "", ("192.0.2.7", 8000, "192.0.2.7")),
        ("127.0.0.1:8000", "Register.Clinic.Example", ("127.0.0.1", 8000, "register.clinic.example")),
    ],
)
def test_the_host_is_named_or_follows_from_the_address(bind, host, expected):
    settings = from_environment({"AUDIT_BIND": bind, "AUDIT_HOST": host})
    assert (settings.bind_address, settings.bind_port, settings.host) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUDIT_BIND", "8000"),
        ("AUDIT_BIND", "127.0.0.1"),
        ("AUDIT_BIND", "127.0.0.1:"),
        ("AUDIT_BIND", ":8000"),
        ("AUDIT_BIND", "127.0.0.1:0"),
        ("AUDIT_BIND", "127.0.0.1:65536"),
        ("AUDIT_BIND", "127.0.0.1:٨٠٠٠"),
        ("AUDIT_BIND", "::1:8000"),
        ("AUDIT_HOST", "https://register.example"),
        ("AUDIT_HOST", "register.example:8000"),
        ("AUDIT_HOST", "-register.example"),
        ("AUDIT_HOST", "régistre.example"),
        ("AUDIT_HOST", f"{'a' * 64}.example"),
        ("AUDIT_DATABASE_URL", "mysql://db.example/register"),
        ("AUDIT_DATABASE_URL", "postgresql+psycopg2://db.example/register"),
        ("AUDIT_DATABASE_URL", "sqlite://"),
        ("AUDIT_DATABASE_URL", "sqlite:///:memory:"),
        ("AUDIT_DATABASE_URL", "audit.db"),
        ("AUDIT_LOG_LEVEL", "LOUD"),
        ("AUDIT_HOEM", "/srv/register"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_by_name(name, value):
    with pytest.raises(ConfigRefused, match=f"^{name}=.* cannot be used: expected ") as refusal:
        from_environment({name: value})
    assert refusal.value.name == name


def test_a_refused_database_address_does_not_tell_its_password():
    with pytest.raises(ConfigRefused) as refusal:
        from_environment({"AUDIT_DATABASE_URL": "mysql://audit:open-sesame@db.example/register"})
    assert "open-sesame" not in str(refusal.value)


def test_an_address_without_a_host_name_needs_one():
    with pytest.raises(ConfigRefused, match=r"^AUDIT_HOST="):
        from_environment({"AUDIT_BIND": "[2001:db8::1]:8000"})


def test_the_operating_page_has_the_settings_and_no_others():
    rows = re.findall(r"^\| `(AUDIT_\w+)` \| (.+?) \| (.+) \|$", (ROOT / "docs/operating.md").read_text(), re.MULTILINE)
    assert [(name, default.replace("`", ""), meaning) for name, default, meaning in rows] == [
        (setting.name, setting.default.replace("`", ""), setting.meaning) for setting in SETTINGS
    ]


def test_a_time_authority_is_named_with_its_certificates():
    settings = from_environment(
        {"AUDIT_TIME_AUTHORITY": "https://time.example/tsr", "AUDIT_TIME_CERTIFICATES": "/srv/time.pem"}
    )
    assert (settings.time_authority, settings.time_certificates) == ("https://time.example/tsr", Path("/srv/time.pem"))
    kept = from_environment({"AUDIT_TIME_CERTIFICATES": "/srv/time.pem"})
    assert (kept.time_authority, kept.time_certificates) == ("", Path("/srv/time.pem"))
    assert from_environment({}).time_certificates is None


@pytest.mark.parametrize(
    "url",
    [
        "time.example",
        "ftp://time.example/",
        "https://",
        "https://name:secret@time.example/",
        "https://time.example/#a",
        "https://time.example/a b",
        "https://time.example:x/",
    ],
)
def test_an_address_that_is_no_time_authoritys_is_refused_without_repeating_it(url):
    with pytest.raises(ConfigRefused) as refused:
        from_environment({"AUDIT_TIME_AUTHORITY": url, "AUDIT_TIME_CERTIFICATES": "/srv/time.pem"})
    assert refused.value.name == "AUDIT_TIME_AUTHORITY"
    assert "secret" not in str(refused.value)


def test_a_time_authority_without_certificates_is_refused():
    with pytest.raises(ConfigRefused) as refused:
        from_environment({"AUDIT_TIME_AUTHORITY": "https://time.example/tsr"})
    assert refused.value.name == "AUDIT_TIME_CERTIFICATES"


def test_cosigners_are_named_with_their_addresses():
    text = "pharmacy.example.org/cosigner=https://cosigner.example.org/w, sister=http://[2001:db8::1]:8300,"
    assert from_environment({"AUDIT_COSIGNERS": text}).cosigners == {
        "pharmacy.example.org/cosigner": "https://cosigner.example.org/w",
        "sister": "http://[2001:db8::1]:8300",
    }
    assert from_environment({}).cosigners == {}


@pytest.mark.parametrize(
    "text",
    [
        "https://cosigner.example.org",
        "sister=cosigner.example.org",
        "sister=ftp://cosigner.example.org",
        "sister=file:///etc/passwd",
        "sister=https://",
        "sister=https://name:secret@cosigner.example.org",
        "sister=https://cosigner.example.org/?secret",
        "sister=https://a.example sister",
        "=https://cosigner.example.org",
        "sister=https://a.example,sister=https://b.example",
    ],
)
def test_a_cosigner_without_name_or_address_is_refused_without_repeating_the_address(text):
    with pytest.raises(ConfigRefused) as refused:
        from_environment({"AUDIT_COSIGNERS": text})
    assert refused.value.name == "AUDIT_COSIGNERS"
    assert "secret" not in str(refused.value)
