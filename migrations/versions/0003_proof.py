"""Proof: cosigners' lines, time tokens, passkeys that wait for approval, one-time codes."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BYTES = sa.LargeBinary()


def upgrade() -> None:
    _create_cosignature()
    _create_time_token()
    _create_passkey_request()
    _create_one_time()
    _keep_no_statistics()


def _keep_no_statistics() -> None:
    # PostgreSQL's planner keeps samples of values: a wrapped key among them would outlive an erasure.
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, column in (("sealed_key", "wrapped"), ("sealed", "ciphertext")):
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0")
        # Naming the type again drops the samples taken so far.
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE bytea")


def _create_cosignature() -> None:
    op.create_table(
        "cosignature",
        sa.Column("site", WORD, nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("name", WORD, nullable=False),
        sa.Column("line", WORD, nullable=False),
        sa.PrimaryKeyConstraint("site", "size", "name"),
        sqlite_strict=True,
    )


def _create_time_token() -> None:
    op.create_table(
        "time_token",
        sa.Column("site", WORD, nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("reply", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("site", "size"),
        sqlite_strict=True,
    )


def _create_passkey_request() -> None:
    op.create_table(
        "passkey_request",
        sa.Column("site", WORD, nullable=False),
        sa.Column("credential", WORD, nullable=False),
        sa.Column("person", WORD, nullable=False),
        sa.Column("body", BYTES, nullable=False),
        sa.Column("requested_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("site", "credential"),
        sqlite_strict=True,
    )


def _create_one_time() -> None:
    op.create_table(
        "one_time",
        sa.Column("site", WORD, nullable=False),
        sa.Column("person", WORD, nullable=False),
        sa.Column("secret", BYTES, nullable=False),
        sa.Column("last_counter", BIG, nullable=False),
        sa.Column("confirmed", BIG, nullable=False),
        sa.PrimaryKeyConstraint("site", "person"),
        sa.CheckConstraint("confirmed IN (0, 1)", name="confirmed_is_yes_or_no"),
        sqlite_strict=True,
    )
