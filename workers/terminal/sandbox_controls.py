"""The sandbox's own controls, as the demo uses them: make it slow, make it refuse, and ask it what is live."""

from typing import Any, Final

import httpx2
from msgspec import Struct

from workers.terminal.answers import understood

ANSWER_SECONDS: Final = 10.0


class LedgerEntry(Struct, frozen=True, kw_only=True):
    """A skill that is live at the provider."""

    provider: str
    id: str
    name: str
    versions: tuple[str, ...]


class SandboxControls:
    """Raises httpx2.HTTPError. The sandbox is on this machine and speaks plain HTTP, so no certificate is needed."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/_sandbox"

    def slow_down_next_create(self, *, seconds: float) -> None:
        self._fault(kind="hang", delaySeconds=seconds)

    def refuse_next_create(self, *, status: int, code: str) -> None:
        self._fault(kind="status", status=status, code=code)

    def ledger(self) -> tuple[LedgerEntry, ...]:
        answer = httpx2.get(f"{self._url}/ledger", timeout=ANSWER_SECONDS, trust_env=False, verify=False)
        return understood(answer.raise_for_status().json(), tuple[LedgerEntry, ...])

    def _fault(self, **fault: Any) -> None:
        body = {"provider": "openai", "operation": "create_skill", "times": 1, **fault}
        answer = httpx2.post(f"{self._url}/faults", json=body, timeout=ANSWER_SECONDS, trust_env=False, verify=False)
        answer.raise_for_status()
