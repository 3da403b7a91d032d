"""`waybill up` with all that can be set of how it is served: it finds itself ready, prints where, and the command line finds it."""

import json
import ssl
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from tests.kit.certificates import write_certificate
from tests.kit.whole import Whole
from workers.settings import unsettled_environment
from workers.tls import own_context

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

CONSOLE = "https://console.example"
COMMAND_SECONDS = 60


def listed_skills(url: str, key: str, *, ca_file: Path | None) -> "subprocess.CompletedProcess[str]":
    environment = {"WAYBILL_URL": url, "WAYBILL_API_KEY": key, "WAYBILL_CA_FILE": str(ca_file or "")}
    command = [sys.executable, "-P", "-m", "workers.cli", "skills", "list", "--json"]
    return subprocess.run(
        command,
        env=unsettled_environment() | environment,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )


@pytest.mark.long
def test_everything_works_over_tls(tmp_path: Path) -> None:
    tls = write_certificate(tmp_path / "tls")
    environment = {
        "WAYBILL_TLS_CERTIFICATE": str(tls.certificate),
        "WAYBILL_TLS_KEY": str(tls.key),
        "WAYBILL_CORS_ORIGINS": CONSOLE,
        "WAYBILL_TRUSTED_PROXIES": "127.0.0.1",
        "WAYBILL_REQUESTS_PER_SECOND": "1",
    }
    with Whole(tmp_path / "data", environment=environment) as whole:
        url, key = whole.lines["Waybill"], whole.key
        assert url.startswith("https://127.0.0.1:")
        assert key is not None
        trusting = listed_skills(url, key, ca_file=tls.certificate)
        assert trusting.returncode == 0, trusting.stderr
        assert json.loads(trusting.stdout)["items"]
        doubting = listed_skills(url, key, ca_file=None)
        assert doubting.returncode == 8
        assert "CERTIFICATE_VERIFY_FAILED" in doubting.stderr
        _look_at_headers(url, key, own_context(tls))


def _look_at_headers(url: str, key: str, verify: ssl.SSLContext) -> None:
    headers = {"Authorization": f"Bearer {key}", "Origin": CONSOLE}
    with httpx2.Client(base_url=url, headers=headers, verify=verify, trust_env=False) as client:
        answers = [client.get("/api/nowhere") for _ in range(20)]
    assert {answer.headers["Access-Control-Allow-Origin"] for answer in answers} == {CONSOLE}
    assert answers[0].headers["Strict-Transport-Security"]
    assert [answer.status_code for answer in answers][-1] == 429
    assert answers[-1].headers["RateLimit-Policy"] == '"key";q=5;w=5'
