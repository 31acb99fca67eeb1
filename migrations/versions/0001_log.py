"""The log: entries, tree, checkpoints, what is derived from them, and sealed values, with their guards."""

import sqlalchemy as sa
from alembic import op

from audit.storage import guards

revision = "0001"
down_revision = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BYTES = sa.LargeBinary()


def upgrade() -> None:
    _create_log_head()
    _create_log_entry()
    _create_log_node()
    _create_checkpoint()
    _create_posting()
    _create_entry_key()
    _create_sealed()
    _create_sealed_key()
    guards.create(op.get_bind(), "log_head", "log_entry", "log_node", "checkpoint", "posting", "entry_key")


def _create_log_head() -> None:
    op.create_table(
        "log_head",
        sa.Column("site", WORD, nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("leaf", BYTES, nullable=False),
        sa.Column("recorded_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("site"),
        sa.CheckConstraint("length(leaf) = 32", name="leaf_is_a_hash"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _create_log_entry() -> None:
    op.create_table(
        "log_entry",
        sa.Column("site", WORD, nullable=False),
        sa.Column("idx", BIG, nullable=False),
        sa.Column("leaf", BYTES, nullable=False),
        sa.Column("body", BYTES, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("actor", WORD, nullable=False),
        sa.Column("method", WORD, nullable=False),
        sa.Column("nonce", WORD, nullable=False),
        sa.Column("session", WORD),
        sa.Column("occurred_ms", BIG, nullable=False),
        sa.Column("recorded_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("site", "idx"),
        sa.UniqueConstraint("site", "leaf"),
        sa.UniqueConstraint("site", "nonce"),
        sa.CheckConstraint("length(leaf) = 32", name="leaf_is_a_hash"),
        sa.CheckConstraint("leaf = sha256('\\x00'::bytea || body)", name="leaf_is_of_body").ddl_if(
            dialect="postgresql"
        ),
        sa.Index("log_entry_actor_index", "site", "actor", "method", "idx"),
        sa.Index("log_entry_occurred_index", "site", "occurred_ms", "idx"),
        sa.Index(
            "log_entry_session_index",
            "site",
            "session",
            "idx",
            sqlite_where=sa.text("session IS NOT NULL"),
            postgresql_where=sa.text("session IS NOT NULL"),
        ),
        sa.Index(
            "log_entry_acts_signed_index",
            "site",
            "actor",
            "idx",
            sqlite_where=sa.text("kind = 'acts_signed'"),
            postgresql_where=sa.text("kind = 'acts_signed'"),
        ),
        sqlite_strict=True,
    )


def _create_log_node() -> None:
    op.create_table(
        "log_node",
        sa.Column("site", WORD, nullable=False),
        sa.Column("level", BIG, nullable=False),
        sa.Column("idx", BIG, nullable=False),
        sa.Column("hash", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("site", "level", "idx"),
        sa.CheckConstraint("level >= 1", name="level_is_above_the_leaves"),
        sa.CheckConstraint("length(hash) = 32", name="hash_is_a_hash"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _create_checkpoint() -> None:
    op.create_table(
        "checkpoint",
        sa.Column("site", WORD, nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("root", BYTES, nullable=False),
        sa.Column("note", WORD, nullable=False),
        sa.PrimaryKeyConstraint("site", "size"),
        sa.CheckConstraint("length(root) = 32", name="root_is_a_hash"),
        sqlite_strict=True,
    )


def _create_posting() -> None:
    op.create_table(
        "posting",
        sa.Column("site", WORD, nullable=False),
        sa.Column("idx", BIG, nullable=False),
        sa.Column("line", BIG, nullable=False),
        sa.Column("account", WORD, nullable=False),
        sa.Column("container", WORD),
        sa.Column("session", WORD),
        sa.Column("strength", BIG, nullable=False),
        sa.Column("form", WORD, nullable=False),
        sa.Column("mass_ug", BIG, nullable=False),
        sa.Column("occurred_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("site", "idx", "line"),
        sa.Index(
            "posting_sum_index",
            "site",
            "account",
            "strength",
            "form",
            "occurred_ms",
            "idx",
            "mass_ug",
        ),
        sa.Index(
            "posting_container_index",
            "site",
            "container",
            "account",
            sqlite_where=sa.text("container IS NOT NULL"),
            postgresql_where=sa.text("container IS NOT NULL"),
        ),
        sa.Index(
            "posting_session_index",
            "site",
            "session",
            sqlite_where=sa.text("session IS NOT NULL"),
            postgresql_where=sa.text("session IS NOT NULL"),
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _create_entry_key() -> None:
    op.create_table(
        "entry_key",
        sa.Column("site", WORD, nullable=False),
        sa.Column("key", WORD, nullable=False),
        sa.Column("idx", BIG, nullable=False),
        sa.PrimaryKeyConstraint("site", "key", "idx"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _create_sealed() -> None:
    op.create_table(
        "sealed",
        sa.Column("site", WORD, nullable=False),
        sa.Column("idx", BIG, nullable=False),
        sa.Column("field", WORD, nullable=False),
        sa.Column("owner", WORD, nullable=False),
        sa.Column("ciphertext", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("site", "idx", "field"),
        sa.Index("sealed_owner_index", "site", "owner"),
        sqlite_strict=True,
    )


def _create_sealed_key() -> None:
    op.create_table(
        "sealed_key",
        sa.Column("site", WORD, nullable=False),
        sa.Column("owner", WORD, nullable=False),
        sa.Column("wrapped", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("site", "owner"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
