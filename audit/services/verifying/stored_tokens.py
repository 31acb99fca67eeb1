"""The time tokens of one site's log as its database keeps them, for check 8. Nothing is judged here."""

from audit.services.verifying.source import TimeTokens
from audit.storage import checkpoints, time_tokens
from audit.storage.engine import Connection


def stored_tokens(conn: Connection, site: str, certificates: bytes | None) -> TimeTokens:
    """Return the tokens of a site, read one by one as they are asked for; what is not there is missing."""
    return TimeTokens(
        sizes=time_tokens.sizes(conn, site),
        reply_at=lambda size: time_tokens.at(conn, site, size),
        note_at=lambda size: checkpoints.note_at(conn, site, size),
        certificates=certificates,
        is_whole=True,
    )
