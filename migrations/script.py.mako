"""${message}.

Never batch a guarded table, never touch a body; put guards back with `guards.create` where they were dropped.
"""

import sqlalchemy as sa
from alembic import op

from audit.storage import guards

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
