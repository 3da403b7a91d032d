"""The short, fixed part of `make chaos`: one real Waybill goes through some of the faults, and every invariant holds after each."""

from collections.abc import Iterator

import pytest

from tests.chaos.catalog import BY_NAME
from tests.chaos.cluster import Cluster
from tests.chaos.stage import play
from tests.chaos.table import reasons

pytestmark = [pytest.mark.processes, pytest.mark.long, pytest.mark.timeout(180)]

SEED = 4
SHORT = (
    "F0 nothing fails",
    "F1 installer killed at provider_accepted",
    "F3 installer frozen at before_settle",
    "F9 NATS wiped",
    "F16 applied late",
    "F19 one key, many requests",
    "F20 chat cut off",
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("chaos")) as cluster:
        yield cluster


@pytest.mark.parametrize("name", SHORT)
def test_nothing_is_lost_or_doubled(cluster: Cluster, name: str) -> None:
    verdict = play(BY_NAME[name], cluster, seed=SEED)
    assert verdict.outcome == "pass", f"seed {SEED}\n{reasons(verdict)}"
