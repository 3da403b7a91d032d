"""A process that is frozen while it holds what every append needs lets go of it, wherever in its transaction it stands."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest

from adapters.postgres.event_store import PostgresEventStore
from domain.errors import StoreOffline
from tests.kit.facts import append
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

SECONDS_MAX = 20.0
FREEZES = """
import os, signal, sys
from adapters.postgres import connection
from adapters.postgres.recorder import LOCK_HEAD

connection.TRANSACTION_TIMEOUT_MILLISECONDS = 1000
store = connection.Datastore(sys.argv[1], name="frozen")
with store.get_connection() as session, session.pipeline(), session.transaction():
    session.execute(LOCK_HEAD).fetchone()
    print("locked", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
"""


@pytest.fixture
def frozen(database: str) -> Iterator["subprocess.Popen[str]"]:
    """It has the head row, and has not said that it is done with the pipeline."""
    process = subprocess.Popen([sys.executable, "-c", FREEZES, database], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.communicate()


async def test_a_frozen_writer_holds_up_nobody_for_long(database: str, frozen: "subprocess.Popen[str]") -> None:
    store = PostgresEventStore(database, name="test")

    async def appended() -> bool:
        try:
            return bool(await store.append(append(uuid4())))
        except StoreOffline:
            return False

    try:
        await eventually(appended, SECONDS_MAX)
    finally:
        await store.close()
    assert frozen.poll() is None
