"""Every table of the log, and the one `metadata` that all tables hang on.

Here: names, types, keys and indexes. Not here: the triggers (`guards.py`), the
accounts of people (`people.py`, on the same `metadata`) and the migrations,
which repeat these definitions because history must not change with the code.

Conventions: `site` is the log's slug and leads every key; `idx` is the
zero-based place of an entry; hashes are 32 raw bytes; times are milliseconds
since 1970 UTC; mass is micrograms. There are no foreign keys: the log is never
deleted from, and a check per posting would cost more than `audit verify`, which
compares every derived row with the log anyway.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata: Final = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pk",
        "uq": "%(table_name)s_%(column_0_N_name)s_unique",
        "ck": "%(table_name)s_%(constraint_name)s",
        "fk": "%(table_name)s_%(column_0_N_name)s_fk",
        "ix": "%(table_name)s_%(column_0_N_name)s_index",
    }
)

# STRICT tables of SQLite know INTEGER only, which is 64 bits wide there.
BIG: Final = BigInteger().with_variant(Integer(), "sqlite")
# Byte order on both engines, so that a listing reads the same on both.
WORD: Final = Text().with_variant(Text(collation="C"), "postgresql")
BYTES: Final = LargeBinary()

log_head: Final = Table(
    "log_head",
    metadata,
    Column("site", WORD, nullable=False),
    Column("size", BIG, nullable=False),
    Column("leaf", BYTES, nullable=False),
    Column("recorded_ms", BIG, nullable=False),
    PrimaryKeyConstraint("site"),
    CheckConstraint("length(leaf) = 32", name="leaf_is_a_hash"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

log_entry: Final = Table(
    "log_entry",
    metadata,
    Column("site", WORD, nullable=False),
    Column("idx", BIG, nullable=False),
    Column("leaf", BYTES, nullable=False),
    Column("body", BYTES, nullable=False),
    Column("kind", WORD, nullable=False),
    Column("actor", WORD, nullable=False),
    Column("method", WORD, nullable=False),
    Column("nonce", WORD, nullable=False),
    Column("session", WORD),
    Column("occurred_ms", BIG, nullable=False),
    Column("recorded_ms", BIG, nullable=False),
    PrimaryKeyConstraint("site", "idx"),
    UniqueConstraint("site", "leaf"),
    UniqueConstraint("site", "nonce"),
    CheckConstraint("length(leaf) = 32", name="leaf_is_a_hash"),
    # log-format section 4: leaf(i) = SHA-256(0x00 || entry bytes). SQLite has no SHA-256.
    CheckConstraint("leaf = sha256('\\x00'::bytea || body)", name="leaf_is_of_body").ddl_if(dialect="postgresql"),
    Index("log_entry_actor_index", "site", "actor", "method", "idx"),
    Index("log_entry_occurred_index", "site", "occurred_ms", "idx"),
    # Partial, so that the many entries they do not concern cost nothing.
    Index(
        "log_entry_session_index",
        "site",
        "session",
        "idx",
        sqlite_where=text("session IS NOT NULL"),
        postgresql_where=text("session IS NOT NULL"),
    ),
    Index(
        "log_entry_acts_signed_index",
        "site",
        "actor",
        "idx",
        sqlite_where=text("kind = 'acts_signed'"),
        postgresql_where=text("kind = 'acts_signed'"),
    ),
    # With a row id: bodies of a kilobyte would overflow the pages of a table kept in its key.
    sqlite_strict=True,
)

log_node: Final = Table(
    "log_node",
    metadata,
    Column("site", WORD, nullable=False),
    Column("level", BIG, nullable=False),
    Column("idx", BIG, nullable=False),
    Column("hash", BYTES, nullable=False),
    PrimaryKeyConstraint("site", "level", "idx"),
    CheckConstraint("level >= 1", name="level_is_above_the_leaves"),
    CheckConstraint("length(hash) = 32", name="hash_is_a_hash"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

checkpoint: Final = Table(
    "checkpoint",
    metadata,
    Column("site", WORD, nullable=False),
    Column("size", BIG, nullable=False),
    Column("root", BYTES, nullable=False),
    Column("note", WORD, nullable=False),
    PrimaryKeyConstraint("site", "size"),
    CheckConstraint("length(root) = 32", name="root_is_a_hash"),
    sqlite_strict=True,
)

posting: Final = Table(
    "posting",
    metadata,
    Column("site", WORD, nullable=False),
    Column("idx", BIG, nullable=False),
    Column("line", BIG, nullable=False),
    Column("account", WORD, nullable=False),
    Column("container", WORD),
    Column("session", WORD),
    Column("strength", BIG, nullable=False),
    Column("form", WORD, nullable=False),
    Column("mass_ug", BIG, nullable=False),
    Column("occurred_ms", BIG, nullable=False),
    PrimaryKeyConstraint("site", "idx", "line"),
    # Covers the sums: grouped in the order of the index, no sorting, no look-up in the table.
    Index(
        "posting_sum_index",
        "site",
        "account",
        "strength",
        "form",
        "occurred_ms",
        "idx",
        "mass_ug",
    ),
    Index(
        "posting_container_index",
        "site",
        "container",
        "account",
        sqlite_where=text("container IS NOT NULL"),
        postgresql_where=text("container IS NOT NULL"),
    ),
    Index(
        "posting_session_index",
        "site",
        "session",
        sqlite_where=text("session IS NOT NULL"),
        postgresql_where=text("session IS NOT NULL"),
    ),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

entry_key: Final = Table(
    "entry_key",
    metadata,
    Column("site", WORD, nullable=False),
    Column("key", WORD, nullable=False),
    Column("idx", BIG, nullable=False),
    PrimaryKeyConstraint("site", "key", "idx"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

sealed: Final = Table(
    "sealed",
    metadata,
    Column("site", WORD, nullable=False),
    Column("idx", BIG, nullable=False),
    Column("field", WORD, nullable=False),
    Column("owner", WORD, nullable=False),
    Column("ciphertext", BYTES, nullable=False),
    PrimaryKeyConstraint("site", "idx", "field"),
    Index("sealed_owner_index", "site", "owner"),
    sqlite_strict=True,
)

sealed_key: Final = Table(
    "sealed_key",
    metadata,
    Column("site", WORD, nullable=False),
    Column("owner", WORD, nullable=False),
    Column("wrapped", BYTES, nullable=False),
    PrimaryKeyConstraint("site", "owner"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# One cosigner's line under the checkpoint at `size`; the checkpoint's own row never changes.
cosignature: Final = Table(
    "cosignature",
    metadata,
    Column("site", WORD, nullable=False),
    Column("size", BIG, nullable=False),
    Column("name", WORD, nullable=False),
    Column("line", WORD, nullable=False),
    PrimaryKeyConstraint("site", "size", "name"),
    sqlite_strict=True,
)

# What a time authority answered (RFC 3161, DER) for the note at `size`.
time_token: Final = Table(
    "time_token",
    metadata,
    Column("site", WORD, nullable=False),
    Column("size", BIG, nullable=False),
    Column("reply", BYTES, nullable=False),
    PrimaryKeyConstraint("site", "size"),
    sqlite_strict=True,
)

# A passkey that waits for somebody to vouch for it; not a record of anything yet.
passkey_request: Final = Table(
    "passkey_request",
    metadata,
    Column("site", WORD, nullable=False),
    Column("credential", WORD, nullable=False),
    Column("person", WORD, nullable=False),
    Column("body", BYTES, nullable=False),
    Column("requested_ms", BIG, nullable=False),
    PrimaryKeyConstraint("site", "credential"),
    sqlite_strict=True,
)

# The secret of a person's one-time codes (RFC 6238), sealed under the wrapping key, and the last step used.
one_time: Final = Table(
    "one_time",
    metadata,
    Column("site", WORD, nullable=False),
    Column("person", WORD, nullable=False),
    Column("secret", BYTES, nullable=False),
    Column("last_counter", BIG, nullable=False),
    Column("confirmed", BIG, nullable=False),
    PrimaryKeyConstraint("site", "person"),
    CheckConstraint("confirmed IN (0, 1)", name="confirmed_is_yes_or_no"),
    sqlite_strict=True,
)
