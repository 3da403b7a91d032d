"""Certificates for this machine, signed by themselves or by an authority that nobody knows."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from workers.http_settings import Tls

NAME: Final = "waybill.test"
AUTHORITY: Final = "An authority of the tests"


def write_certificate(
    folder: Path, *, name: str = NAME, password: str | None = None, for_address: bool = True, by_authority: bool = False
) -> Tls:
    """For the name, and 127.0.0.1 unless told otherwise; the key is encrypted where a password is given."""
    folder.mkdir(parents=True, exist_ok=True)
    tls = Tls(certificate=folder / "certificate.pem", key=folder / "key.pem")
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, AUTHORITY)]) if by_authority else subject
    addresses = [x509.IPAddress(ip_address("127.0.0.1"))] if for_address else []
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name), *addresses]), critical=False)
        .add_extension(x509.BasicConstraints(ca=not by_authority, path_length=None), critical=True)
        .sign(ec.generate_private_key(ec.SECP256R1()) if by_authority else private, hashes.SHA256())
    )
    tls.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    encryption = (
        serialization.NoEncryption() if password is None else serialization.BestAvailableEncryption(password.encode())
    )
    tls.key.write_bytes(
        private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    )
    return tls
