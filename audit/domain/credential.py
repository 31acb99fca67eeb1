"""A person's passkeys and the keys in force, as the fold of the log's entries makes them."""

from dataclasses import dataclass, field

from audit.domain import events


@dataclass(slots=True, kw_only=True)
class Credential:
    """A passkey as it was enrolled; `index` is the entry that enrolled it, `revoked_index` the one that ended it."""

    credential: str
    person: str
    public_key: str
    algorithm: int
    rp_id: str
    attachment: events.Attachment | None
    transports: tuple[events.Transport, ...]
    backup_eligible: bool
    index: int
    enrolled_ms: int
    revoked_index: int | None = None

    @property
    def is_active(self) -> bool:
        """Say whether it may still sign."""
        return self.revoked_index is None


@dataclass(slots=True, kw_only=True)
class Trust:
    """The keys, hosts and cosigners in force; verifier keys as text."""

    log_key: str
    service_key: str
    signing_origins: tuple[str, ...]
    rp_id: str
    cosigners: tuple[str, ...]
    quorum: int
    log_key_changes: list[tuple[int, events.LogKeyChanged]] = field(default_factory=list)
