"""Walks: some fixed ones with every test, and new ones for as long as WAYBILL_SIMULATION_SECONDS says.

WAYBILL_SIMULATION_SEED=<the seed of a failure> goes that one walk again.
"""

import os
import secrets
import time
from collections.abc import Iterator
from typing import Final

import pytest

from tests.simulation.walking import Walk

WALKS: Final = 40
WALKS_MAX: Final = 10_000_000
SEED_MAX: Final = 10**9
SECONDS: Final = float(os.environ.get("WAYBILL_SIMULATION_SECONDS", "0"))
SEED: Final = os.environ.get("WAYBILL_SIMULATION_SEED")


def seeds() -> Iterator[int]:
    if SEED:
        yield int(SEED)
        return
    yield from range(WALKS)
    until = time.monotonic() + SECONDS
    for _ in range(WALKS_MAX if SECONDS else 0):
        if time.monotonic() > until:
            return
        yield secrets.randbelow(SEED_MAX)


@pytest.mark.timeout(SECONDS + 120)
def test_wherever_it_leads_all_comes_to_rest() -> None:
    for seed in seeds():
        try:
            Walk(seed).go()
        except Exception as error:
            error.add_note(f"WAYBILL_SIMULATION_SEED={seed}")
            raise
