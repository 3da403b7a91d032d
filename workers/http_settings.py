"""What the environment says of how the API is served: over TLS or not, to whom, and how often anybody may ask."""

import re
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final

from msgspec import Struct

from workers.environment_values import read_path

REQUESTS_PER_SECOND: Final = 1000
REQUESTS_PER_SECOND_MAX: Final = 1_000_000
# As browsers send it: in lower case, without a path, and without the port that the scheme has anyway.
ORIGIN: Final = re.compile(r"https?://(?:[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?")
NEEDLESS_PORTS: Final = (re.compile(r"http://.*:0*80"), re.compile(r"https://.*:0*443"))


class Tls(Struct, frozen=True, kw_only=True):
    """Files in PEM form. `certificate` may hold those of the authorities between it and the root as well."""

    certificate: Path
    key: Path


class HttpSettings(Struct, frozen=True, kw_only=True):
    """`trusted_proxies` are addresses and networks whose word is taken for who calls and whether over TLS."""

    requests_per_second: int = REQUESTS_PER_SECOND
    cors_origins: tuple[str, ...] = ()
    tls: Tls | None = None
    trusted_proxies: tuple[str, ...] = ()


def read_http_settings(environment: Mapping[str, str]) -> HttpSettings:
    """Raises ValueError with a message that names the setting."""
    return HttpSettings(
        requests_per_second=_requests_per_second(environment),
        cors_origins=_origins(environment),
        tls=_tls(environment),
        trusted_proxies=_proxies(environment),
    )


def _requests_per_second(environment: Mapping[str, str]) -> int:
    text = environment.get("WAYBILL_REQUESTS_PER_SECOND") or str(REQUESTS_PER_SECOND)
    if not (text.isascii() and text.isdecimal() and int(text) <= REQUESTS_PER_SECOND_MAX):
        message = f"WAYBILL_REQUESTS_PER_SECOND must be a whole number from 0 (no limit) to {REQUESTS_PER_SECOND_MAX}."
        raise ValueError(message)
    return int(text)


def _origins(environment: Mapping[str, str]) -> tuple[str, ...]:
    origins = _listed(environment, "WAYBILL_CORS_ORIGINS")
    for origin in origins:
        if not ORIGIN.fullmatch(origin) or any(port.fullmatch(origin) for port in NEEDLESS_PORTS):
            raise ValueError(
                "WAYBILL_CORS_ORIGINS must be origins as browsers send them, between commas: https://console.example or "
                f"http://localhost:5173, and not {origin!r}."
            )
    return origins


def _proxies(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Each in the two ways in which a socket may name an IPv4 address."""
    proxies: list[str] = []
    for text in _listed(environment, "WAYBILL_TRUSTED_PROXIES"):
        try:
            network = ip_network(text) if "/" in text else ip_network(ip_address(text))
        except ValueError as error:
            message = f"WAYBILL_TRUSTED_PROXIES must be addresses or networks (10.0.0.0/8), between commas: {error}."
            raise ValueError(message) from None
        proxies.append(str(network))
        if network.version == 4:
            proxies.append(f"::ffff:{network.network_address}/{96 + network.prefixlen}")
    return tuple(proxies)


def _tls(environment: Mapping[str, str]) -> Tls | None:
    certificate = _file(environment, "WAYBILL_TLS_CERTIFICATE")
    key = _file(environment, "WAYBILL_TLS_KEY")
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise ValueError("WAYBILL_TLS_CERTIFICATE and WAYBILL_TLS_KEY go together: set both, or none.")
    return Tls(certificate=certificate, key=key)


def _file(environment: Mapping[str, str], name: str) -> Path | None:
    path = read_path(environment, name)
    if path is not None and not path.is_file():
        raise ValueError(f"{name} must name a file in PEM form; there is none at {path}.")
    return path


def _listed(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in environment.get(name, "").split(",") if word.strip())
