"""The real commands on the memory store, and installers that are driven by hand."""

from collections.abc import Coroutine
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final
from uuid import UUID

from adapters.memory.bundles import MemoryBundles
from adapters.memory.event_store import MemoryEventStore
from adapters.memory.roles import MemoryRoles
from adapters.memory.timers import MemoryTimers
from adapters.nats.messages import Ticket
from adapters.sources.inline import read_inline
from commands.abandon_target import AbandonTargetHandler
from commands.cancel_run import CancelRunHandler
from commands.end_pause import EndPauseHandler
from commands.expire_lease import ExpireLeaseHandler
from commands.expire_target import ExpireTargetHandler
from commands.handling import Handling, Session
from commands.queue_install_run import QueueInstallRunHandler
from commands.register_skill import RegisterSkill, RegisterSkillHandler
from commands.rescue_target import RescueTargetHandler
from commands.retry_run import RetryRunHandler
from commands.rollback_run import RollbackRunHandler
from commands.settle_attempt import SettleAttempt, SettleAttemptHandler
from commands.start_attempt import Attempt, NotYetDue, StartAttempt, StartAttemptHandler
from commands.sweep_installation import SweepInstallation, SweepInstallationHandler
from commands.uninstall_skill import UninstallSkillHandler
from commands.verify_provider import VerifyProvider, VerifyProviderHandler
from domain.errors import Busy, ProviderInactive, ProviderOnHold
from domain.events import Actor, Context
from domain.install_run.events import ProviderFailed, ProviderSucceeded
from domain.ports import ProviderError
from domain.provider.events import CredentialRef, ProviderActivated, ProviderConnected, ProviderVerified
from domain.provider.state import PROVIDER, provider_stream
from domain.skill.bundle import Bundle, InlineFile
from domain.skill.events import Origin
from domain.skill.sources import InlineFiles, SkillSource
from domain.skill.state import skill_stream
from tests.simulation.models import MODELS, ModelGateway
from tests.simulation.provider import LIMITS
from tests.simulation.stepping import Process, run
from workers.attempting import carry_out

NOON: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOMEBODY: Final = Actor(kind="system", id="simulation", name="simulation")
SKILL: Final = "release-notes"
SKILL_ID: Final = skill_stream(SKILL)
VERSIONS: Final = 3
CONNECTIONS: Final = {provider_stream(kind): kind for kind in MODELS}
TIMERS_MAX: Final = 1_000
AGAIN_SECONDS: Final = 1.0


class Part:
    """A process that runs commands, with a memory of its own, which may be out of date."""

    def __init__(self, world: "Installers") -> None:
        handling = Handling(store=world.store, clock=lambda: world.now, new_id=world.new_id)
        gateway = world.gateway
        self.handling = handling
        self.start = StartAttemptHandler(handling=handling)
        self.settle = SettleAttemptHandler(handling=handling)
        self.verify = VerifyProviderHandler(handling=handling, gateway=gateway)
        self.sweep = SweepInstallationHandler(handling=handling, gateway=gateway)
        self.expire_lease = ExpireLeaseHandler(handling=handling)
        self.expire_target = ExpireTargetHandler(handling=handling)
        self.rescue_target = RescueTargetHandler(handling=handling)
        self.abandon_target = AbandonTargetHandler(handling=handling)
        self.end_pause = EndPauseHandler(handling=handling)
        self.queue = QueueInstallRunHandler(handling=handling, limits=lambda _: LIMITS)
        self.uninstall = UninstallSkillHandler(handling=handling)
        self.cancel = CancelRunHandler(handling=handling)
        self.retry = RetryRunHandler(handling=handling, limits=lambda _: LIMITS)
        self.rollback = RollbackRunHandler(handling=handling)


class Installers:
    """The store, the providers and those who call them. `bus` are the tickets that may be delivered; `working` the processes that
    somebody has to drive.
    """

    def __init__(self) -> None:
        self.now = NOON
        self._ids = count(1)
        self.store = MemoryEventStore(clock=lambda: self.now)
        self.gateway = ModelGateway(clock=lambda: self.now)
        self.bundles = MemoryBundles()
        roles = MemoryRoles(clock=lambda: 0.0)
        self.timers = MemoryTimers(self.store, roles=roles)
        lease = run(roles.acquire(role="everything", holder="simulation", seconds=1.0))
        assert lease is not None
        self._lease = lease
        self.people, self.scheduler, self.watchdog = Part(self), Part(self), Part(self)
        self.installers = (Part(self), Part(self))
        self.bus: list[Ticket] = []
        self.working: list[Process[None]] = []
        self.relayed = 0
        self._prepare()

    def new_id(self) -> UUID:
        return UUID(int=next(self._ids))

    def context(self) -> Context:
        return Context(actor=SOMEBODY, request_id="simulation", correlation_id=UUID(int=0))

    def _prepare(self) -> None:
        """A skill with its versions, and a connection of each kind."""
        register = RegisterSkillHandler(handling=self.people.handling, bundles=self.bundles, read_source=_read)
        for number in range(1, VERSIONS + 1):
            text = f"---\nname: {SKILL}\ndescription: Writes release notes.\n---\n\nNumber {number}.\n"
            files = (InlineFile(path="SKILL.md", content=text),)
            run(register(RegisterSkill(source=InlineFiles(files=files)), self.context()))
        for stream, kind in CONNECTIONS.items():
            connected = ProviderConnected(
                name=kind,
                kind=kind,
                base_url="https://provider.example",
                credential=CredentialRef(source="env", name="WAYBILL_CREDENTIAL"),
                concurrency_max=4,
            )
            self.happen(stream, connected, ProviderVerified(), ProviderActivated())

    def happen(self, stream: UUID, *events: Any) -> None:
        """To a connection, by somebody's hand."""

        async def decide(session: Session) -> None:
            await session.load(stream, PROVIDER)
            session.append(stream, *events)

        run(self.people.handling.handle(decide, context=self.context()))

    def deliver(self, ticket: Ticket, *, to: int) -> Process[None]:
        part = self.installers[to]
        work: Coroutine[Any, Any, None]
        match ticket.kind:
            case "install":
                work = self._install(part, ticket)
            case "verify":
                work = self._verify(part, ticket)
            case _:
                work = self._sweep(part, ticket)
        process = Process(f"{ticket.kind} at {CONNECTIONS[ticket.provider_id]}", work)
        self.working.append(process)
        return process

    async def _install(self, part: Part, ticket: Ticket) -> None:
        assert ticket.run_id is not None
        try:
            attempt = await part.start(
                StartAttempt(run_id=ticket.run_id, provider_id=ticket.provider_id), self.context()
            )
        except (ProviderInactive, ProviderOnHold, NotYetDue):
            self.bus.append(ticket)
            return
        if attempt is None:
            return
        outcome, usage = await self._call(attempt)
        version = None if attempt.removes else attempt.intent.version
        settle = SettleAttempt(
            run_id=attempt.run_id, outcome=outcome, usage=usage, version=version, since=attempt.intent.since
        )
        await part.settle(settle, self.context())

    async def _call(self, attempt: Attempt) -> tuple[ProviderSucceeded | ProviderFailed, str]:
        adapter = await self.gateway.open(attempt.provider, deadline_seconds=attempt.deadline_seconds)
        try:
            done = await carry_out(adapter, attempt, lambda: self._bundle(attempt))
        except ProviderError as error:
            failed = ProviderFailed(
                provider_id=attempt.provider_id,
                attempt_id=attempt.attempt_id,
                code=error.code,
                message=error.message,
                retryable=error.retryable,
                ambiguous=error.ambiguous,
                retry_after_seconds=error.retry_after_seconds,
            )
            return failed, ""
        succeeded = ProviderSucceeded(
            provider_id=attempt.provider_id,
            attempt_id=attempt.attempt_id,
            receipt=done.receipt,
            adopted=done.adopted,
        )
        return succeeded, done.usage

    async def _bundle(self, attempt: Attempt) -> Bundle:
        files = await self.bundles.get(attempt.manifest)
        return Bundle(name=SKILL, description="", digest=attempt.intent.digest, files=files)

    async def _verify(self, part: Part, ticket: Ticket) -> None:
        await part.verify(VerifyProvider(provider=str(ticket.provider_id)), self.context())

    async def _sweep(self, part: Part, ticket: Ticket) -> None:
        assert ticket.installation_id is not None
        command = SweepInstallation(
            installation_id=ticket.installation_id, provider_id=ticket.provider_id, round=ticket.round
        )
        try:
            await part.sweep(command, self.context())
        except (ProviderError, ProviderInactive, ProviderOnHold, Busy):
            self.bus.append(ticket)

    @property
    def has_tickets(self) -> bool:
        return bool(self.bus or self.store.timers)


async def _read(source: SkillSource) -> tuple[Bundle, Origin]:
    assert isinstance(source, InlineFiles)
    return read_inline(source.files), Origin(source="inline")
