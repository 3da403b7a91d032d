"""What the environment may say of how the API is served, and which sentence says what is wrong."""

import re
from pathlib import Path

import pytest

from tests.kit.certificates import write_certificate
from workers.http_settings import HttpSettings, read_http_settings
from workers.settings import SettingsError, read_connection, read_settings


def test_unless_told_otherwise_there_is_a_limit_and_nothing_is_opened() -> None:
    expected = HttpSettings(requests_per_second=1000, cors_origins=(), tls=None, trusted_proxies=())
    assert read_http_settings({}) == expected
    empty = dict.fromkeys(
        (
            "WAYBILL_REQUESTS_PER_SECOND",
            "WAYBILL_CORS_ORIGINS",
            "WAYBILL_TLS_CERTIFICATE",
            "WAYBILL_TLS_KEY",
            "WAYBILL_TRUSTED_PROXIES",
        ),
        "",
    )
    assert read_http_settings(empty) == expected


@pytest.mark.parametrize(("text", "rate"), [("0", 0), ("1", 1), ("50000", 50000)])
def test_a_rate_is_a_number(text: str, rate: int) -> None:
    assert read_http_settings({"WAYBILL_REQUESTS_PER_SECOND": text}).requests_per_second == rate


@pytest.mark.parametrize("text", ["-1", "1.5", "many", "1000001", "²"])
def test_another_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="WAYBILL_REQUESTS_PER_SECOND must be a whole number from 0"):
        read_http_settings({"WAYBILL_REQUESTS_PER_SECOND": text})


def test_origins_stand_between_commas() -> None:
    text = "https://console.example, http://localhost:5173,https://[::1]:8443,https://a.example:80,"
    assert read_http_settings({"WAYBILL_CORS_ORIGINS": text}).cors_origins == (
        "https://console.example",
        "http://localhost:5173",
        "https://[::1]:8443",
        "https://a.example:80",
    )


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "https://*.example",
        "null",
        "console.example",
        "https://console.example/",
        "https://console.example/app",
        "https://Console.example",
        "HTTPS://console.example",
        "https://console.example:443",
        "http://console.example:80",
        "https://me@console.example",
        "https://console.example?x",
        "ftp://console.example",
        "https://",
        "https://console.example:",
        "https://a.example https://b.example",
    ],
)
def test_what_no_browser_sends_as_an_origin_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match="WAYBILL_CORS_ORIGINS must be origins as browsers send them") as refused:
        read_http_settings({"WAYBILL_CORS_ORIGINS": f"https://fine.example,{origin}"})
    assert str(refused.value).endswith(f"and not {origin!r}.")


@pytest.mark.parametrize(
    ("text", "trusted"),
    [
        ("127.0.0.1", ("127.0.0.1/32", "::ffff:127.0.0.1/128")),
        ("10.0.0.0/8, ::1", ("10.0.0.0/8", "::ffff:10.0.0.0/104", "::1/128")),
        ("fd00::/8", ("fd00::/8",)),
    ],
)
def test_proxies_are_addresses_and_networks(text: str, trusted: tuple[str, ...]) -> None:
    assert read_http_settings({"WAYBILL_TRUSTED_PROXIES": text}).trusted_proxies == trusted


@pytest.mark.parametrize("text", ["*", "proxy.internal", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.1:80"])
def test_what_is_no_address_is_no_proxy(text: str) -> None:
    with pytest.raises(ValueError, match="WAYBILL_TRUSTED_PROXIES must be addresses or networks"):
        read_http_settings({"WAYBILL_TRUSTED_PROXIES": text})


def test_a_certificate_and_its_key_go_together(tmp_path: Path) -> None:
    tls = write_certificate(tmp_path)
    both = {"WAYBILL_TLS_CERTIFICATE": str(tls.certificate), "WAYBILL_TLS_KEY": str(tls.key)}
    assert read_http_settings(both).tls == tls
    for name, path in both.items():
        with pytest.raises(ValueError, match="go together: set both, or none"):
            read_http_settings({name: path})
    missing = str(tmp_path / "missing.pem")
    with pytest.raises(
        ValueError, match=re.escape(f"WAYBILL_TLS_KEY must name a file in PEM form; there is none at {missing}")
    ):
        read_http_settings(both | {"WAYBILL_TLS_KEY": missing})


def test_all_of_it_is_among_the_settings(tmp_path: Path) -> None:
    environment = {"WAYBILL_DATA": str(tmp_path), "WAYBILL_REQUESTS_PER_SECOND": "7"}
    assert read_settings(environment).http == HttpSettings(requests_per_second=7)
    with pytest.raises(SettingsError, match="WAYBILL_CORS_ORIGINS"):
        read_settings(environment | {"WAYBILL_CORS_ORIGINS": "*"})


def test_a_command_may_trust_authorities_of_its_own() -> None:
    assert read_connection({}).ca_file is None
    assert read_connection({"WAYBILL_CA_FILE": "/etc/ca.pem"}).ca_file == Path("/etc/ca.pem")
