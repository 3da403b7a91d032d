"""What the OpenAPI document promises, asked for by schemathesis in every way that it thinks of, along its links too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT
from workers.terminal.trial import Trial

pytestmark = [pytest.mark.processes, pytest.mark.long, pytest.mark.timeout(300)]

CONFIGURATION = ROOT / "tests" / "acceptance" / "schemathesis.toml"
# Of each operation; `-n 200` by hand finds what is rare.
EXAMPLES_MAX = 6
SECONDS_MAX = 240


def test_it_finds_nothing(tmp_path: Path) -> None:
    """On a Waybill of its own, since it also pauses connections and archives skills."""
    with Trial(tmp_path) as waybill:
        ran = ask(waybill, tmp_path)
    assert ran.returncode == 0, ran.stdout[-20_000:] + ran.stderr
    assert "Stateful" in ran.stdout


def ask(waybill: Trial, folder: Path) -> "subprocess.CompletedProcess[str]":
    program = Path(sys.executable).with_name("schemathesis")
    options = ("--generation-deterministic", "--no-color", "--workers", "2", "--max-examples", str(EXAMPLES_MAX))
    return subprocess.run(
        [program, "--config-file", CONFIGURATION, "run", f"{waybill.url}/openapi.json", *options],
        cwd=folder,
        env=os.environ | {"WAYBILL_API_KEY": waybill.api_key, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
