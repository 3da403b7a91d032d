"""The metrics as text, for whoever scrapes them: counted ones from a registry, gauges as they were just found."""

import threading
from collections.abc import Iterator, Mapping
from typing import Final, Self
from wsgiref.simple_server import WSGIServer

from msgspec import Struct
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as PROMETHEUS_TYPE
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from adapters.telemetry.catalog import Metric

OPENMETRICS: Final = "application/openmetrics-text"
OPENMETRICS_TYPE: Final = f"{OPENMETRICS}; version=1.0.0; charset=utf-8"

# What a gauge is, by the values of its labels.
Readings = Mapping[Metric, Mapping[tuple[str, ...], float]]


class Exposition(Struct, frozen=True, kw_only=True):
    content_type: str
    body: bytes


def asks_for_openmetrics(accept: str) -> bool:
    """The library's own choice fails on versions that are no numbers, and repeats what it was sent."""
    return OPENMETRICS in (offered.partition(";")[0].strip().lower() for offered in accept.split(","))


def expose(registry: CollectorRegistry, readings: Readings, *, openmetrics_form: bool = False) -> Exposition:
    """In Prometheus' own form, or that of OpenMetrics."""
    together = _Together(registry, readings)
    if openmetrics_form:
        body: bytes = openmetrics.generate_latest(together)  # type: ignore[no-untyped-call]
        return Exposition(content_type=OPENMETRICS_TYPE, body=body)
    return Exposition(content_type=PROMETHEUS_TYPE, body=generate_latest(together))


class Exporter:
    """Serves a process's own counters at an address of their own, in a thread, without a key: `with` it."""

    def __init__(self, registry: CollectorRegistry, *, host: str, port: int) -> None:
        """Raises OSError."""
        self._server: WSGIServer
        self._thread: threading.Thread
        self._server, self._thread = start_http_server(port, addr=host, registry=registry)

    @property
    def port(self) -> int:
        return self._server.server_port

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Together(Collector):
    def __init__(self, registry: CollectorRegistry, readings: Readings) -> None:
        self._registry = registry
        self._readings = readings

    def collect(self) -> Iterator[Family]:
        yield from self._registry.collect()
        for metric, values in self._readings.items():
            family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
            for labels, value in values.items():
                family.add_metric(labels, value)
            yield family
