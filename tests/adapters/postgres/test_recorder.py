"""Our recorder is still a recorder: the library's own conformance suite for application recorders passes on it."""

from collections.abc import Iterator

import pytest
from eventsourcing.tests.persistence import ApplicationRecorderTestCase

from adapters.postgres.connection import Datastore
from adapters.postgres.recorder import Recorder


class TestRecorder(ApplicationRecorderTestCase[Recorder]):
    INITIAL_VERSION = 1

    @pytest.fixture(autouse=True)
    def _database(self, database: str) -> Iterator[None]:
        self.datastore = Datastore(database, name="test")
        yield
        self.datastore.close()

    def create_recorder(self) -> Recorder:
        return Recorder(self.datastore)
