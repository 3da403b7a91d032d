"""Which repositories may be asked: https only, and of addresses only those of the open internet, unless the operator named the host."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from domain.errors import SkillInvalid
from domain.skill.paths import fault_of
from domain.skill.refusals import quoted, refusal

URL_POINTER: Final = "/git/url"
REF_POINTER: Final = "/git/ref"
PATH_POINTER: Final = "/git/path"

URL_CHARS_MAX: Final = 500
REF_BYTES_MAX: Final = 250
HTTPS_PORT: Final = 443
PORT_MAX: Final = 65_535
HOST: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
URL_PATH: Final = re.compile(r"(/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~+-]+)+")
# What git itself forbids in a ref; `*`, `?` and `[` would also be patterns to it.
REF_FORBIDDEN: Final = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|\Z)|^[-./]|[./]\Z|^@\Z")

# Public to the standard library, and yet where clouds keep what only their own machines may ask (Azure, Oracle), where an
# IPv6 address is the shell of an IPv4 one, or what was private once.
INNER_NETWORKS: Final = tuple(
    ip_network(network)
    for network in ("168.63.129.16/32", "192.0.0.0/24", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "fec0::/10")
)


class GitAddress(Struct, frozen=True, kw_only=True):
    """A repository's address, checked for its form only."""

    url: str
    host: str
    port: int


def parse_url(url: str) -> GitAddress:
    """Raises SkillInvalid."""
    if len(url) > URL_CHARS_MAX or not re.fullmatch(r"[!-~]*", url):
        raise _refused(f"must be at most {URL_CHARS_MAX} printable ASCII characters without white space")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _refused("has a host or a port that cannot be read") from None
    if not url.startswith("https://"):
        raise _refused("must begin with https://")
    if "@" in parts.netloc:
        raise _refused("must hold no user name, password or token")
    if "?" in url or "#" in url:
        raise _refused("must hold no query and no fragment; `ref` and `path` are fields of their own")
    if port == 0 or parts.netloc.endswith(":") or not HOST.fullmatch(host):
        raise _refused("must name a host, and may name a port")
    path = parts.path.rstrip("/")
    if not URL_PATH.fullmatch(path):
        raise _refused("must name a repository by letters, digits and `._~+-` between slashes")
    port = port or HTTPS_PORT
    return GitAddress(url=f"https://{host}:{port}{path}", host=host, port=port)


def check_ref(ref: str) -> str:
    """Raises SkillInvalid."""
    is_plain = ref.isprintable() and not REF_FORBIDDEN.search(ref)
    if not ref or not is_plain or len(ref.encode()) > REF_BYTES_MAX:
        raise refusal(REF_POINTER, f"{quoted(ref)} cannot be the name of a branch or a tag, nor is it a commit.")
    return ref


def check_path(path: str) -> str:
    """Without a slash at its end; empty for the root. Raises SkillInvalid."""
    path = "" if path in {".", "./", "/"} else path.removesuffix("/")
    fault = "begins with a hyphen" if path.startswith("-") else fault_of(path) if path else None
    if fault:
        raise refusal(PATH_POINTER, f"The path {quoted(path)} {fault}.")
    return path


def check_addresses(address: GitAddress, found: Sequence[str], *, private_hosts: frozenset[str]) -> None:
    """All that the host's name stands for must be public: any of them may be the one that is asked. Raises SkillInvalid."""
    if {address.host, f"{address.host}:{address.port}"} & private_hosts:
        return
    if inner := [one for one in found if not is_public(one)]:
        message = f"{address.host} is {inner[0]}, which is not an address of the open internet."
        hint = " An operator can allow the host by WAYBILL_GIT_HOSTS."
        raise refusal(URL_POINTER, message + hint)


def is_public(text: str) -> bool:
    address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if any(address in network for network in INNER_NETWORKS):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _refused(message: str) -> SkillInvalid:
    return refusal(URL_POINTER, f"The URL {message}.")
