"""Set-up: the locks, the one command, the databases that tests stand on, and the rule about skips."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import sqlalchemy
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.skips import ALLOWED, unreasoned

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ("requirements-build.lock", "requirements.lock", "requirements-dev.lock")
PYTHON_LINE = f"python {sys.version_info[0]}.{sys.version_info[1]}"

# ---------------------------------------------------------------- locks


def pins(lock: str) -> dict[str, str]:
    """Version by package name."""
    found = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", (ROOT / lock).read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def direct(*groups: str) -> list[Requirement]:
    """Requirements of pyproject.toml: `run`, or the name of a dependency group."""
    project = PYPROJECT["project"]
    run = project["dependencies"] + project["optional-dependencies"]["postgres"]
    return [
        Requirement(line)
        for group in groups
        for line in (run if group == "run" else PYPROJECT["dependency-groups"][group])
    ]


@pytest.mark.parametrize(
    ("lock", "requirements"),
    [
        ("requirements-build.lock", direct("build")),
        ("requirements.lock", direct("run")),
        ("requirements-dev.lock", direct("run", "dev")),
    ],
)
def test_every_requirement_is_pinned_within_its_range(lock, requirements):
    pinned = pins(lock)
    assert requirements
    for requirement in requirements:
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(lock):
    blocks = re.split(r"^(?=[A-Za-z0-9])", (ROOT / lock).read_text(), flags=re.MULTILINE)[1:]
    assert len(blocks) == len(pins(lock))
    assert [block for block in blocks if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", block)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_where_packages_come_from(lock):
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text


def test_the_test_lock_contains_the_run_lock_pin_for_pin():
    run, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {name: dev.get(name) for name in run} == run


def test_the_page_on_dependencies_names_every_direct_one():
    named = re.findall(r"^\| ([a-z][a-z0-9-]*) \|", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE)
    assert sorted(named) == sorted(canonicalize_name(requirement.name) for requirement in direct("run", "dev"))


# ---------------------------------------------------------------- run.py


@pytest.fixture
def clone(tmp_path):
    """The files run.py needs, with an environment that is marked as installed and whose Python tells its arguments."""
    for name in ("run.py", *LOCKS):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "python $*"\ncase "$*" in *pip*) exit 7;; esac\n')
    python.chmod(0o755)
    answer = start(
        tmp_path, "-c", "import run; print(*map(run.fingerprint, [run.BUILD_LOCK, run.RUN_LOCK]), sep='\\n')"
    )
    (tmp_path / ".venv/installed-from").write_text(f"{PYTHON_LINE}\n{answer.stdout}")
    return tmp_path


def start(folder, *arguments):
    return subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "python -m audit serve\n"),
        (["demo", "--serve"], "python -m audit demo --serve\n"),
        (["verify", "--json"], "python -m audit verify --json\n"),
    ],
)
def test_a_second_start_installs_nothing_and_becomes_audit(clone, arguments, told):
    answer = start(clone, "run.py", *arguments)
    assert (answer.stdout, answer.stderr, answer.returncode) == (told, "", 0)


def test_run_works_from_another_folder(clone, tmp_path_factory):
    answer = start(tmp_path_factory.mktemp("elsewhere"), str(clone / "run.py"))
    assert answer.stdout == "python -m audit serve\n"


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-build.lock"])
def test_a_changed_lock_is_installed_and_a_failure_leaves_no_mark_of_it(clone, lock):
    with (clone / lock).open("a") as file:
        file.write("# changed\n")
    before = (clone / ".venv/installed-from").read_text()
    answer = start(clone, "run.py")
    assert answer.returncode == 2
    assert "this step ended with status 7" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert "-m audit" not in answer.stdout
    assert (clone / ".venv/installed-from").read_text() == before


def test_a_run_environment_is_not_taken_for_a_test_environment(clone):
    answer = start(clone, "run.py", "--dev")
    assert answer.returncode == 2
    assert "pip" in answer.stdout


def test_an_old_python_is_refused_in_a_sentence(clone):
    answer = start(clone, "-c", "import sys, run; sys.version_info = (3, 10, 13); sys.exit(run.main([]))")
    assert answer.returncode == 2
    assert answer.stderr.startswith("run.py: Python 3.11 or newer is needed and this is 3.10. ")


def test_an_old_python_can_read_run_py_at_all():
    ast.parse((ROOT / "run.py").read_text(), feature_version=(3, 7))


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_a_missing_python3_venv_is_named_with_its_command(clone, missing):
    answer = start(clone, "-c", f"import sys, run; sys.modules[{missing!r}] = None; sys.exit(run.main([]))")
    assert answer.returncode == 2
    assert answer.stderr.rstrip().endswith("sudo apt-get install python3-venv")


def test_missing_system_programs_are_named_with_their_command(tmp_path):
    for tool in ("bash", "dirname", "grep", "id"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    answer = subprocess.run(
        [str(tmp_path / "bash"), str(ROOT / ".ci/system-packages")],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert "sudo apt-get update && sudo apt-get install poppler-utils qpdf libnss3-tools" in answer.stderr


# ---------------------------------------------------------------- what tests stand on


def test_each_engine_gives_a_test_an_empty_database(database_url, engine_kind):
    engine = sqlalchemy.create_engine(database_url)
    try:
        assert engine.dialect.name == engine_kind
        assert sqlalchemy.inspect(engine).get_table_names() == []
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("CREATE TABLE leftover (a INTEGER)"))
    finally:
        engine.dispose()


def test_an_ordinary_role_owns_nothing_and_may_not_make_tables(postgres_server):
    role = postgres_server.create_role()
    with postgres_server.database() as name:
        engine = sqlalchemy.create_engine(postgres_server.url(name, role=role))
        try:
            with (
                engine.connect() as connection,
                pytest.raises(sqlalchemy.exc.ProgrammingError, match="permission denied for schema public"),
            ):
                connection.execute(sqlalchemy.text("CREATE TABLE mine (a INTEGER)"))
        finally:
            engine.dispose()


def test_a_database_made_from_a_template_has_its_rows(postgres_server):
    with postgres_server.database() as template:
        engine = sqlalchemy.create_engine(postgres_server.url(template))
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("CREATE TABLE stock AS SELECT 7 AS vials"))
        engine.dispose()
        with postgres_server.database(template=template) as copy:
            engine = sqlalchemy.create_engine(postgres_server.url(copy))
            with engine.connect() as connection:
                assert connection.execute(sqlalchemy.text("SELECT vials FROM stock")).scalar_one() == 7
            engine.dispose()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("def test_a(): pass", 0),
        ("import pytest\ndef test_a(): pytest.skip('vectors absent: rfc8785')", 0),
        ("import pytest\ndef test_a(): pytest.skip('no time')", 1),
        ("import pytest\npytest.skip('no time', allow_module_level=True)", 1),
        ("import pytest\n@pytest.mark.xfail(reason='known')\ndef test_a(): assert 0", 1),
    ],
)
def test_a_run_with_an_unlisted_skip_fails(tmp_path, body, status):
    (tmp_path / "tests/tlog").mkdir(parents=True)
    shutil.copy(ROOT / "tests/skips.py", tmp_path / "tests")
    (tmp_path / "tests/conftest.py").write_text('pytest_plugins = ("tests.skips",)\n')
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    # A second test passes, for a module that is skipped whole leaves a run without tests, which fails anyway.
    (tmp_path / "tests/tlog/test_sample.py").write_text(body + "\n")
    (tmp_path / "tests/test_other.py").write_text("def test_b(): pass\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    answer = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == status, answer.stdout + answer.stderr
    assert ("skipped without a reason" in answer.stdout) == (status == 1)


def test_a_listed_skip_is_allowed_only_where_and_why_it_is_listed():
    assert unreasoned([("tests/tlog/test_x.py::test_a", "Skipped: vectors absent")]) == []
    assert unreasoned([("tests/web/test_x.py::test_a", "Skipped: vectors absent")]) != []
    assert unreasoned([("tests/tlog/test_x.py::test_a", "Skipped: slow")]) != []
    assert len(ALLOWED) <= 3
