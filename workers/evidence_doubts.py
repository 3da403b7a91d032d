"""Has the whole store verified now and then, and sees that a person hears of it where it is not what was signed."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import Final
from uuid import uuid4

import structlog

from commands.raise_alert import RaiseAlert, RaiseAlertHandler
from commands.resolve_alert import ResolveAlert, ResolveAlertHandler
from domain.alert.decisions import Condition
from domain.alert.events import Facts
from domain.alert.rules import Rule, RuleName
from domain.errors import Busy, StoreOffline
from domain.events import Actor, Context
from domain.evidence.verdict import Verdict
from workers.witnesses import EvidenceContradicted

RULE: Final = RuleName.AUDIT_VERIFICATION_FAILED
SUBJECT: Final = "store"
NOTARY: Final = Actor(kind="system", id="notary", name="notary")
# After a verification that came to no end.
AGAIN_SECONDS: Final = 60.0

log = structlog.get_logger(__name__)


class EvidenceDoubts:
    """`verify_seconds`: how often, from the first time that the store agreed with what was signed; 0: never."""

    def __init__(
        self,
        *,
        verify: Callable[[], Awaitable[Verdict]],
        verify_seconds: float,
        raise_alert: RaiseAlertHandler,
        resolve_alert: ResolveAlertHandler,
        rule: Rule,
    ) -> None:
        self._verify = verify
        self._verify_seconds = verify_seconds
        self._raise_alert = raise_alert
        self._resolve_alert = resolve_alert
        self._rule = rule
        self._agreed = asyncio.Event()
        self._anew = asyncio.Event()

    async def contradicted(self, contradiction: EvidenceContradicted) -> None:
        """Nobody is told that all is well before it was looked into again."""
        self._agreed.clear()
        self._anew.set()
        await self._raise({"finding": "contradicted", "position": contradiction.position})

    def agreed(self) -> None:
        self._agreed.set()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            self._anew.clear()
            await self._agreed.wait()
            sound = await self._look() if self._verify_seconds else True
            if sound and self._agreed.is_set():
                await self._resolve()
            with suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_SECONDS if sound is None else self._verify_seconds or None):
                    await self._anew.wait()

    async def _look(self) -> bool | None:
        """None: it came to no end."""
        began = monotonic()
        try:
            verdict = await self._verify()
        except Exception as error:  # noqa: BLE001 - whatever keeps it from ending, signing goes on
            log.warning("audit_verification_interrupted", reason=f"{type(error).__name__}: {error}")
            return None
        seconds = round(monotonic() - began, 3)
        first = verdict.first
        if first is None:
            log.info("audit_verified", events=verdict.events, proved=verdict.proved, seconds=seconds)
            return True
        log.error(
            "audit_verification_failed",
            finding=first.kind.value,
            position=first.position,
            detail=first.detail,
            findings=len(verdict.findings) + verdict.left_off,
            seconds=seconds,
        )
        findings = len(verdict.findings) + verdict.left_off
        await self._raise({"finding": first.kind.value, "position": first.position, "findings": findings})
        return False

    async def _raise(self, facts: Facts) -> None:
        if not self._rule.enabled:
            return
        condition = Condition(rule=RULE, subject=SUBJECT, facts=facts)
        try:
            await self._raise_alert(RaiseAlert(condition=condition, rule=self._rule), _context())
        except (StoreOffline, Busy) as error:
            log.warning("alert_not_recorded", rule=RULE.value, reason=error.detail)

    async def _resolve(self) -> None:
        try:
            await self._resolve_alert(ResolveAlert(rule=RULE, subject=SUBJECT), _context())
        except (StoreOffline, Busy) as error:
            log.warning("alert_not_recorded", rule=RULE.value, reason=error.detail)


def _context() -> Context:
    return Context(actor=NOTARY, request_id=f"notary-{uuid4().hex[:12]}", correlation_id=uuid4())
