"""The wiring of the notary: what it signs, where that is kept, and how it is verified."""

import asyncio

from adapters.evidence.signing import public_of
from adapters.nats.connection import Connection
from adapters.postgres.connection import Pool
from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.evidence_checks import PostgresEvidenceChecks
from adapters.postgres.evidence_tiles import PostgresTiles
from adapters.postgres.stored_events import PostgresStoredEvents
from commands.handling import Handling
from commands.raise_alert import RaiseAlertHandler
from commands.resolve_alert import ResolveAlertHandler
from domain.evidence.verdict import Verdict
from workers.checkpoint_publishing import CheckpointPublishing
from workers.evidence_doubts import EvidenceDoubts
from workers.notary import Notary
from workers.notary_key import evidence_folder, signing_key
from workers.sealing import Sealer
from workers.settings import Settings
from workers.verifying_store import verify_store


def build_notary(
    settings: Settings,
    *,
    pool: Pool,
    event_log: PostgresEventLog,
    handling: Handling,
    nats: Connection,
    stopping: asyncio.Event,
) -> Notary:
    """Makes the key if there is none. Raises SettingsError."""
    stored, tiles, checks = PostgresStoredEvents(pool), PostgresTiles(pool), PostgresEvidenceChecks(pool)
    key = signing_key(settings)

    async def verify() -> Verdict:
        folder, public = evidence_folder(settings), public_of(key)
        return await verify_store(stored=stored, tiles=tiles, folder=folder, key=public, checks=checks)

    async def wait(after: int, seconds: float) -> None:
        await event_log.wait(after=after, timeout_seconds=seconds)

    return Notary(
        sealer=Sealer(
            stored=stored,
            tiles=tiles,
            folder=evidence_folder(settings),
            key=key,
            restores=checks.restores,
            clock=handling.clock,
        ),
        stored=stored,
        wait=wait,
        publishing=CheckpointPublishing(nats),
        doubts=EvidenceDoubts(
            verify=verify,
            verify_seconds=settings.evidence.verify_seconds,
            raise_alert=RaiseAlertHandler(handling=handling),
            resolve_alert=ResolveAlertHandler(handling=handling),
            rule=settings.alerts.rules.audit_verification_failed,
        ),
        stopping=stopping,
    )
