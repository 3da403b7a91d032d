"""What an attempt does when nobody knows what became of an earlier one: it is never fooled by what that may have left there."""

import pytest

from domain.errors import Code
from domain.install_run.events import ProviderFailed, ProviderStarted, ProviderSucceeded
from domain.installation.events import InstallationReleased, Receipt
from domain.ports import ProviderAdapter, ProviderError
from domain.provider.state import Provider
from tests.kit.shelf_provider import Fault, ShelfAdapter, ShelfGateway
from tests.workers.attempts import (
    INSTALLATION,
    LOST,
    ONCE,
    carry_out,
    digest_of,
    lose,
    on_shelf,
    remove,
    sweep,
)
from tests.workers.installing import Installing, only

pytestmark = pytest.mark.anyio


@pytest.fixture
async def installing() -> Installing:
    installing = Installing()
    await installing.connect()
    return installing


async def test_what_may_have_been_applied_is_looked_for_and_adopted(installing: Installing) -> None:
    installing.provider.faults += [Fault(error=LOST), Fault(error=LOST, applied=True)]
    first = only(await carry_out(installing, policy=ONCE), ProviderStarted)
    for _ in range(2):
        released = (await installing.world.events(INSTALLATION))[-1]
        assert isinstance(released, InstallationReleased)
        assert released.doubtful_since == first.since
        installing.world.pass_time(3600)
        events = await carry_out(installing, policy=ONCE)
        assert only(events, ProviderStarted).since == first.since
    (kept,) = installing.provider.shelf
    succeeded = only(events, ProviderSucceeded)
    assert (succeeded.receipt, succeeded.adopted) == (kept.receipt, True)
    assert installing.provider.calls == ["install", "find", "install", "find", "adopt skill_1", "find"]


async def test_what_is_older_than_the_doubt_is_not_ours(installing: Installing) -> None:
    """The same bytes may be there because a person put them there."""
    await installing.world.register()
    by_hand = installing.provider.keep(await digest_of(installing, 1))
    installing.world.pass_time(1)
    await lose(installing)
    assert not only(await carry_out(installing), ProviderSucceeded).adopted
    assert len(installing.provider.shelf) == 2
    assert by_hand in on_shelf(installing)


async def test_of_what_turns_up_after_it_was_looked_for_the_provider_first_one_is_kept(installing: Installing) -> None:
    """Which of two equal ones is in use, or can be, is the provider's to know: its adapter names that one first."""
    await lose(installing)
    installing.provider.gates["openai"].clear()
    run_id = await installing.queue()
    async with installing.working():
        await installing.calls_under_way(1)
        late = installing.provider.keep(await digest_of(installing, 1))
        installing.provider.gates["openai"].set()
        succeeded = only(await installing.ended(run_id), ProviderSucceeded)
    assert succeeded.receipt == late
    assert on_shelf(installing) == [late]
    adopted = f"adopt {late.remote_id}"
    assert installing.provider.calls == ["install", "find", "install", "find", adopted, "discard skill_2", "status"]


class Late(ShelfGateway):
    """A version that got lost comes on top of the next one, and when it is discarded nothing takes its place."""

    lost: str | None = None

    def keep(self, digest: str, previous: Receipt | None = None) -> Receipt:
        receipt = super().keep(digest, previous)
        if self.lost is not None:
            super().keep(self.lost, receipt)
            self.lost = None
        return receipt

    def take_away(self, extra: Receipt) -> None:
        self.shelf = [kept for kept in self.shelf if kept.receipt != extra]


async def test_what_is_kept_is_in_use_in_the_end(installing: Installing) -> None:
    installing.provider = late = Late(lambda: installing.world.now)
    await carry_out(installing)
    await installing.world.register("two")
    await lose(installing)
    await installing.world.register("three")
    late.lost = await digest_of(installing, 2)
    succeeded = only(await carry_out(installing), ProviderSucceeded)
    assert late.in_use["skill_1"] == succeeded.receipt
    assert [kept.digest for kept in late.shelf] == [await digest_of(installing, number) for number in (1, 3)]
    assert late.calls[-4:] == ["find", "discard skill_1", "status", "restore skill_1"]


async def test_without_doubt_nothing_is_looked_for(installing: Installing) -> None:
    await lose(installing, applied=True)
    await carry_out(installing)
    await sweep(installing)
    installing.provider.calls.clear()
    await installing.world.register("two")
    await carry_out(installing)
    await remove(installing)
    assert installing.provider.calls == ["install", "uninstall skill_1"]


@pytest.mark.parametrize("live", [False, True])
async def test_a_version_in_doubt_does_not_stay_beside_another(installing: Installing, *, live: bool) -> None:
    """Who asks for version 3 after version 2 got lost wants one of them there, and not both."""
    await installing.world.register("one")
    if live:
        await carry_out(installing)
    await installing.world.register("two")
    await lose(installing, applied=True)
    await installing.world.register("three")
    installing.provider.calls.clear()
    succeeded = only(await carry_out(installing), ProviderSucceeded)
    digests = [kept.digest for kept in installing.provider.shelf]
    assert digests == [await digest_of(installing, number) for number in ((1, 3) if live else (3,))]
    assert (on_shelf(installing)[-1], succeeded.adopted) == (succeeded.receipt, False)
    assert installing.provider.calls == ["install", "find", "discard skill_1", "status"]


async def test_what_was_live_before_is_not_in_doubt(installing: Installing) -> None:
    """The first version came after the doubt began, and is what one would go back to."""
    await lose(installing)
    await carry_out(installing)
    for text in ("two", "three"):
        await installing.world.register(text)
        await carry_out(installing)
    digests = [await digest_of(installing, number) for number in (1, 2, 3)]
    assert [kept.digest for kept in installing.provider.shelf] == digests
    assert only(await carry_out(installing, ref="1"), ProviderSucceeded).receipt == on_shelf(installing)[0]


async def test_a_removal_takes_away_what_is_in_doubt(installing: Installing) -> None:
    await carry_out(installing)
    await installing.world.register("two")
    await lose(installing)
    installing.provider.keep(await digest_of(installing, 2))
    await remove(installing)
    assert on_shelf(installing) == []


class Stubborn(ShelfGateway):
    """Discards nothing as long as it is `busy`."""

    busy = True

    async def open(self, provider: Provider, *, deadline_seconds: float) -> ProviderAdapter:
        await super().open(provider, deadline_seconds=deadline_seconds)
        return StubbornAdapter(self, provider.name)


class StubbornAdapter(ShelfAdapter):
    async def discard(self, extra: Receipt) -> None:
        if isinstance(self._gateway, Stubborn) and self._gateway.busy:
            raise ProviderError(Code.PROVIDER_OVERLOADED, "Later.", retryable=True)
        await super().discard(extra)


async def test_an_install_that_cannot_tidy_up_is_in_doubt_itself(installing: Installing) -> None:
    """It stands at the provider although its run failed: the next run finds it, and tidies up."""
    installing.provider = stubborn = Stubborn(lambda: installing.world.now)
    await lose(installing, applied=True)
    await installing.world.register("two")
    failed = only(await carry_out(installing, policy=ONCE), ProviderFailed)
    assert (failed.code, failed.ambiguous) == (Code.PROVIDER_OVERLOADED, True)
    assert len(stubborn.shelf) == 2
    stubborn.busy = False
    assert only(await carry_out(installing), ProviderSucceeded).adopted
    assert [kept.digest for kept in stubborn.shelf] == [await digest_of(installing, 2)]
