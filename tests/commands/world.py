"""The write side as it is wired, on ports in memory, with short ways to say what a test needs to have happened before."""

import os
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from adapters.memory.bundles import MemoryBundles
from adapters.memory.event_store import MemoryEventStore
from adapters.sources.inline import read_inline
from commands.authenticate import Authenticate
from commands.beginning import BegunRun
from commands.cancel_run import CancelRun, CancelRunHandler, RunCancelling
from commands.connect_provider import ConnectProvider, ConnectProviderHandler, ProviderConnection
from commands.handling import Handling, Session
from commands.issue_api_key import IssueApiKeyHandler
from commands.queue_install_run import PreviewedRun, QueuedRun, QueueInstallRun, QueueInstallRunHandler
from commands.register_skill import RegisterSkill, RegisterSkillHandler, SkillRegistration
from commands.retry_run import RetryRun, RetryRunHandler
from commands.rollback_run import RollbackRun, RollbackRunHandler
from commands.settle_attempt import SettleAttempt, SettleAttemptHandler
from commands.start_attempt import Attempt, StartAttempt, StartAttemptHandler
from commands.uninstall_skill import UninstallSkill, UninstallSkillHandler
from commands.verify_installation import VerifyInstallationsHandler
from domain.errors import Code
from domain.events import Event
from domain.install_run.events import ProviderFailed, ProviderSucceeded
from domain.installation.events import Receipt
from domain.installation.state import installation_stream
from domain.ports import Limits
from domain.provider.events import ProviderEvent, ProviderKind
from domain.provider.state import PROVIDER, provider_stream
from domain.skill.bundle import Bundle, InlineFile
from domain.skill.events import Origin, SkillArchived
from domain.skill.sources import InlineFiles, SkillSource
from domain.skill.state import SKILL, skill_stream
from tests.kit.facts import NOON, context
from tests.kit.memory_provider import KEY, MemoryGateway, MemoryVault

NAME = "release-notes"
SKILL_ID = skill_stream(NAME)
RECEIPT = Receipt(remote_id="skill_1", remote_version="1")
BASE_URL = "https://provider.example/v1"
# Gemini's are so small that a test sees them.
ROOMY = Limits(bundle_bytes_max=1_000_000, file_bytes_max=1_000_000, files_max=500)
TIGHT_BYTES = 1_000
LIMITS: dict[ProviderKind, Limits] = {
    "openai": ROOMY,
    "claude": Limits(bundle_bytes_max=1_000_000, file_bytes_max=1_000_000, files_max=500, reserved_words=("claude",)),
    "gemini": Limits(
        bundle_bytes_max=TIGHT_BYTES, file_bytes_max=TIGHT_BYTES, files_max=500, reserved_words=("gemini",)
    ),
    "noop": ROOMY,
}


class World:
    """One store and one process at work on it; `another_process` is a second one, with a memory of its own."""

    def __init__(self, store: MemoryEventStore | None = None) -> None:
        self.store = store or MemoryEventStore(clock=lambda: self.now)
        self.now = NOON
        self.bundles = MemoryBundles()
        self.vault = MemoryVault(self.store.rows, environment={"WAYBILL_CREDENTIAL_GOOD": KEY})
        self.gateway = MemoryGateway(self.vault)
        self.handling = Handling(store=self.store, clock=lambda: self.now, new_id=uuid4)
        self.register_skill = RegisterSkillHandler(handling=self.handling, bundles=self.bundles, read_source=read_given)
        self.connect_provider = ConnectProviderHandler(handling=self.handling, vault=self.vault, gateway=self.gateway)
        self.queue_install_run = QueueInstallRunHandler(handling=self.handling, limits=LIMITS.__getitem__)
        self.start_attempt = StartAttemptHandler(handling=self.handling)
        self.settle_attempt = SettleAttemptHandler(handling=self.handling)
        self.uninstall_skill = UninstallSkillHandler(handling=self.handling)
        self.cancel_run = CancelRunHandler(handling=self.handling)
        self.retry_run = RetryRunHandler(handling=self.handling, limits=LIMITS.__getitem__)
        self.rollback_run = RollbackRunHandler(handling=self.handling)
        self.verify_installations = VerifyInstallationsHandler(handling=self.handling, gateway=self.gateway)
        self.issue_api_key = IssueApiKeyHandler(handling=self.handling, random_bytes=os.urandom)
        self.authenticate = Authenticate(store=self.store, clock=lambda: self.now)

    def another_process(self) -> "World":
        return World(self.store)

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    async def register(self, text: str = "one", *, name: str = NAME) -> SkillRegistration:
        """A version whose bytes are as different as the text."""
        skill_md = f"---\nname: {name}\ndescription: Writes release notes.\n---\n\n{text}\n"
        return await self.register_skill(
            RegisterSkill(source=InlineFiles(files=(InlineFile(path="SKILL.md", content=skill_md),))), context()
        )

    async def connect(self, name: str = "openai", **more: Any) -> ProviderConnection:
        facts = {"kind": "openai", "credential": KEY, "base_url": BASE_URL} | more
        return await self.connect_provider(ConnectProvider(name=name, **facts), context())

    async def queue(self, *providers: str, **more: Any) -> QueuedRun:
        facts = {"skill": NAME, "providers": providers} | more
        return await self.queue_install_run(QueueInstallRun(**facts), context())

    async def preview(self, *providers: str, **more: Any) -> PreviewedRun:
        facts = {"skill": NAME, "providers": providers} | more
        return await self.queue_install_run.preview(QueueInstallRun(**facts), context())

    async def uninstall(self, provider: str = "openai", *, skill: str = NAME, **more: Any) -> BegunRun:
        installation_id = installation_stream(skill_stream(skill), provider_stream(provider))
        return await self.uninstall_skill(UninstallSkill(installation_id=installation_id, **more), context())

    async def cancel(self, run_id: UUID) -> RunCancelling:
        return await self.cancel_run(CancelRun(run_id=run_id), context())

    async def retry(self, original_id: UUID, *, run_id: UUID | None = None) -> BegunRun:
        return await self.retry_run(RetryRun(original_id=original_id, run_id=run_id), context())

    async def roll_back(self, original_id: UUID, *providers: str, run_id: UUID | None = None) -> BegunRun:
        command = RollbackRun(original_id=original_id, providers=providers or None, run_id=run_id)
        return await self.rollback_run(command, context())

    async def happen_to(self, provider: str, *events: ProviderEvent) -> None:
        """What somebody else did with the connection."""
        stream = provider_stream(provider)

        async def decide(session: Session) -> None:
            await session.load(stream, PROVIDER)
            session.append(stream, *events)

        await self.handling.handle(decide, context=context())

    async def archive(self) -> None:
        async def decide(session: Session) -> None:
            await session.load(SKILL_ID, SKILL)
            session.append(SKILL_ID, SkillArchived())

        await self.handling.handle(decide, context=context())

    async def start(self, run_id: UUID, provider: str = "openai") -> Attempt | None:
        command = StartAttempt(run_id=run_id, provider_id=provider_stream(provider))
        return await self.start_attempt(command, context())

    async def settle(
        self,
        outcome: ProviderSucceeded | ProviderFailed,
        *,
        run_id: UUID,
        version: int | None = 1,
        since: datetime = NOON,
        usage: str = "",
    ) -> bool:
        command = SettleAttempt(run_id=run_id, outcome=outcome, usage=usage, version=version, since=since)
        return await self.settle_attempt(command, context())

    async def carry_out(self, run_id: UUID, provider: str = "openai") -> Attempt:
        """Start one target and let it succeed."""
        attempt = await self.start(run_id, provider)
        assert attempt is not None
        assert await self.settle(succeeded(attempt), run_id=run_id)
        return attempt

    async def fail(self, run_id: UUID, provider: str = "openai", **how: Any) -> Attempt:
        """Start one target and let it fail."""
        attempt = await self.start(run_id, provider)
        assert attempt is not None
        assert await self.settle(failed(attempt, **how), run_id=run_id)
        return attempt

    async def since(self, position: int) -> list[Event]:
        """What was stored behind this position."""
        return [one.event for one in await self.store.read(after=position, limit=1_000)]

    async def events(self, stream: UUID | None = None) -> list[Event]:
        """All events, or those of one stream."""
        recorded = await (self.store.load(stream) if stream else self.store.read(after=0, limit=10_000))
        return [one.event for one in recorded]


async def read_given(source: SkillSource) -> tuple[Bundle, Origin]:
    """Files in the request: where else they may come from is for the tests of the sources."""
    assert isinstance(source, InlineFiles)
    return read_inline(source.files), Origin(source="inline")


def succeeded(attempt: Attempt, *, receipt: Receipt = RECEIPT) -> ProviderSucceeded:
    return ProviderSucceeded(provider_id=attempt.provider_id, attempt_id=attempt.attempt_id, receipt=receipt)


def failed(
    attempt: Attempt,
    *,
    code: Code = Code.PROVIDER_TOO_LARGE,
    retryable: bool = False,
    ambiguous: bool = False,
    retry_after_seconds: float | None = None,
) -> ProviderFailed:
    return ProviderFailed(
        provider_id=attempt.provider_id,
        attempt_id=attempt.attempt_id,
        code=code,
        message="The provider said no.",
        retryable=retryable,
        ambiguous=ambiguous,
        retry_after_seconds=retry_after_seconds,
    )


def names(events: list[Event]) -> list[str]:
    return [type(event).__name__ for event in events]
