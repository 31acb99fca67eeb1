"""The click group `main`: which commands there are and in which module each lives.

A module is imported when its command is called, so that start-up does not pay for what is not used. A new command
is one line in `COMMANDS` and a module of its own.
"""

from importlib import import_module
from typing import Final, NamedTuple

import click


class Place(NamedTuple):
    """Where a command lives, and its line in `audit --help`."""

    module: str
    attribute: str
    line: str


COMMANDS: Final[dict[str, Place]] = {
    "cosigner": Place("audit.cli.cosigner", "cosigner", "Cosign the checkpoints of other clinics' logs."),
    "demo": Place("audit.cli.data", "demo", "Load a synthetic clinic."),
    "drill": Place("audit.cli.drill", "run", "Try every attack of the attack table on a copy of the log."),
    "export": Place("audit.cli.bundle", "export_bundle", "Write the whole log as an evidence bundle."),
    "keys": Place("audit.cli.keys", "keys", "Show keys, or put new ones in their place."),
    "proof": Place("audit.cli.check", "proof", "Write the proof file of one entry."),
    "reconcile": Place("audit.cli.reports", "show_reconcile", "Print the accountability of a period."),
    "report": Place("audit.cli.reports", "write_report", "Issue and sign the report of a period."),
    "serve": Place("audit.cli.serve", "serve", "Serve the register on its address."),
    "signer": Place("audit.cli.signer", "run_signer", "Sign the heads of logs, as a process of its own."),
    "user": Place("audit.cli.users", "user", "List people, or print a password link for one."),
    "verify": Place("audit.cli.check", "verify", "Verify the whole record and every table derived from it."),
    "verify-bundle": Place("audit.cli.bundle", "verify_bundle", "Verify an evidence bundle with nothing but its file."),
    "verify-pdf": Place("audit.cli.check_pdf", "verify_pdf", "Verify a report: signature, evidence and figures."),
    "verify-proof": Place("audit.cli.check", "verify_proof", "Verify the proof file of one entry."),
}


class Lazy(click.Group):
    """A group that imports a command's module when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- what click calls it with
        """Return the names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- as above
        """Return a command by name."""
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        command: click.Command = getattr(import_module(place.module), place.attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].line) for name in self.list_commands(ctx)])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Ketamine Audit: a register of controlled drugs that anyone can check.

    Exit status: 0 holds, 1 something is wrong with the record, 2 the command could not run.
    """
