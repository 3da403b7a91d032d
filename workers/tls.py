"""The two ends of TLS: as the server has it, and as who started it trusts it."""

import ssl

from workers.http_settings import Tls
from workers.settings import SettingsError


def server_context(tls: Tls) -> ssl.SSLContext:
    """Raises SettingsError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # Without a password given, OpenSSL would ask the terminal for that of an encrypted key.
        context.load_cert_chain(tls.certificate, tls.key, password=lambda: "")
    except (OSError, ValueError) as error:
        raise SettingsError(
            "WAYBILL_TLS_CERTIFICATE and WAYBILL_TLS_KEY must be a certificate and its key, not encrypted, in PEM form: "
            f"{getattr(error, 'reason', None) or error}."
        ) from None
    return context


def require_usable(tls: Tls | None) -> None:
    """For what is wrong with it to be said before anything starts. Raises SettingsError."""
    if tls is not None:
        server_context(tls)


def own_context(tls: Tls) -> ssl.SSLContext:
    """For the process that started the server and asks it whether it is ready: this certificate and no other, whatever name it is
    for, since it is asked at an address.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(tls.certificate)
    return context
