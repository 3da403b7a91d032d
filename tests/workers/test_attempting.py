"""What an attempt does with what is at the provider already: keeps it, repairs it, goes back to it, removes it."""

import pytest

from domain.errors import Code, InstallationNotFound
from domain.install_run.events import ProviderFailed, ProviderSucceeded
from domain.installation.events import (
    InstallationChanged,
    InstallationRemoved,
)
from domain.ports import ProviderError
from domain.provider.events import ProviderActivated, ProviderDeactivated
from tests.commands.world import names
from tests.kit.shelf_provider import Fault
from tests.workers.attempts import (
    FIRST,
    INSTALLATION,
    LOST,
    ONCE,
    SECOND,
    carry_out,
    on_shelf,
    remove,
)
from tests.workers.installing import ACK, Installing, only
from workers.ticket_handling import OUT_OF_USE_SECONDS

pytestmark = pytest.mark.anyio


@pytest.fixture
async def installing() -> Installing:
    installing = Installing()
    await installing.connect()
    return installing


async def test_what_is_live_stays_as_it_is(installing: Installing) -> None:
    first, second = [only(await carry_out(installing), ProviderSucceeded) for _ in range(2)]
    assert (second.receipt, second.adopted) == (first.receipt, True)
    assert installing.provider.calls == ["install", "status"]


async def test_what_is_gone_at_the_provider_is_put_there_again(installing: Installing) -> None:
    await carry_out(installing)
    installing.provider.shelf.clear()
    succeeded = only(await carry_out(installing), ProviderSucceeded)
    assert not succeeded.adopted
    assert [succeeded.receipt] == on_shelf(installing)
    assert installing.provider.calls == ["install", "status", "restore skill_1"]


async def test_what_was_changed_at_the_provider_is_put_in_use_again(installing: Installing) -> None:
    await carry_out(installing)
    by_hand = installing.provider.keep("sha256:by-hand", FIRST)
    assert installing.provider.in_use == {"skill_1": by_hand}
    assert only(await carry_out(installing), ProviderSucceeded).receipt == FIRST
    assert installing.provider.in_use == {"skill_1": FIRST}


async def test_the_next_version_is_put_beside_the_one_before(installing: Installing) -> None:
    await carry_out(installing)
    await installing.world.register("two")
    assert only(await carry_out(installing), ProviderSucceeded).receipt == SECOND
    assert installing.provider.calls == ["install", "install"]


async def test_going_back_puts_the_version_before_in_use_again(installing: Installing) -> None:
    await carry_out(installing)
    await installing.world.register("two")
    await carry_out(installing)
    assert only(await carry_out(installing, ref="1"), ProviderSucceeded).receipt == FIRST
    assert installing.provider.in_use == {"skill_1": FIRST}
    assert only(await carry_out(installing), ProviderSucceeded).receipt == SECOND
    assert installing.provider.calls == ["install", "install", "restore skill_1", "restore skill_1"]
    assert on_shelf(installing) == [FIRST, SECOND]


async def test_two_versions_in_a_row_end_with_the_one_asked_for_last(installing: Installing) -> None:
    runs = [await installing.queue()]
    await installing.world.register("two")
    runs.append(await installing.queue())
    runs.append(await installing.queue(ref="1"))
    async with installing.working():
        for run_id in runs:
            await installing.ended(run_id)
    changes = [event for event in await installing.world.events(INSTALLATION) if isinstance(event, InstallationChanged)]
    assert [(change.run_id, change.version) for change in changes] == list(zip(runs, (1, 2, 1), strict=True))
    assert installing.provider.in_use == {"skill_1": FIRST}


async def test_what_is_uninstalled_is_gone_and_can_be_installed_again(installing: Installing) -> None:
    await carry_out(installing)
    removed = only(await remove(installing), ProviderSucceeded)
    assert (removed.receipt, on_shelf(installing)) == (FIRST, [])
    assert names(await installing.world.events(INSTALLATION))[-1] == "InstallationRemoved"
    with pytest.raises(InstallationNotFound):
        await installing.uninstall()
    again = only(await carry_out(installing), ProviderSucceeded)
    assert [again.receipt] == on_shelf(installing)
    assert installing.provider.calls == ["install", "uninstall skill_1", "install"]


async def test_a_removal_waits_for_the_install_that_is_at_work(installing: Installing) -> None:
    await carry_out(installing)
    await installing.world.register("two")
    installing.provider.gates["openai"].clear()
    upgrade = await installing.queue()
    async with installing.working():
        await installing.calls_under_way(1)
        removal = await installing.uninstall()
        installing.provider.gates["openai"].set()
        assert only(await installing.ended(upgrade), ProviderSucceeded).receipt == SECOND
        assert only(await installing.ended(removal), ProviderSucceeded).receipt == SECOND
    assert on_shelf(installing) == []


async def test_an_install_waits_for_the_removal_that_is_at_work(installing: Installing) -> None:
    await carry_out(installing)
    installing.provider.gates["openai"].clear()
    removal = await installing.uninstall()
    async with installing.working():
        await installing.calls_under_way(1)
        install = await installing.queue()
        installing.provider.gates["openai"].set()
        await installing.ended(removal)
        assert not only(await installing.ended(install), ProviderSucceeded).adopted
    assert len(installing.provider.shelf) == 1
    assert installing.provider.calls == ["install", "uninstall skill_1", "install"]


async def test_a_removal_that_finds_nothing_has_succeeded(installing: Installing) -> None:
    """As when one waited behind an install that failed after a removal before it."""
    await carry_out(installing)
    runs = [await installing.uninstall(), await installing.queue(), await installing.uninstall()]
    refused = ProviderError(Code.PROVIDER_INVALID_SKILL, "No.")
    installing.provider.gates["openai"].clear()
    async with installing.working():
        await installing.calls_under_way(1)
        installing.provider.gates["openai"].set()
        await installing.ended(runs[0])
        installing.provider.faults.append(Fault(error=refused))
        await installing.ended(runs[1])
        last = only(await installing.ended(runs[2]), ProviderSucceeded)
    assert last.receipt is None
    assert installing.provider.calls == ["install", "uninstall skill_1", "install"]


@pytest.mark.parametrize("applied", [False, True])
async def test_a_removal_that_failed_leaves_what_is_live_and_is_tried_again(
    installing: Installing, *, applied: bool
) -> None:
    await carry_out(installing)
    installing.provider.faults.append(Fault(error=LOST, applied=applied))
    assert only(await remove(installing, policy=ONCE), ProviderFailed).code is Code.PROVIDER_TIMEOUT
    assert not [
        event for event in await installing.world.events(INSTALLATION) if isinstance(event, InstallationRemoved)
    ]
    assert only(await remove(installing), ProviderSucceeded).receipt == FIRST
    assert on_shelf(installing) == []


async def test_at_a_connection_out_of_use_nobody_is_called_until_it_is_back(installing: Installing) -> None:
    run_id = await installing.queue()
    await installing.world.happen_to("openai", ProviderDeactivated(requested=True))
    async with installing.working():
        await installing.answered(("later", OUT_OF_USE_SECONDS))
        assert installing.provider.calls == []
        await installing.world.happen_to("openai", ProviderActivated())
        installing.tickets.pass_time()
        assert names(await installing.ended(run_id))[-1] == "RunSucceeded"
    assert installing.tickets.answers == [("later", OUT_OF_USE_SECONDS), ACK]
