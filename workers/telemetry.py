"""What a process measures and traces of its own work: metrics always, spans where OTEL_* variables ask for them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from importlib.metadata import version
from typing import Any, Final
from uuid import UUID

import structlog

from adapters.telemetry.calls import WatchedAdapter
from adapters.telemetry.exposition import Exporter
from adapters.telemetry.metrics import Metrics
from adapters.telemetry.tracing import OFF, Tracing
from commands.start_attempt import Attempt
from domain.chat.events import ChatCommandAccepted, ChatCommandRejected, ChatConfirmationAsked
from domain.chat.reasons import Reason
from domain.chat.state import ChatAction
from domain.errors import Code
from domain.events import Context, Recorded
from domain.install_run.events import (
    ProviderLeaseExpired,
    ProviderRescued,
    RunFailed,
    RunPartiallyFailed,
    RunSucceeded,
)
from domain.install_run.state import InstallRun, TargetState, TargetStatus
from domain.ports import ProviderAdapter
from domain.provider.state import Provider
from workers.settings import Settings, SettingsError
from workers.telemetry_folder import metrics_folder
from workers.telemetry_settings import FOLDER_VARIABLE

# What became of a target that failed without anything being wrong with it.
OUTCOMES: Final[Mapping[Code | None, str]] = {Code.RUN_CANCELLED: "cancelled", Code.RUN_ROLLED_BACK: "rolled_back"}
# Any other outcome of what was said in chat is the reason for it.
ACCEPTED: Final = "accepted"
HANDLER: Final = "Handler"

log = structlog.get_logger(__name__)


class Telemetry:
    """Nothing of it fails or delays what it looks at."""

    def __init__(self, metrics: Metrics, tracing: Tracing = OFF) -> None:
        self.metrics = metrics
        self.tracing = tracing

    def deciding(self, decide: Callable[..., object], context: Context) -> AbstractContextManager[object]:
        if not self.tracing.on:
            return self.tracing.span("")
        name = getattr(decide, "__qualname__", HANDLER).partition(".")[0].removesuffix(HANDLER)
        return self.tracing.span(
            name or "command",
            correlation_id=context.correlation_id,
            attributes={"waybill.actor.kind": context.actor.kind, "waybill.request_id": context.request_id},
        )

    def stored(self, events: Sequence[Recorded], states: Mapping[UUID, Any]) -> None:
        try:
            for recorded in events:
                self._count(recorded, states)
        except Exception:
            log.exception("events_not_counted")

    def calls(self, provider: Provider, adapter: ProviderAdapter) -> ProviderAdapter:
        """The adapter, watched."""
        return WatchedAdapter(adapter, provider=provider, metrics=self.metrics, tracing=self.tracing)

    def attempt(self, attempt: Attempt, correlation_id: UUID) -> AbstractContextManager[object]:
        """Around the calls of an attempt: what a run's trace continues with, in another process than it began in."""
        return self.tracing.span(
            "uninstall attempt" if attempt.removes else "install attempt",
            correlation_id=correlation_id,
            kind="consumer",
            attributes={
                "waybill.provider": attempt.provider.kind,
                "waybill.run_id": str(attempt.run_id),
                "waybill.attempt_id": str(attempt.attempt_id),
            },
        )

    @contextmanager
    def relaying(self, events: Sequence[Recorded]) -> Iterator[None]:
        with self.tracing.span("relay events", kind="producer", attributes=_extent(events)):
            yield
        self.metrics.relayed(len(events))

    @contextmanager
    def projecting(self, events: Sequence[Recorded]) -> Iterator[None]:
        with self.tracing.span("project events", kind="consumer", attributes=_extent(events)):
            yield
        self.metrics.projected(len(events))

    def parked(self) -> None:
        """A read model could not take an event."""
        self.metrics.dead_letter("event")

    def refused(self) -> None:
        """Nobody can work on a ticket."""
        self.metrics.dead_letter("ticket")

    def _count(self, recorded: Recorded, states: Mapping[UUID, Any]) -> None:
        match recorded.event:
            case RunSucceeded() | RunFailed() | RunPartiallyFailed():
                self._count_run(states[recorded.stream], recorded)
            case ProviderLeaseExpired():
                self.metrics.rescued("lease_expired")
            case ProviderRescued(fault=fault):
                self.metrics.rescued(fault)
            case ChatConfirmationAsked():
                self._count_chat(states[recorded.stream], Reason.CONFIRMATION_REQUIRED)
            case ChatCommandAccepted():
                self._count_chat(states[recorded.stream], ACCEPTED)
            case ChatCommandRejected(reason=reason):
                self._count_chat(states[recorded.stream], reason)
            case _:
                pass

    def _count_chat(self, said: ChatAction, outcome: str) -> None:
        self.metrics.chatted(action=said.intent.action, outcome=outcome, parser=said.parser)

    def _count_run(self, run: InstallRun, ended: Recorded) -> None:
        for target in run.targets:
            self.metrics.target_ended(provider=target.target.kind, outcome=outcome_of(target))
        if run.start_by is not None:
            queued_at = run.start_by - timedelta(seconds=run.policy.start_timeout_seconds)
            seconds = max(0.0, (ended.at - queued_at).total_seconds())
            self.metrics.run_ended(outcome=run.status.value, seconds=seconds)


@contextmanager
def open_telemetry(settings: Settings, *, part: str) -> Iterator[Telemetry]:
    """Until it is left. Raises SettingsError."""
    wanted = settings.telemetry
    if wanted.folder is not None and not wanted.folder.is_dir():
        raise SettingsError(f"{FOLDER_VARIABLE} must name a folder that is there; `waybill up` sets it by itself.")
    metrics = Metrics(part=part, folder=wanted.folder, ours=wanted.folder == metrics_folder(settings))
    with ExitStack() as stack:
        if wanted.port is not None:
            exporter = stack.enter_context(_serving(metrics, host=wanted.host, port=wanted.port))
            log.info("metrics_served", host=wanted.host, port=exporter.port)
        yield Telemetry(metrics, stack.enter_context(_tracing(settings, part=part)))


def outcome_of(target: TargetState) -> str:
    if target.status is TargetStatus.SUCCESS:
        return "success"
    return OUTCOMES.get(target.code, "failed")


def _serving(metrics: Metrics, *, host: str, port: int) -> Exporter:
    try:
        return Exporter(metrics.registry, host=host, port=port)
    except OSError as error:
        raise SettingsError(
            f"Cannot serve metrics on {host} port {port}: {error.strerror}. Choose another WAYBILL_METRICS_PORT."
        ) from None


@contextmanager
def _tracing(settings: Settings, *, part: str) -> Iterator[Tracing]:
    wanted = settings.telemetry
    for setting in wanted.unusable:
        log.warning("tracing_setting_ignored", setting=setting, known="otlp (http/protobuf), console, none")
    if not wanted.exporters:
        yield OFF
        return
    try:
        from adapters.telemetry.exporting import exporting
    except ImportError:
        log.warning("tracing_not_installed", remedy="pip install 'waybill[telemetry]', or unset the OTEL_ variables")
        yield OFF
        return
    with exporting(wanted.exporters, part=part, version=version("waybill")) as tracing:
        log.info("tracing_started", exporters=wanted.exporters)
        yield tracing


def _extent(events: Sequence[Recorded]) -> dict[str, int]:
    return {"waybill.events": len(events), "waybill.position": events[-1].position} if events else {}
