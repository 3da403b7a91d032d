"""The settings of metrics and traces. What OTEL_* variables say beyond whether there are traces, the SDK reads itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from workers.environment_values import read_port

METRICS_HOST_DEFAULT: Final = "127.0.0.1"
# What prometheus_client itself looks at.
FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
FOLDER_NAME: Final = "metrics"
EXPORTERS: Final = ("otlp", "console")
ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
PROTOCOL: Final = "http/protobuf"


class TelemetrySettings(Struct, frozen=True, kw_only=True):
    """`port` is where a part serves its own counters, on `host`. `folder` is where several processes count together.
    `exporters` are where spans go, none: nowhere; `unusable` are settings of theirs that cannot be followed.
    """

    host: str = METRICS_HOST_DEFAULT
    port: int | None = None
    folder: Path | None = None
    exporters: tuple[str, ...] = ()
    unusable: tuple[str, ...] = ()


def read_telemetry(environment: Mapping[str, str]) -> TelemetrySettings:
    """Raises ValueError."""
    folder = environment.get(FOLDER_VARIABLE)
    exporters, unusable = _exporters(environment)
    return TelemetrySettings(
        host=environment.get("WAYBILL_METRICS_HOST") or METRICS_HOST_DEFAULT,
        port=read_port(environment, "WAYBILL_METRICS_PORT"),
        folder=Path(folder) if folder else None,
        exporters=exporters,
        unusable=unusable,
    )


def _exporters(environment: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those variables are for every program on the machine, so that one we cannot follow is said and does not stop us."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return (), ()
    named = [name.strip() for name in environment.get("OTEL_TRACES_EXPORTER", "").lower().split(",") if name.strip()]
    if not named and any(environment.get(name) for name in ENDPOINTS):
        named = ["otlp"]
    exporters = [name for name in named if name in EXPORTERS]
    unusable = [f"OTEL_TRACES_EXPORTER={name}" for name in named if name not in (*EXPORTERS, "none")]
    protocol = next((name for name in PROTOCOLS if environment.get(name)), None)
    if "otlp" in exporters and protocol and environment[protocol] != PROTOCOL:
        exporters.remove("otlp")
        unusable.append(f"{protocol}={environment[protocol]}")
    return tuple(exporters), tuple(unusable)
