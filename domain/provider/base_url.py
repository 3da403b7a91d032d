"""Which addresses a provider may be reached at: https anywhere, plain http only on this machine."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final
from urllib.parse import urlsplit

from domain.errors import BadRequest, Problem

BASE_URL_CHARS_MAX: Final = 500
HOST: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


def check_base_url(url: str) -> str:
    """The address without a slash at its end. Raises BadRequest with a problem at `/baseUrl`."""
    if len(url) > BASE_URL_CHARS_MAX:
        raise _refused(f"it is longer than {BASE_URL_CHARS_MAX} characters")
    if not re.fullmatch(r"[!-~]*", url) or "\\" in url:
        raise _refused("it may hold printable ASCII characters only, and no white space or backslash")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _refused("its host or port cannot be read") from error
    if parts.scheme not in {"http", "https"}:
        raise _refused("it must begin with https://")
    if "@" in parts.netloc:
        raise _refused("it may hold no user name or password; the credential is given apart")
    if "?" in url or "#" in url:
        raise _refused("it may hold no query and no fragment")
    if port == 0 or parts.netloc.endswith(":") or not (HOST.fullmatch(host) or _is_ipv6(host)):
        raise _refused("its host or port cannot be read")
    if parts.scheme == "http" and not _is_loopback(host):
        raise _refused("it must begin with https://; plain http is for this machine only (localhost, 127.0.0.1, [::1])")
    return url.rstrip("/")


def _is_ipv6(host: str) -> bool:
    try:
        IPv6Address(host)
    except AddressValueError:
        return False
    return "%" not in host


def _is_loopback(host: str) -> bool:
    """Only spellings that every resolver reads alike: `127.1` and `2130706433` are left to those who ask for trouble."""
    if host == "localhost":
        return True
    if _is_ipv6(host):
        return IPv6Address(host).is_loopback
    try:
        return IPv4Address(host).is_loopback
    except AddressValueError:
        return False


def _refused(message: str) -> BadRequest:
    return BadRequest(
        f"The base URL cannot be used: {message}.", problems=(Problem(pointer="/baseUrl", message=message),)
    )
