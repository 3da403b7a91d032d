"""The doctor as a whole: what it says of everything together, and how it ends."""

import time
from pathlib import Path

import pytest

from tests.workers.diagnosing import by_name, wrong
from workers import doctor
from workers.doctor import Diagnosis, examine
from workers.doctor_checks import Status
from workers.settings import Connection
from workers.terminal.doctor import exit_code_of
from workers.terminal.exit_codes import ExitCode

pytestmark = pytest.mark.anyio

NOWHERE = Connection(url="http://127.0.0.1:1")
LONG_SECONDS = 20.0


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings; and the SDKs, which take seconds, are in the acceptance tests."""
    for name in ("WAYBILL_POSTGRES_URL", "WAYBILL_NATS_URL", "WAYBILL_SECRET_KEY", "WAYBILL_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(doctor, "SDK_KINDS", ())


async def test_where_nothing_is_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    diagnosis = await examine(NOWHERE, data=tmp_path)
    assert wrong(diagnosis.checks) == {"postgres": "failed", "nats": "failed", "api": "failed"} | rest(diagnosis)
    assert not diagnosis.reached
    assert exit_code_of(diagnosis) is ExitCode.UNREACHABLE


def rest(diagnosis: Diagnosis) -> dict[str, str]:
    """The temporary folder may be open to others, or nearly full."""
    return {name: status for name, status in wrong(diagnosis.checks).items() if name in {"data_folder", "disk"}}


async def test_a_setting_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBILL_PORT", "many")
    diagnosis = await examine(NOWHERE, data=tmp_path)
    assert wrong(diagnosis.checks) == {"settings": "failed", "api": "failed"}
    assert "WAYBILL_PORT" in by_name(diagnosis.checks)["settings"].detail


async def test_servers_that_never_answer_hold_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses that are routed nowhere, in the block for documentation, all asked at the same moment."""
    monkeypatch.setenv("WAYBILL_POSTGRES_URL", "postgresql://waybill@192.0.2.1/waybill")
    monkeypatch.setenv("WAYBILL_NATS_URL", "nats://192.0.2.1:4222")
    begun = time.monotonic()
    diagnosis = await examine(Connection(url="http://192.0.2.1:8470"), data=tmp_path)
    assert time.monotonic() - begun < LONG_SECONDS
    assert not diagnosis.reached


@pytest.mark.parametrize(
    ("status", "reached", "code"),
    [
        ("ok", True, ExitCode.OK),
        ("warning", True, ExitCode.OK),
        ("failed", True, ExitCode.FAILED),
        ("failed", False, ExitCode.UNREACHABLE),
    ],
)
def test_how_it_ends(status: Status, reached: bool, code: ExitCode) -> None:  # noqa: FBT001 - a column
    assert exit_code_of(Diagnosis(status=status, reached=reached, checks=())) is code
