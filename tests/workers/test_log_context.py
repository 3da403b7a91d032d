"""Whatever a part logs of a run names the run and the request that it is for."""

from uuid import uuid4

import pytest
import structlog
from structlog.testing import capture_logs

from adapters.memory.event_store import MemoryEventStore
from domain.timers import SetTimer, Timer, TimerName
from tests.kit.facts import NOON, context
from tests.workers.installing import Installing
from workers.log_context import logged_for
from workers.timer_facts import facts_of

pytestmark = pytest.mark.anyio


async def test_an_installer_names_run_and_request_in_every_line_of_an_attempt() -> None:
    installing = Installing(MemoryEventStore())
    await installing.connect()
    runs = [await installing.queue(skill=skill) for skill in ("first", "second")]
    requests = {
        str(recorded.stream): {"request_id": recorded.request_id, "correlation_id": str(recorded.correlation_id)}
        for recorded in await installing.world.store.read(after=0, limit=100)
        if recorded.name == "RunQueued"
    }
    with capture_logs(processors=(structlog.contextvars.merge_contextvars,)) as lines:
        async with installing.working():
            for run_id in runs:
                await installing.ended(run_id)
    settled = [line for line in lines if line["event"] == "attempt_settled"]
    assert {line["run_id"] for line in settled} == set(map(str, runs))
    for line in settled:
        assert requests[line["run_id"]].items() <= line.items()
    assert not {"run_id", "request_id"} & structlog.contextvars.get_contextvars().keys()


@pytest.mark.parametrize("name", [TimerName.TARGET, TimerName.SWEEP], ids=lambda name: name.value)
def test_of_a_timer_the_logs_say_for_which_request_it_was_set(name: TimerName) -> None:
    subject, provider, correlation = uuid4(), uuid4(), uuid4()
    timer = SetTimer(
        timer=Timer(name=name, subject=subject, provider_id=provider, due_at=NOON),
        set_at=NOON,
        event_id=uuid4(),
        position=1,
        request_id="test-request",
        correlation_id=correlation,
    )
    assert facts_of(timer) == {
        "timer": name.value,
        "run_id" if name is TimerName.TARGET else "subject": str(subject),
        "provider_id": str(provider),
        "request_id": "test-request",
        "correlation_id": str(correlation),
    }


def test_nothing_of_it_stays_behind() -> None:
    asked = context()
    with logged_for(asked, run_id="r"):
        assert structlog.contextvars.get_contextvars() == {
            "request_id": asked.request_id,
            "correlation_id": str(asked.correlation_id),
            "run_id": "r",
        }
    assert structlog.contextvars.get_contextvars() == {}
