"""How Alembic meets the database: on the connection it is given, or on one opened from `-x url=...`.

Each migration says everything it does; nothing is generated at run time.
"""

from alembic import context
from sqlalchemy import Connection

from audit.storage.engine import open_engine, write
from audit.storage.schema import metadata


def run(conn: Connection) -> None:
    """Run the migrations asked for, in the caller's transaction."""
    # No batch mode: it copies a table and loses its triggers without a word.
    context.configure(connection=conn, target_metadata=metadata, render_as_batch=False, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if context.is_offline_mode():
    raise SystemExit("the guards differ by engine: run migrations on a database, not as a script")
if given is not None:
    run(given)
else:
    with write(open_engine(context.get_x_argument(as_dictionary=True)["url"])) as opened:
        run(opened)
