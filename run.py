"""One command from a fresh clone: makes the virtual environment from the lock files, then becomes `audit`.

`python3 run.py` serves; anything after it goes to `audit` (`python3 run.py demo --serve`).
`python3 run.py --dev` makes the environment that tests and checks need, and starts nothing.

Standard library only, and nothing that Python 3.6 cannot read, so that an old Python gets a sentence and not a
traceback. Not here: database, keys and the first sign-in, which `audit serve` makes.
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

OLDEST_PYTHON = (3, 11)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
MARK = VENV / "installed-from"
ON_WINDOWS = os.name == "nt"
BIN = VENV / ("Scripts" if ON_WINDOWS else "bin")
PYTHON = BIN / ("python.exe" if ON_WINDOWS else "python")
UV = BIN / ("uv.exe" if ON_WINDOWS else "uv")
BUILD_LOCK = "requirements-build.lock"
RUN_LOCK = "requirements.lock"
DEV_LOCK = "requirements-dev.lock"  # contains all of the run lock
HASHED = ["--require-hashes", "--no-deps", "--only-binary", ":all:"]
# The one package without a wheel. It is built by the setuptools of the build lock: isolation would fetch another.
NO_WHEEL = ["--no-binary", "flask-principal", "--no-build-isolation"]
# Compiled once here, so that every start after this one is quick, also where Python writes no bytecode of its own.
COMPILED = ["--compile-bytecode"]


class SetUpFailed(Exception):
    """The environment could not be made; the text is for the person at the keyboard."""


def main(arguments: "list[str]") -> int:
    """Make the environment where it is missing or old, then become `audit`; return an exit status if that failed."""
    for_tests = arguments == ["--dev"]
    try:
        demand_python()
        ensure_environment(DEV_LOCK if for_tests else RUN_LOCK)
    except SetUpFailed as failure:
        print(f"run.py: {failure}", file=sys.stderr)
        return 2
    if for_tests:
        return 0
    os.chdir(str(ROOT))
    command = [str(PYTHON), "-m", "audit", *(arguments or ["serve"])]
    if not ON_WINDOWS:  # signals must reach the server, so no shell and no parent between
        os.execv(command[0], command)  # noqa: S606
    return subprocess.call(command)  # on Windows exec would return to the prompt while the server still writes to it


def demand_python() -> None:
    """Raise SetUpFailed where Python is too old, or cannot make a virtual environment."""
    version = sys.version_info[:2]
    if version < OLDEST_PYTHON:
        raise SetUpFailed(
            f"Python 3.11 or newer is needed and this is {version[0]}.{version[1]}. "
            "Debian 12 and Ubuntu 24.04 have it: sudo apt-get install python3 python3-venv",
        )
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise SetUpFailed(
            "this Python cannot make a virtual environment. What is missing comes with: "
            "sudo apt-get install python3-venv",
        )


def ensure_environment(lock: str) -> None:
    """Bring `.venv` to what `lock` says; return at once where its mark says that it is there already.

    An environment of the same Python is brought up to date in place: should the network be down, the clinic still
    has what ran before. Raises SetUpFailed.
    """
    python = f"python {sys.version_info[0]}.{sys.version_info[1]}"
    found = set(MARK.read_text(encoding="utf-8").splitlines()) if MARK.exists() and PYTHON.exists() else set()
    if {python, fingerprint(BUILD_LOCK), fingerprint(lock)} <= found:
        return
    if python not in found:
        say(f"First start: making {VENV.name} ({python})")
        run([sys.executable, "-m", "venv", "--clear", str(VENV)])
    say(f"Installing {package_count(lock)} packages, each checked against its hash; a slow line takes a minute or two")
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    run([*pip, "install", *HASHED, "-r", str(ROOT / BUILD_LOCK)])
    run(
        [
            str(UV),
            "pip",
            "install",
            "--quiet",
            "--python",
            str(PYTHON),
            *HASHED,
            *NO_WHEEL,
            *COMPILED,
            "-r",
            str(ROOT / lock),
        ]
    )
    # Last, so that whatever stopped half-way is done again.
    lines = {python, fingerprint(BUILD_LOCK), fingerprint(lock), fingerprint(RUN_LOCK)}
    MARK.write_text("\n".join(sorted(lines)) + "\n", encoding="utf-8")
    say("Installed")


def fingerprint(lock: str) -> str:
    """Name and SHA-256 of a lock file: one line of the mark."""
    return f"{lock} {hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()}"


def package_count(lock: str) -> int:
    """How many packages a lock file pins."""
    return (ROOT / lock).read_text(encoding="utf-8").count("==")


def run(command: "list[str]") -> None:
    """Run one step of the installation, its own messages included. Raises SetUpFailed."""
    environment = dict(os.environ)
    if "PIP_INDEX_URL" in environment:  # a mirror is named once; uv does not read pip's variable
        environment.setdefault("UV_DEFAULT_INDEX", environment["PIP_INDEX_URL"])
    try:
        status = subprocess.call(command, env=environment, cwd=str(ROOT))
    except OSError as error:
        raise SetUpFailed(f"could not start {command[0]}: {error}") from error
    if status != 0:
        raise SetUpFailed(
            f"this step ended with status {status}: {' '.join(command)}\n"
            "The lines above say why: most often no network, or a package that differs from its hash. "
            "Start again when that is mended; what was running before is untouched.",
        )


def say(text: str) -> None:
    """Tell the person at the keyboard what takes its time now."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
