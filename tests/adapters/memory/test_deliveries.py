import pytest

from adapters.memory.deliveries import MemoryDeliveries
from tests.kit.deliveries_conformance import DeliveriesConformance

pytestmark = pytest.mark.anyio


class TestMemoryDeliveries(DeliveriesConformance):
    @pytest.fixture
    def deliveries(self) -> MemoryDeliveries:
        return MemoryDeliveries()
