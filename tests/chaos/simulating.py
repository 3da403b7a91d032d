"""The long profile of the simulation, which goes through more in a minute than real processes do in a day."""

import os
import subprocess
import sys
import time
from typing import Final

from tests.chaos.stage import Verdict

NAME: Final = "simulation"
EXAMPLES: Final = 2_000
EXAMPLES_SHORT: Final = 100
SECONDS_MAX: Final = 3600
TAIL_LINES: Final = 40


def simulate(*, seed: int, full: bool) -> Verdict:
    """In a process of its own, as `make test` has its fixed part."""
    began = time.monotonic()
    examples = EXAMPLES if full else EXAMPLES_SHORT
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:xdist", "--timeout", str(SECONDS_MAX)),
            *("--hypothesis-seed", str(seed), "tests/simulation"),
        ],
        env=os.environ | {"WAYBILL_SIMULATION_EXAMPLES": str(examples)},
        capture_output=True,
        text=True,
        check=False,
    )
    passed = ended.returncode == 0
    return Verdict(
        scenario=NAME,
        seed=seed,
        outcome="pass" if passed else "fail",
        seconds=time.monotonic() - began,
        reasons=() if passed else tuple(ended.stdout.splitlines()[-TAIL_LINES:]),
        notes=(f"{examples} histories",),
    )
