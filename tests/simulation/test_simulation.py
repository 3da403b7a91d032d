"""Runs the simulation: a fixed part of it with every test, and for as long as one likes with WAYBILL_SIMULATION_EXAMPLES."""

import os
from typing import Final

from hypothesis import HealthCheck, Phase, settings

from tests.simulation.machine import Simulation

EXAMPLES: Final = int(os.environ.get("WAYBILL_SIMULATION_EXAMPLES", "0"))
EXAMPLES_MAX: Final = 40
STEPS_MAX: Final = 50

TestSimulation = Simulation.TestCase
TestSimulation.settings = settings(
    max_examples=EXAMPLES or EXAMPLES_MAX,
    stateful_step_count=STEPS_MAX,
    derandomize=not EXAMPLES,
    deadline=None,
    database=None,
    print_blob=True,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
