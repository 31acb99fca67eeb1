"""The signer that the settings name: in a process of its own at an address, or the embedded one over its folder."""

from collections.abc import Callable

from audit.config import Settings
from audit.services.signing.address import SOCKET, Address, Certificates
from audit.services.signing.keeper import KeptSigner
from audit.services.signing.remote import RemoteSigner
from audit.services.signing.signer import Signer


def signer_of(settings: Settings, random: Callable[[int], bytes]) -> Signer:
    """Return the signer to ask; of an installation with the embedded one, the code itself over the same folder."""
    address = address_of(settings)
    return RemoteSigner(address) if address is not None else kept_signer(settings, random)


def is_embedded(settings: Settings) -> bool:
    """Say whether the signer is the one beside the service, over a folder of this installation."""
    return address_of(settings) in {None, Address(path=settings.signer_home / SOCKET)}


def kept_signer(settings: Settings, random: Callable[[int], bytes]) -> KeptSigner:
    """Return the signer over the folder on this machine."""
    return KeptSigner(settings.signer_home, random)


def address_of(settings: Settings) -> Address | None:
    """Return the address of a signer in a process of its own; None for the embedded one."""
    if settings.signer_path is not None:
        return Address(path=settings.signer_path)
    if not settings.signer_host or settings.signer_certificates is None:
        return None
    own, key, trusted = settings.signer_certificates
    return Address(
        host=settings.signer_host,
        port=settings.signer_port,
        certificates=Certificates(own=own, key=key, trusted=trusted),
    )
