"""How much an installer does at once, for whom, and how it stops."""

import asyncio
from collections.abc import Sequence

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from domain.errors import Code
from domain.install_run.events import ProviderFailed, ProviderRetryScheduled
from domain.provider.events import ProviderKind
from domain.provider.state import provider_stream
from queries.installer_connections import InstallerConnection
from tests.commands.world import names
from tests.kit.waiting import eventually
from tests.workers.installing import ACK, SECONDS_MAX, Installing
from workers import installer

pytestmark = pytest.mark.anyio


class Unlucky(Installing):
    """`unnoticed`: the next look for connections is over just before there is something to see. `unloadable`: an SDK is broken."""

    unnoticed = False
    unloadable = False

    async def active(self) -> Sequence[InstallerConnection]:
        if not self.unnoticed:
            return await super().active()
        self.unnoticed = False
        self.changed.set()
        return ()

    async def prepare(self, kind: ProviderKind) -> None:
        if self.unloadable:
            raise ImportError("broken on purpose")


@pytest.fixture
def installing(monkeypatch: pytest.MonkeyPatch) -> Unlucky:
    """One that looks for connections when it is told to, and not by itself after a while."""
    monkeypatch.setattr(installer, "DISCOVER_SECONDS", 600.0)
    return Unlucky()


async def sources_opened(installing: Installing, count: int) -> None:
    async def so_many() -> bool:
        return installing.tickets.sources_opened == count

    await eventually(so_many, SECONDS_MAX)


async def test_a_connection_has_so_many_calls_at_once_and_no_more(installing: Installing) -> None:
    connection = await installing.connect(places=2)
    installing.provider.gates["openai"].clear()
    runs = [await installing.queue(skill=f"skill-{number}") for number in range(5)]
    async with installing.working():
        await installing.calls_under_way(2)
        assert installing.tickets.waiting(connection.provider_id) == 3
        installing.provider.gates["openai"].set()
        for run_id in runs:
            await installing.ended(run_id)
    assert installing.provider.at_once_max["openai"] == 2


async def test_more_places_are_used_at_once_also_while_every_place_is_taken(
    installing: Installing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installer, "TAKE_SECONDS", 0.05)
    connection = await installing.connect(places=1)
    installing.provider.gates["openai"].clear()
    runs = [await installing.queue(skill=f"skill-{number}") for number in range(4)]
    async with installing.working():
        await installing.calls_under_way(1)
        installing.connections[:] = [replace(connection, concurrency_max=3)]
        installing.changed.set()
        await installing.calls_under_way(3)
        assert installing.tickets.waiting(connection.provider_id) == 1
        installing.provider.gates["openai"].set()
        for run_id in runs:
            await installing.ended(run_id)
    assert installing.provider.at_once_max["openai"] == 3


async def test_a_connection_that_hangs_delays_no_other(installing: Installing) -> None:
    await installing.connect(places=1)
    await installing.connect("backup", places=1)
    installing.provider.gates["openai"].clear()
    hanging = [await installing.queue("openai", skill=f"skill-{number}") for number in range(2)]
    others = [await installing.queue("backup", skill=f"skill-{number}") for number in range(4)]
    async with installing.working():
        await installing.calls_under_way(1)
        for run_id in others:
            await installing.ended(run_id)
        assert installing.provider.at_once["openai"] == 1
        installing.provider.gates["openai"].set()
        for run_id in hanging:
            await installing.ended(run_id)


@pytest.fixture
async def crowded(installing: Installing) -> Installing:
    """Three connections of one kind, which has one place."""
    installing.concurrency["openai"] = 1
    for name in ("openai", "backup", "third"):
        await installing.connect(name)
    return installing


async def test_connections_of_a_kind_have_so_many_calls_together_and_each_gets_its_turn(crowded: Installing) -> None:
    """What came one too many goes back at once: nothing is held that somebody else could work on."""
    for number in range(3):
        await crowded.world.register(name=f"skill-{number}")
    runs = [
        (await crowded.world.queue(name, skill=f"skill-{number}")).run_id
        for number in range(3)
        for name in ("openai", "backup", "third")
    ]
    async with crowded.working():
        await sources_opened(crowded, 3)
        for run_id in runs:
            await crowded.ended(run_id)
    assert crowded.provider.together_max == 1
    assert set(crowded.tickets.answers) == {ACK, ("later", 0)}


async def test_a_place_is_not_kept_for_ever_for_who_does_not_take_it(
    crowded: Installing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when another installer has taken the ticket meanwhile."""
    monkeypatch.setattr(installer, "TURN_SECONDS", 0.01)
    crowded.provider.gates["openai"].clear()
    backup = provider_stream("backup")
    async with crowded.working():
        await sources_opened(crowded, 3)
        first = await crowded.queue("openai")
        await crowded.calls_under_way(1)
        await crowded.queue("backup")

        async def went_back() -> bool:
            return ("later", 0) in crowded.tickets.answers and crowded.tickets.waiting(backup) == 1

        await eventually(went_back, SECONDS_MAX)
        assert len(crowded.tickets.take(backup, 1)) == 1
        crowded.provider.gates["openai"].set()
        await crowded.ended(first)
        await crowded.ended(await crowded.queue("openai", skill="another"))


async def test_a_kind_that_hangs_delays_no_other(installing: Installing) -> None:
    installing.concurrency["openai"] = 1
    for name in ("openai", "backup"):
        await installing.connect(name)
    await installing.connect("claude", kind="claude")
    installing.provider.gates["openai"].clear()
    hanging = [await installing.queue(name) for name in ("openai", "backup")]
    async with installing.working():
        await installing.calls_under_way(1)
        for number in range(3):
            await installing.ended(await installing.queue("claude", skill=f"skill-{number}"))
        assert installing.provider.at_once["backup"] == 0
        installing.provider.gates["openai"].set()
        for run_id in hanging:
            await installing.ended(run_id)


async def test_a_connection_that_comes_is_served_and_one_that_goes_is_left(installing: Installing) -> None:
    async with installing.working():
        connection = await installing.connect()
        await sources_opened(installing, 1)
        installing.connections.clear()
        installing.changed.set()

        async def left() -> bool:
            return installing.tickets.sources_open == 0

        await eventually(left, SECONDS_MAX)
        await installing.queue()
        backup = await installing.connect("backup")
        await installing.ended(await installing.queue("backup"))
        assert installing.tickets.waiting(connection.provider_id) == 1
        assert installing.tickets.waiting(backup.provider_id) == 0


async def test_a_connection_that_is_left_and_served_again_has_no_places_more(installing: Installing) -> None:
    """As happens when its read model is rebuilt: for a moment there is nobody in it."""
    connection = await installing.connect(places=1)
    installing.provider.gates["openai"].clear()
    runs = [await installing.queue(skill=f"skill-{number}") for number in range(2)]
    async with installing.working():
        await installing.calls_under_way(1)
        installing.connections.clear()
        await installing.connect("backup")
        await installing.ended(await installing.queue("backup"))
        installing.connections.append(connection)
        installing.changed.set()
        await sources_opened(installing, 3)
        await installing.ended(await installing.queue("backup", skill="skill-0"))
        installing.provider.gates["openai"].set()
        for run_id in runs:
            await installing.ended(run_id)
    assert installing.provider.at_once_max["openai"] == 1


async def test_a_change_that_comes_during_a_look_is_not_missed(installing: Unlucky) -> None:
    await installing.connect()
    installing.unnoticed = True
    async with installing.working():
        await installing.ended(await installing.queue())


async def test_a_connection_whose_provider_cannot_be_loaded_is_tried_again(
    installing: Unlucky, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installer, "TAKE_SECONDS", 0.05)
    installing.unloadable = True
    await installing.connect()
    with capture_logs() as logs:
        async with installing.working():

            async def given_up() -> bool:
                return (installing.tickets.sources_opened, installing.tickets.sources_open) == (1, 0)

            await eventually(given_up, SECONDS_MAX)
            installing.unloadable = False
            installing.changed.set()
            await installing.ended(await installing.queue())
    assert [line["provider"] for line in logs if line["event"] == "connection_broke"] == ["openai"]


async def test_a_stop_takes_no_more_and_ends_what_is_under_way(installing: Installing) -> None:
    connection = await installing.connect()
    installing.provider.gates["openai"].clear()
    under_way = await installing.queue(skill="under-way")
    stopping = asyncio.Event()
    running = asyncio.create_task(installing.installer(installing.world).run(stopping))
    await installing.calls_under_way(1)
    stopping.set()

    async def heard() -> bool:
        return installing.tickets.sources_open == 0

    await eventually(heard, SECONDS_MAX)
    await installing.queue(skill="too-late")
    assert not running.done()
    installing.provider.gates["openai"].set()
    async with asyncio.timeout(SECONDS_MAX):
        await running
    events = [recorded.event for recorded in await installing.recorded(under_way)]
    assert names(events)[-2:] == ["ProviderSucceeded", "RunSucceeded"]
    assert installing.tickets.waiting(connection.provider_id) == 1
    assert installing.provider.open_count == 0


async def test_a_call_that_outlasts_the_grace_is_cut_and_tried_again_by_whoever_goes_on(
    installing: Installing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installer, "GRACE_SECONDS", 0.01)
    await installing.connect()
    installing.provider.gates["openai"].clear()
    run_id = await installing.queue()
    with capture_logs() as logs:
        async with installing.working():
            await installing.calls_under_way(1)
    failed, scheduled = [recorded.event for recorded in await installing.recorded(run_id)][-2:]
    assert isinstance(failed, ProviderFailed)
    assert (failed.code, failed.retryable, failed.ambiguous) == (Code.PROVIDER_TIMEOUT, True, True)
    assert "stopped" in failed.message
    assert isinstance(scheduled, ProviderRetryScheduled)
    assert [line["calls"] for line in logs if line["event"] == "calls_cut"] == [1]
    installing.provider.gates["openai"].set()
    installing.world.pass_time(60)
    async with installing.working():
        assert names(await installing.ended(run_id))[-1] == "RunSucceeded"
    assert installing.provider.calls == ["install", "find", "install", "find"]
