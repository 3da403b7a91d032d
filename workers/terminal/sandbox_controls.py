"""The sandbox's own controls, as the demo uses them: make it slow, make it refuse, and ask it what was called and is live."""

from typing import Any, Final

import httpx2
from msgspec import Struct

from workers.terminal.answers import understood

ANSWER_SECONDS: Final = 10.0
CREATE: Final = "create_skill"


class LedgerEntry(Struct, frozen=True, kw_only=True, rename="camel"):
    """A skill that is live at a provider, by the provider's own account."""

    provider: str
    id: str
    name: str
    versions: tuple[str, ...]
    default_version: str


class Call(Struct, frozen=True, kw_only=True):
    provider: str
    operation: str


class SandboxControls:
    """Raises httpx2.HTTPError. The sandbox is on this machine and speaks plain HTTP, so no certificate is needed."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/_sandbox"

    def slow_down_next_create(self, provider: str, *, seconds: float) -> None:
        self._fault(provider, kind="hang", delaySeconds=seconds)

    def refuse_next_create(self, provider: str, *, status: int, code: str) -> None:
        self._fault(provider, kind="status", status=status, code=code)

    def lose_next_answer(self, provider: str) -> None:
        """The provider does what it is asked, and cuts the connection before it says so."""
        self._fault(provider, kind="drop_after")

    def ledger(self) -> tuple[LedgerEntry, ...]:
        return understood(self._get("ledger"), tuple[LedgerEntry, ...])

    def creates(self, provider: str) -> int:
        """How often the provider was asked to create a skill, whatever it answered."""
        calls = understood(self._get("calls"), tuple[Call, ...])
        return sum(call.provider == provider and call.operation == CREATE for call in calls)

    def _get(self, what: str) -> Any:
        answer = httpx2.get(f"{self._url}/{what}", timeout=ANSWER_SECONDS, trust_env=False, verify=False)
        return answer.raise_for_status().json()

    def _fault(self, provider: str, **fault: Any) -> None:
        body = {"provider": provider, "operation": CREATE, "times": 1, **fault}
        answer = httpx2.post(f"{self._url}/faults", json=body, timeout=ANSWER_SECONDS, trust_env=False, verify=False)
        answer.raise_for_status()
