"""What a process counts of its own work, for Prometheus; under `waybill up` all parts count in one folder, so that one can tell."""

from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, values
from prometheus_client.multiprocess import MultiProcessCollector

from adapters.telemetry import catalog
from adapters.telemetry.catalog import Metric
from domain.chat.intent import Action, Parser
from domain.provider.events import ProviderKind

FAULTS: Final = ("lease_expired", "ticket_lost", "retry_overdue")
KINDS_OF_DEAD_LETTERS: Final = ("ticket", "event")


class Metrics:
    """`registry` has everything that is counted: by this process, or by all that share the folder."""

    def __init__(self, *, part: str, folder: Path | None = None, ours: bool = False) -> None:
        """`folder` is where several processes count together. In one that is `ours` there is one process of each part, so that
        its files are named after it: one that starts again goes on counting where it ended, and leaves no files behind.
        """
        if folder is not None and ours:
            values.ValueClass = values.MultiProcessValue(process_identifier=lambda: part)  # type: ignore[no-untyped-call]
        own = CollectorRegistry()
        self._install_runs = _counter(catalog.INSTALL_RUNS, own)
        self._install_run_duration = _histogram(catalog.INSTALL_RUN_DURATION, own)
        self._provider_request = _histogram(catalog.PROVIDER_REQUEST, own)
        self._rescues = _counter(catalog.WATCHDOG_RESCUES, own)
        self._dead_letters = _counter(catalog.DEAD_LETTERS, own)
        self._relayed = _counter(catalog.RELAYED_EVENTS, own)
        self._projected = _counter(catalog.PROJECTED_EVENTS, own)
        self._chat_messages = _counter(catalog.CHAT_MESSAGES, own)
        self._requests = _counter(catalog.HTTP_REQUESTS, own)
        self._request_duration = _histogram(catalog.HTTP_REQUEST_DURATION, own)
        # A counter that is not there before its first step shows no step to `increase()`.
        for fault in FAULTS:
            self._rescues.labels(fault)
        for kind in KINDS_OF_DEAD_LETTERS:
            self._dead_letters.labels(kind)
        self.registry = own
        if folder is not None:
            self.registry = CollectorRegistry()
            MultiProcessCollector(self.registry, path=str(folder))  # type: ignore[no-untyped-call]
        ProcessCollector(registry=self.registry)

    def request_answered(self, *, method: str, route: str, status: int | None, seconds: float, streamed: bool) -> None:
        """`status` is None if there was no answer. How long somebody listened to a stream is no duration of an answer."""
        self._requests.labels(method, route, str(status or "none")).inc()
        if not streamed:
            self._request_duration.labels(method, route).observe(seconds)

    def target_ended(self, *, provider: ProviderKind, outcome: str) -> None:
        self._install_runs.labels(provider, outcome).inc()

    def run_ended(self, *, outcome: str, seconds: float) -> None:
        self._install_run_duration.labels(outcome).observe(seconds)

    def provider_called(self, *, provider: ProviderKind, operation: str, result: str, seconds: float) -> None:
        self._provider_request.labels(provider, operation, result).observe(seconds)

    def rescued(self, fault: str) -> None:
        self._rescues.labels(fault).inc()

    def dead_letter(self, kind: str) -> None:
        self._dead_letters.labels(kind).inc()

    def chatted(self, *, action: Action, outcome: str, parser: Parser) -> None:
        self._chat_messages.labels(action.value, outcome, parser).inc()

    def relayed(self, events: int) -> None:
        self._relayed.inc(events)

    def projected(self, events: int) -> None:
        self._projected.inc(events)


def _counter(metric: Metric, registry: CollectorRegistry) -> Counter:
    return Counter(metric.name, metric.help, metric.labels, registry=registry)


def _histogram(metric: Metric, registry: CollectorRegistry) -> Histogram:
    return Histogram(metric.name, metric.help, metric.labels, registry=registry, buckets=metric.buckets)
