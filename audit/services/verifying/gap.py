"""A log that follows a frozen one (log-format, section 1): its verdict names what was lost between them."""

from audit.domain import events
from audit.services.verifying.verdict import Notebook, Rule


def note_gap(notebook: Notebook, opened: events.Event) -> None:
    """Name the log that this one follows, and how much of it survives."""
    before = opened.succeeds if isinstance(opened, events.LogOpened) else None
    if before is None:
        return
    found = f"it follows {before.log}: of {before.size} entries known there, {before.surviving_size} survive"
    notebook.notice(Rule.ORDER, 0, expected="a record without a gap", found=found)
