"""The settings of metrics and traces, and what is said of those that cannot be followed."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from workers.settings import SettingsError, read_settings
from workers.telemetry_settings import TelemetrySettings, read_telemetry

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


def test_without_settings_nothing_is_served_and_nothing_is_traced() -> None:
    assert read_telemetry({}) == TelemetrySettings()
    assert read_telemetry({"WAYBILL_METRICS_PORT": "", "OTEL_TRACES_EXPORTER": ""}) == TelemetrySettings()


def test_a_part_may_have_a_port_and_a_folder() -> None:
    found = read_telemetry(
        {"WAYBILL_METRICS_PORT": "9100", "WAYBILL_METRICS_HOST": "::1", "PROMETHEUS_MULTIPROC_DIR": "/run/metrics"}
    )
    assert found == TelemetrySettings(host="::1", port=9100, folder=Path("/run/metrics"))


@pytest.mark.parametrize("port", ["-1", "65536", "http", "1.5"])
def test_a_port_is_a_number(port: str) -> None:
    with pytest.raises(SettingsError, match="WAYBILL_METRICS_PORT must be a number from 0 to 65535"):
        read_settings({"WAYBILL_METRICS_PORT": port, "WAYBILL_DATA": "/nowhere"})


@pytest.mark.parametrize(
    ("environment", "exporters"),
    [
        (ENDPOINT, ("otlp",)),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, ("otlp",)),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, ("otlp",)),
        ({"OTEL_TRACES_EXPORTER": "Console, otlp"}, ("console", "otlp")),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "none"}, ()),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "true"}, ()),
        (ENDPOINT | {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, ("otlp",)),
        ({"OTEL_SERVICE_NAME": "mine"}, ()),
    ],
    ids=["endpoint", "traces-endpoint", "otlp", "two", "none", "disabled", "protocol", "name-alone"],
)
def test_traces_are_switched_on_as_everywhere(environment: Mapping[str, str], exporters: tuple[str, ...]) -> None:
    found = read_telemetry(environment)
    assert (found.exporters, found.unusable) == (exporters, ())


@pytest.mark.parametrize(
    ("environment", "unusable"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER=zipkin"),
        (ENDPOINT | {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"),
        (
            ENDPOINT | {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"},
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=grpc",
        ),
    ],
    ids=["exporter", "protocol", "traces-protocol"],
)
def test_what_cannot_be_followed_is_said_and_stops_nobody(environment: Mapping[str, str], unusable: str) -> None:
    found = read_telemetry(environment)
    assert (found.exporters, found.unusable) == ((), (unusable,))
