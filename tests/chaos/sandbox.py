"""The sandbox providers from outside: what is told to fail, what was called, and what is live there."""

from datetime import datetime
from typing import Any

import httpx2
import msgspec
from msgspec import Struct

CALLS_MAX = 10_000


class Entry(Struct, frozen=True, kw_only=True, rename="camel"):
    """One live skill, as the ledger shows it."""

    provider: str
    id: str
    name: str
    versions: tuple[str, ...]
    default_version: str


class Call(Struct, frozen=True, kw_only=True, rename="camel"):
    """One call, as the log shows it; `applied`: it was carried out."""

    at: datetime
    provider: str
    operation: str
    status: int | None
    fault: str | None
    applied: bool


class Sandbox:
    def __init__(self, url: str) -> None:
        self._http = httpx2.Client(base_url=f"{url}/_sandbox", timeout=30, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def running(self) -> bool:
        try:
            return self._http.get("/faults").is_success
        except httpx2.TransportError:
            return False

    def fault(self, kind: str, provider: str, *, operation: str = "create_skill", times: int = 1, **more: Any) -> None:
        fault = {"provider": provider, "operation": operation, "kind": kind, "times": times, **more}
        self._http.post("/faults", json=fault).raise_for_status()

    def forget_faults(self) -> None:
        self._http.delete("/faults").raise_for_status()

    def waiting_faults(self) -> int:
        """How many calls are still going to meet one."""
        return sum(fault["times"] for fault in self._http.get("/faults").raise_for_status().json())

    def ledger(self) -> tuple[Entry, ...]:
        return msgspec.json.decode(self._http.get("/ledger").raise_for_status().content, type=tuple[Entry, ...])

    def calls(self) -> tuple[Call, ...]:
        """The newest CALLS_MAX of them."""
        return msgspec.json.decode(self._http.get("/calls").raise_for_status().content, type=tuple[Call, ...])

    def hanging(self) -> bool:
        """Whether a call hangs that is going to be carried out, whoever still waits for it."""
        return any(call.fault == "hang" and call.status is None for call in self.calls())

    def met(self, kind: str) -> int:
        """How many calls a fault of this kind has met."""
        return sum(call.fault == kind for call in self.calls())
