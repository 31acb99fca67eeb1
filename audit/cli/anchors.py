"""What somebody who verifies brings from elsewhere, as typed or as a file: keys, a head from paper, a checkpoint."""

from pathlib import Path

from audit.cli.machine import CouldNotRun, read_file
from audit.services.verify import NoteRefused, parse_note
from audit.tlog.cosignature import CosignerKey
from audit.tlog.keys import KeyRefused, VerifierKey
from audit.tlog.paper import HeadRefused, PaperHead, parse_head

MOST_NOTE_BYTES = 131_072


def log_key(text: str | None) -> VerifierKey | None:
    """Return a log's verifier key from its text, None for none. Raises CouldNotRun."""
    if text is None:
        return None
    try:
        return VerifierKey.from_string(text)
    except (KeyRefused, ValueError) as refusal:
        raise CouldNotRun(f"--key: {refusal}") from refusal


def cosigner_key(text: str) -> CosignerKey:
    """Return a cosigner's key from its text. Raises CouldNotRun."""
    try:
        return CosignerKey.from_string(text)
    except (KeyRefused, ValueError) as refused:
        raise CouldNotRun(f"--cosigner {text[:80]}: {refused}") from refused


def read_head(typed: str | None) -> PaperHead | None:
    """Return a head typed in from paper, None for none. Raises CouldNotRun with what is wrong and where."""
    try:
        return parse_head(typed) if typed is not None else None
    except HeadRefused as refusal:
        raise CouldNotRun(f"--head: {refusal}") from refusal


def read_note(path: Path) -> str:
    """Return the text of a checkpoint's file. Raises CouldNotRun where it is none."""
    text = read_text(path, most_bytes=MOST_NOTE_BYTES)
    try:
        parse_note(text)
    except NoteRefused as refusal:
        raise CouldNotRun(f"{path} is no checkpoint: {refusal}") from refusal
    return text


def read_text(path: Path, *, most_bytes: int) -> str:
    """Return a file's text in UTF-8. Raises CouldNotRun where it is none, or larger than that."""
    try:
        return read_file(path, most_bytes=most_bytes).decode()
    except UnicodeDecodeError as error:
        raise CouldNotRun(f"{path} is not text in UTF-8") from error
