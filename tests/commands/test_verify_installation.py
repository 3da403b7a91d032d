import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import anyio.lowlevel
import pytest

from adapters.providers.noop import NoopAdapter
from commands import verify_installation
from commands.verify_installation import VerifyInstallations, VerifyInstallationsHandler
from domain.errors import Code, StoreOffline
from domain.events import Event
from domain.installation.events import (
    InstallationCheckFailed,
    InstallationDriftFound,
    InstallationVerified,
    Receipt,
)
from domain.installation.state import installation_stream
from domain.ports import ProviderAdapter, ProviderError, Standing
from domain.provider.events import ProviderDeactivated
from domain.provider.state import Provider, provider_stream
from domain.skill.state import skill_stream
from tests.commands.stores import Unplugged
from tests.commands.world import NAME, World
from tests.kit.facts import context
from tests.kit.memory_provider import MemoryGateway
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

REFUSED = ProviderError(Code.PROVIDER_FORBIDDEN, "Not with this key.")
CLOSED = ProviderError(Code.PROVIDER_MISCONFIGURED, "No such variable.")
SECONDS_MAX = 5


class Witness(MemoryGateway):
    """Connections that say what they are told to say, each in its turn; `under_way` and the most of it count their calls."""

    def __init__(self, world: World) -> None:
        super().__init__(world.vault)
        self.sayings: dict[str, Standing | ProviderError] = {}
        self.closed: set[str] = set()
        self.silent: set[str] = set()
        self.before_answering: Callable[[], Awaitable[object]] | None = None
        self.asked: Counter[str] = Counter()
        self.under_way: Counter[str] = Counter()
        self.under_way_max: Counter[str] = Counter()

    async def open(self, provider: Provider, *, deadline_seconds: float) -> ProviderAdapter:
        assert deadline_seconds == verify_installation.CHECK_SECONDS
        if provider.name in self.closed:
            raise CLOSED
        self.open_count += 1
        return WitnessAdapter(self, provider.name)


class WitnessAdapter(NoopAdapter):
    def __init__(self, gateway: Witness, name: str) -> None:
        self._gateway = gateway
        self._name = name

    async def status(self, _: Receipt) -> Standing:
        gateway, name = self._gateway, self._name
        gateway.asked[name] += 1
        gateway.under_way[name] += 1
        gateway.under_way_max[name] = max(gateway.under_way_max[name], gateway.under_way[name])
        try:
            if name in gateway.silent:
                await asyncio.Event().wait()
            if gateway.before_answering:
                await gateway.before_answering()
            answer = gateway.sayings.get(name, Standing.IN_USE)
            if isinstance(answer, ProviderError):
                raise answer
            return answer
        finally:
            gateway.under_way[name] -= 1

    async def close(self) -> None:
        self._gateway.open_count -= 1


class Checking:
    """`verify` asks about these pairs and gives what was recorded because of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.witness = Witness(world)
        self._verify = VerifyInstallationsHandler(handling=world.handling, gateway=self.witness)

    async def install(self, *providers: str, skill: str = NAME) -> UUID:
        run_id = (await self.world.queue(*providers, skill=skill)).run_id
        for name in providers:
            await self.world.carry_out(run_id, name)
        return run_id

    async def verify(self, *pairs: UUID) -> list[Event]:
        before = await self.world.store.head()
        await self._verify(VerifyInstallations(installation_ids=pairs), context())
        assert self.witness.open_count == 0
        return [recorded.event for recorded in await self.world.store.read(after=before, limit=1000)]


def pair(provider: str = "openai", skill: str = NAME) -> UUID:
    return installation_stream(skill_stream(skill), provider_stream(provider))


@pytest.fixture
def checking(world: World) -> Checking:
    return Checking(world)


async def test_what_each_provider_says_is_recorded(checking: Checking) -> None:
    await checking.world.connect("third")
    run_id = await checking.install("openai", "backup", "third")
    checking.witness.sayings |= {"backup": Standing.MISSING, "third": Standing.CHANGED}
    assert await checking.verify(pair(), pair("backup"), pair("third")) == [
        InstallationVerified(run_id=run_id),
        InstallationDriftFound(run_id=run_id, drift="missing"),
        InstallationDriftFound(run_id=run_id, drift="changed"),
    ]


async def test_each_is_asked_every_time_and_once(checking: Checking) -> None:
    run_id = await checking.install("openai")
    for number in (1, 2):
        assert await checking.verify(pair(), pair()) == [InstallationVerified(run_id=run_id)]
        assert checking.witness.asked == {"openai": number}


async def test_a_provider_that_does_not_say_is_a_failed_check_and_the_others_go_on(checking: Checking) -> None:
    run_id = await checking.install("openai", "backup")
    checking.witness.sayings["openai"] = REFUSED
    assert await checking.verify(pair(), pair("backup")) == [
        InstallationCheckFailed(run_id=run_id, code=REFUSED.code, message=REFUSED.message),
        InstallationVerified(run_id=run_id),
    ]


async def test_a_connection_that_cannot_be_opened_is_a_failed_check(checking: Checking) -> None:
    run_id = await checking.install("openai", "backup")
    checking.witness.closed.add("openai")
    assert InstallationCheckFailed(run_id=run_id, code=CLOSED.code, message=CLOSED.message) in await checking.verify(
        pair(), pair("backup")
    )


async def test_through_a_connection_out_of_use_nobody_is_asked(checking: Checking) -> None:
    run_id = await checking.install("openai")
    await checking.world.happen_to("openai", ProviderDeactivated(requested=True))
    message = "The provider connection openai is not active."
    assert await checking.verify(pair()) == [
        InstallationCheckFailed(run_id=run_id, code=Code.CONFLICT_PROVIDER, message=message)
    ]
    assert checking.witness.asked == {}


async def test_where_nothing_is_live_or_a_run_is_at_work_nobody_is_asked(checking: Checking) -> None:
    await checking.install("openai")
    await checking.world.uninstall()
    await checking.world.queue("backup")
    assert await checking.verify(pair(), pair("backup"), uuid4(), provider_stream("openai")) == []
    assert checking.witness.asked == {}


async def test_an_answer_about_what_has_changed_meanwhile_is_dropped(checking: Checking) -> None:
    """While the provider was asked about version 1, version 2 was installed."""
    await checking.install("openai")
    await checking.world.register("two")
    checking.witness.before_answering = lambda: checking.install("openai")
    checking.witness.sayings["openai"] = Standing.CHANGED
    found = await checking.verify(pair())
    assert not [event for event in found if isinstance(event, InstallationDriftFound)]


async def test_a_connection_is_asked_as_much_at_once_as_it_allows(checking: Checking) -> None:
    skills = [f"skill-{number}" for number in range(6)]
    await checking.world.connect("narrow", concurrency_max=2)
    for skill in skills:
        await checking.world.register(name=skill)
        await checking.install("openai", "narrow", skill=skill)
    checking.witness.before_answering = anyio.lowlevel.checkpoint
    found = await checking.verify(*(pair(name, skill) for skill in skills for name in ("openai", "narrow")))
    assert len(found) == 12
    assert checking.witness.under_way_max == {"openai": 4, "narrow": 2}


async def test_one_that_hangs_costs_its_time_and_no_more(checking: Checking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_installation, "CHECKS_SECONDS", 0.2)
    run_id = await checking.install("openai", "backup")
    checking.witness.silent.add("openai")
    found = await checking.verify(pair(), pair("backup"))
    message = "The provider did not answer for all of them within 0.2 seconds."
    assert found == [
        InstallationVerified(run_id=run_id),
        InstallationCheckFailed(run_id=run_id, code=Code.PROVIDER_TIMEOUT, message=message),
    ]


async def test_the_answers_of_others_are_recorded_before_the_one_that_hangs(checking: Checking) -> None:
    run_id = await checking.install("openai", "backup")
    checking.witness.silent.add("openai")
    verifying = asyncio.create_task(checking.verify(pair(), pair("backup")))

    async def recorded() -> bool:
        return InstallationVerified(run_id=run_id) in await checking.world.events(pair("backup"))

    await eventually(recorded, SECONDS_MAX)
    verifying.cancel()
    await asyncio.gather(verifying, return_exceptions=True)
    assert checking.witness.open_count == 0
    assert checking.witness.under_way["openai"] == 0


async def test_with_the_store_away_it_is_said() -> None:
    store = Unplugged()
    world = World(store)
    await world.register()
    await world.connect()
    checking = Checking(world)
    await checking.install("openai")

    async def unplug() -> None:
        store.away = True

    checking.witness.before_answering = unplug
    with pytest.raises(StoreOffline):
        await checking.verify(pair())
