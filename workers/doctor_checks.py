"""What `waybill doctor` finds: one check each, with how it stands, by how much, and what to do about it."""

import asyncio
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Final, Literal, TypeVar

from msgspec import Struct

Found = TypeVar("Found")
Status = Literal["ok", "warning", "failed"]

# For whatever a server has to be asked, all together; nothing that is well takes a tenth of it.
CHECK_SECONDS: Final = 8.0


class Check(Struct, frozen=True, kw_only=True):
    """`remedy` is None where nothing has to be done. Neither holds a secret."""

    name: str
    status: Status
    detail: str
    remedy: str | None = None


def ok(name: str, detail: str) -> Check:
    return Check(name=name, status="ok", detail=detail)


def warning(name: str, detail: str, *, remedy: str) -> Check:
    return Check(name=name, status="warning", detail=detail, remedy=remedy)


def failed(name: str, detail: str, *, remedy: str) -> Check:
    return Check(name=name, status="failed", detail=detail, remedy=remedy)


async def in_time(
    name: str,
    looking: Awaitable[Found],
    *,
    otherwise: Callable[[Check], Found],
    seconds: float = CHECK_SECONDS,
) -> Found:
    """What was found, or `otherwise` with a check that says why nothing was. What nobody foresaw is named by its kind alone: its
    text may hold secrets.
    """
    try:
        async with asyncio.timeout(seconds):
            return await looking
    except TimeoutError:
        remedy = "Look whether it is overloaded or cut off."
        return otherwise(failed(name, f"no answer within {seconds:g} s", remedy=remedy))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        remedy = "Nobody foresaw this: please report it, with what `waybill --version` says."
        return otherwise(failed(name, f"could not be looked at: {type(error).__name__}", remedy=remedy))


def is_near(host: str) -> bool:
    """Whether what is sent there stays on this machine: a loopback address, or the folder of a socket."""
    if host == "localhost" or host.startswith(("/", "@")):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
