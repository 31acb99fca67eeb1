"""People: accounts derived from the log, sign-ins and failed attempts."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BYTES = sa.LargeBinary()


def upgrade() -> None:
    _create_account()
    _create_sign_in()
    _create_attempt()


def _create_account() -> None:
    op.create_table(
        "account",
        sa.Column("site", WORD, nullable=False),
        sa.Column("person", WORD, nullable=False),
        sa.Column("name", WORD, nullable=False),
        sa.Column("sign_in", WORD, nullable=False),
        sa.Column("profession", WORD, nullable=False),
        sa.Column("licence", WORD, nullable=False),
        sa.Column("roles", WORD, nullable=False),
        sa.Column("password", WORD),
        sa.Column("active", BIG, nullable=False),
        sa.PrimaryKeyConstraint("site", "person"),
        sa.UniqueConstraint("site", "sign_in"),
        sa.CheckConstraint("active IN (0, 1)", name="active_is_yes_or_no"),
        sqlite_strict=True,
    )


def _create_sign_in() -> None:
    op.create_table(
        "sign_in",
        sa.Column("id", BYTES, nullable=False),
        sa.Column("site", WORD, nullable=False),
        sa.Column("person", WORD, nullable=False),
        sa.Column("created_ms", BIG, nullable=False),
        sa.Column("seen_ms", BIG, nullable=False),
        sa.Column("figures_seen_ms", BIG),
        sa.Column("ended_ms", BIG),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("length(id) = 32", name="id_is_a_hash"),
        sa.Index("sign_in_person_index", "site", "person"),
        sqlite_strict=True,
    )


def _create_attempt() -> None:
    op.create_table(
        "attempt",
        sa.Column("site", WORD, nullable=False),
        sa.Column("subject", WORD, nullable=False),
        sa.Column("wrong", BIG, nullable=False),
        sa.Column("first_ms", BIG, nullable=False),
        sa.Column("locked_until_ms", BIG),
        sa.PrimaryKeyConstraint("site", "subject"),
        sa.Index("attempt_first_index", "first_ms"),
        sqlite_strict=True,
    )
