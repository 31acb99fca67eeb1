"""Digital signatures on reports.

The certificate made at set-up, signing (PAdES B-B, certified "no changes"), and checking.

ETSI EN 319 142-1 for the signature, ISO 32000-2 12.8 for DocMDP. Time, serial and names are arguments; only key
generation
draws random bytes. Checking asks more than a PDF reader does: the signature must cover every byte but its own
container,
and the container must be exactly what this module writes, so that no byte of the file can differ unseen.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.validation import EmbeddedPdfSignature, validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from audit.reports.evidence import MAX_PDF_BYTES
from audit.reports.refused import PDF_FAULTS, PdfRefused

FIELD_NAME = "ReportSignature"
_CONTAINER = re.compile(rb"<[0-9A-F]+>")


def make_certificate(
    common_name: str, *, not_before: datetime, not_after: datetime, serial: int
) -> tuple[bytes, bytes]:
    """A new P-256 key and its self-signed certificate, both as PEM; the key is not encrypted, its keeper sees to that.

    It is its own issuer, and says so: readers that build on NSS trust a self-signed certificate only as an authority,
    and
    call any extended key usage of one an unknown issue.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return key_pem, certificate.public_bytes(serialization.Encoding.PEM)


def fingerprint(cert_pem: bytes) -> str:
    """SHA-256 of the first certificate in the PEM, as 64 hex digits: what the verification page prints."""
    return x509.load_pem_x509_certificates(cert_pem)[0].fingerprint(hashes.SHA256()).hex()


def sign_pdf(pdf: bytes, *, key_pem: bytes, cert_pem: bytes, when: datetime, reason: str, location: str) -> bytes:
    """The PDF with an invisible certifying signature; the unsigned file is an exact prefix of the result.

    `cert_pem` holds the signer's certificate first, then any chain; `when` carries its offset.
    """
    certificate, *chain = load_certs_from_pemder_data(cert_pem)
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register_multiple(chain)
    key = load_private_key_from_pemder_data(key_pem, passphrase=None)
    signer = SimpleSigner(signing_cert=certificate, signing_key=key, cert_registry=store)
    meta = PdfSignatureMetadata(
        field_name=FIELD_NAME,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        reason=reason,
        location=location,
    )
    field = SigFieldSpec(sig_field_name=FIELD_NAME, on_page=-1)
    writer = _PlainWriter(BytesIO(pdf))
    return asyncio.run(_sign(PdfSigner(meta, signer, new_field_spec=field), writer, when))


class _PlainWriter(IncrementalPdfFileWriter):
    """Adds the signature and nothing else."""

    def _update_meta(self) -> None:
        """Leaves the file's properties as they were issued; the library would write the clock into them."""


async def _sign(signer: PdfSigner, writer: IncrementalPdfFileWriter, when: datetime) -> bytes:
    """The steps of PdfSigner.async_sign_pdf, with the time given instead of read."""
    session = signer.init_signing_session(writer)
    session.system_time = when
    checked = await session.perform_presign_validation(writer)
    reserved = await session.estimate_signature_container_size(checked, tight=False)
    document = session.prepare_tbs_document(validation_info=checked, bytes_reserved=reserved)
    prepared, output = document.digest_tbs_document()
    signed = await document.perform_signature(
        document_digest=prepared.document_digest, pdf_cms_signed_attrs=PdfCMSSignedAttributes(signing_time=when)
    )
    await signed.post_signature_processing(output)
    output.seek(0)
    return bytes(output.read())


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureReport:
    """What checking a signed report came to; `problems` are sentences, empty where all holds.

    `is_trusted` is None where no certificate was given to compare with.
    """

    is_intact: bool
    covers_whole_document: bool
    is_certified: bool
    is_trusted: bool | None
    signer_name: str
    signer_sha256: str
    signed_at: datetime | None
    problems: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether the file is, byte for byte, what was signed, by the certificate given if one was."""
        return not self.problems


def check_signature(pdf: bytes, trusted_cert_pem: bytes | None = None) -> SignatureReport:
    """Checks the one signature of a report, against a certificate (its own or its issuer's) where one is given.

    Raises PdfRefused where the file is too large, cannot be read, or carries no signature.
    """
    if len(pdf) > MAX_PDF_BYTES:
        raise PdfRefused("too_large", f"The file is larger than {MAX_PDF_BYTES >> 20} MiB.")
    try:
        return _check(pdf, trusted_cert_pem)
    except PDF_FAULTS as fault:
        raise PdfRefused(
            "not_readable", "The file is not a readable signed PDF; it may be cut off or damaged."
        ) from fault


def _check(pdf: bytes, trusted_cert_pem: bytes | None) -> SignatureReport:
    signatures = list(PdfFileReader(BytesIO(pdf)).embedded_signatures)
    if not signatures:
        raise PdfRefused("not_signed", "The file carries no signature.")
    signature = signatures[0]
    certificate = signature.signer_cert
    trusted = load_certs_from_pemder_data(trusted_cert_pem) if trusted_cert_pem is not None else None
    roots = [certificate] if trusted is None else list(trusted)
    context = ValidationContext(trust_roots=roots, moment=signature.self_reported_timestamp, allow_fetching=False)
    status = validate_pdf_signature(signature, context, skip_diff=True)
    is_intact = bool(status.intact and status.valid)
    covers = _covers_all(signature, len(pdf))
    is_certified = signature.docmdp_level == MDPPerm.NO_CHANGES and signature.field_name == FIELD_NAME
    is_trusted = (
        None if trusted is None else certificate.sha256 in {item.sha256 for item in trusted} or bool(status.trusted)
    )
    problems = [
        (len(signatures) > 1, "The file carries more than one signature."),
        (not is_intact, "The content is not what was signed."),
        (not covers, "The signature does not cover the whole file: something was added or cut off after signing."),
        (not is_certified, "The signature does not forbid later changes, as a report's does."),
        (is_trusted is False, "The file was signed with another certificate than the one given."),
        (not _is_own_container(pdf, signature), "The signature is not in the form this program writes."),
    ]
    return SignatureReport(
        is_intact=is_intact,
        covers_whole_document=covers,
        is_certified=is_certified,
        is_trusted=is_trusted,
        signer_name=str(certificate.subject.native.get("common_name", "")),
        signer_sha256=certificate.sha256.hex(),
        signed_at=signature.self_reported_timestamp,
        problems=tuple(text for is_wrong, text in problems if is_wrong),
    )


def _covers_all(signature: EmbeddedPdfSignature, size: int) -> bool:
    start, first, second, rest = (int(number) for number in signature.byte_range)
    return start == 0 and 0 < first < second and second + rest == size


def _is_own_container(pdf: bytes, signature: EmbeddedPdfSignature) -> bool:
    """Whether the gap in the byte range is one upper-case hex string: a DER object of our profile, then zeros only."""
    _, first, second, _ = (int(number) for number in signature.byte_range)
    gap = pdf[first:second]
    if not _CONTAINER.fullmatch(gap) or len(gap) % 2:
        return False
    raw = bytes.fromhex(gap[1:-1].decode("ascii"))
    content = cms.ContentInfo.load(raw)
    der = content.dump()
    return not raw[len(der) :].strip(b"\0") and raw.startswith(der) and _is_own_profile(content, der)


def _is_own_profile(content: cms.ContentInfo, der: bytes) -> bool:
    """Everything in the container that the signature itself does not protect has its one right value."""
    data = content["content"]
    if content.copy().dump(force=True) != der or len(data["signer_infos"]) != 1:
        return False
    info = data["signer_infos"][0]
    certificates = [item.chosen for item in data["certificates"]]
    named = [item for item in certificates if isinstance(item, asn1_x509.Certificate) and _is_named(info, item)]
    return (
        (data["version"].native, info["version"].native) == ("v1", "v1")
        and [item["algorithm"].native for item in data["digest_algorithms"]] == ["sha256"]
        and info["digest_algorithm"]["algorithm"].native == "sha256"
        and data["encap_content_info"]["content_type"].native == "data"
        and data["encap_content_info"]["content"].native is None
        and data["crls"].native is None
        and not info["unsigned_attrs"].native
        and len(named) == 1
    )


def _is_named(info: cms.SignerInfo, certificate: asn1_x509.Certificate) -> bool:
    sid = info["sid"]
    if sid.name != "issuer_and_serial_number":
        return False
    return bool(
        sid.chosen["issuer"] == certificate.issuer and sid.chosen["serial_number"].native == certificate.serial_number
    )
