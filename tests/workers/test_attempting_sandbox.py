"""The same at the emulated providers, over HTTP through the real SDKs: whatever goes wrong, one is live in the end, or none."""

from collections.abc import AsyncIterator

import pytest

from domain.errors import Code, InstallationNotFound
from domain.install_run.events import ProviderFailed, ProviderSucceeded
from domain.install_run.policy import Policy
from domain.installation.events import InstallationDriftFound, InstallationVerified
from tests.commands.world import NAME
from tests.kit.providing import bundle_of, intent_for
from tests.workers.attempts import ONCE
from tests.workers.installing import only
from tests.workers.sandbox_installing import KINDS, SandboxInstalling, installing_at

pytestmark = pytest.mark.anyio


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
async def installing(request: pytest.FixtureRequest, anyio_backend: str) -> AsyncIterator[SandboxInstalling]:
    async with installing_at(request.param) as installing:
        yield installing


async def test_what_is_live_is_asked_about_and_not_created_again(installing: SandboxInstalling) -> None:
    first, second = [only(await installing.install(), ProviderSucceeded) for _ in range(2)]
    assert (second.receipt, second.adopted) == (first.receipt, True)
    assert await installing.writes() == 1
    assert isinstance(await installing.verify(), InstallationVerified)


async def test_what_was_removed_by_hand_is_drift_and_the_next_install_mends_it(installing: SandboxInstalling) -> None:
    receipt = only(await installing.install(), ProviderSucceeded).receipt
    assert receipt is not None
    async with installing.by_hand() as adapter:
        await adapter.uninstall(receipt)
    assert await installing.verify() == InstallationDriftFound(run_id=await installing.live_run(), drift="missing")
    assert not only(await installing.install(), ProviderSucceeded).adopted
    assert len(await installing.there()) == 1
    assert isinstance(await installing.verify(), InstallationVerified)


async def test_what_was_replaced_by_hand_is_drift_and_the_next_install_mends_it(installing: SandboxInstalling) -> None:
    receipt = only(await installing.install(), ProviderSucceeded).receipt
    assert receipt is not None
    stranger = bundle_of("a person's", NAME)
    async with installing.by_hand() as adapter:
        await adapter.install(stranger, intent_for(stranger, previous=receipt))
    assert isinstance(await installing.verify(), InstallationDriftFound)
    only(await installing.install(), ProviderSucceeded)
    assert isinstance(await installing.verify(), InstallationVerified)


async def test_versions_follow_each_other_and_go_back(installing: SandboxInstalling) -> None:
    await installing.install("one")
    await installing.install("two")
    await installing.install(ref="1")
    assert len(await installing.there()) == 1
    assert isinstance(await installing.verify(), InstallationVerified)
    assert await installing.live_version() == 1


async def test_what_is_uninstalled_is_gone_and_can_be_installed_again(installing: SandboxInstalling) -> None:
    await installing.install("one")
    await installing.install("two")
    only(await installing.remove(), ProviderSucceeded)
    assert await installing.there() == []
    with pytest.raises(InstallationNotFound):
        await installing.remove()
    only(await installing.install(), ProviderSucceeded)
    assert len(await installing.there()) == 1


async def test_what_is_gone_already_can_be_uninstalled(installing: SandboxInstalling) -> None:
    receipt = only(await installing.install(), ProviderSucceeded).receipt
    assert receipt is not None
    async with installing.by_hand() as adapter:
        await adapter.uninstall(receipt)
    only(await installing.remove(), ProviderSucceeded)


async def test_a_removal_that_failed_leaves_what_is_live(installing: SandboxInstalling) -> None:
    await installing.install()
    await installing.fault("status", "delete_skill", status=503)
    assert only(await installing.remove(policy=ONCE), ProviderFailed).code is Code.PROVIDER_OVERLOADED
    assert len(await installing.there()) == 1
    assert isinstance(await installing.verify(), InstallationVerified)
    only(await installing.remove(), ProviderSucceeded)
    assert await installing.there() == []


async def test_a_create_whose_answer_was_lost_is_found_and_adopted(installing: SandboxInstalling) -> None:
    await installing.fault("drop_after")
    assert only(await installing.install(policy=ONCE), ProviderFailed).ambiguous
    assert len(await installing.there()) == 1
    assert only(await installing.install(), ProviderSucceeded).adopted
    assert (len(await installing.there()), await installing.writes()) == (1, 1)
    assert isinstance(await installing.verify(), InstallationVerified)


async def test_a_create_that_is_carried_out_late_does_not_stay_beside_the_next(installing: SandboxInstalling) -> None:
    """The first is given up and carried out while the second is under way, after that one has looked for it."""
    await installing.fault("hang", delaySeconds=1.5)
    await installing.fault("hang", delaySeconds=1.0)
    lost = only(await installing.install(policy=Policy(attempt_timeout_seconds=1, attempts_max=1)), ProviderFailed)
    assert (lost.code, lost.ambiguous) == (Code.PROVIDER_TIMEOUT, True)
    assert await installing.there() == []
    only(await installing.install(), ProviderSucceeded)
    assert await installing.writes() == 2
    assert len(await installing.there()) == 1
    assert isinstance(await installing.verify(), InstallationVerified)


async def test_an_upgrade_whose_answer_was_lost_does_not_stay_beside_the_one_after(
    installing: SandboxInstalling,
) -> None:
    await installing.install("one")
    await installing.fault("drop_after", installing.kind.upgrade)
    assert only(await installing.install("two", policy=ONCE), ProviderFailed).ambiguous
    only(await installing.install("three"), ProviderSucceeded)
    (there,) = await installing.there()
    assert len(there["versions"]) == installing.kind.versions_kept
    assert isinstance(await installing.verify(), InstallationVerified)
    only(await installing.remove(), ProviderSucceeded)
    assert await installing.there() == []


async def test_two_versions_in_a_row_end_with_the_one_asked_for_last(installing: SandboxInstalling) -> None:
    first = await installing.queue(installing.kind.name)
    await installing.world.register("two")
    second = await installing.queue(installing.kind.name)
    await installing.work(first, second)
    assert len(await installing.there()) == 1
    assert await installing.live_version() == 2
    assert isinstance(await installing.verify(), InstallationVerified)
