from typing import Any
from uuid import UUID

import pytest

from domain.errors import BadRequest, CredentialRefused, ProviderNotFound
from domain.provider.events import CredentialRef, ProviderReconfigured
from domain.provider.state import provider_stream
from tests.commands.connections import AWAY, OPENAI_ID, OTHER_KEY, REFUSED, Connections, in_use
from tests.commands.world import BASE_URL
from tests.kit.memory_provider import KEY

pytestmark = pytest.mark.anyio

ELSEWHERE = "https://elsewhere.example/v1"


@pytest.mark.parametrize("provider", ["openai", str(OPENAI_ID)])
async def test_places_alone_change_without_asking_anybody(provider: str) -> None:
    world = await in_use(organization="org-1")
    head = await world.store.head()
    assert await world.change(provider, concurrency_max=9) == OPENAI_ID
    assert (await world.events())[head:] == [
        ProviderReconfigured(base_url=BASE_URL, organization="org-1", concurrency_max=9)
    ]
    assert world.told.asked == []


@pytest.mark.parametrize(
    "same",
    [{"concurrency_max": 4}, {"base_url": f"{BASE_URL}/"}, {"organization": None}, {"active": False, "project": None}],
)
async def test_what_is_so_already_is_not_said_again(same: dict[str, Any]) -> None:
    world = await in_use()
    if "active" in same:
        await world.change(active=False)
    head = await world.store.head()
    await world.change(**same)
    assert await world.store.head() == head
    assert world.told.asked == []


@pytest.mark.parametrize(
    "change", [{"organization": "org-2"}, {"project": "proj-2"}, {"base_agent": "agent-2"}, {"organization": None}]
)
async def test_what_a_provider_can_refuse_is_verified_at_once(change: dict[str, Any]) -> None:
    world = await in_use(organization="org-1")
    head = await world.store.head()
    await world.change(**change)
    assert await world.said_since(head) == ["ProviderReconfigured", "ProviderVerified"]
    ((name, value),) = change.items()
    assert getattr(world.told.asked[0], name) == value
    assert (await world.state()).active


@pytest.mark.parametrize("failure", [REFUSED, AWAY])
async def test_a_change_that_cannot_be_verified_takes_it_out_of_use(failure: Any) -> None:
    world = await in_use()
    head = await world.store.head()
    world.told.failure = failure
    await world.change(project="proj-2")
    assert await world.said_since(head) == ["ProviderReconfigured", "ProviderVerificationFailed", "ProviderDeactivated"]
    assert (await world.state()).project == "proj-2"


async def test_a_new_secret_is_sealed_beside_the_event_and_used_from_then_on() -> None:
    world = await in_use()
    await world.change(credential=f" {OTHER_KEY}\n")
    assert not (await world.state()).active
    await world.change(credential=KEY)
    assert (await world.state()).active
    first, second, third = world.store.rows["credentials"]
    assert {type(row["id"]) for row in (first, second, third)} == {UUID}
    assert (await world.state()).credential == CredentialRef(source="stored", name=str(third["id"]))
    assert await world.key_of() == KEY
    assert await world.vault.open(CredentialRef(source="stored", name=str(second["id"]))) == OTHER_KEY


async def test_a_reference_that_is_given_again_is_followed_again() -> None:
    world = await in_use()
    await world.change(credential="env:WAYBILL_CREDENTIAL_GOOD")
    head = await world.store.head()
    await world.change(credential="env:WAYBILL_CREDENTIAL_GOOD")
    assert await world.said_since(head) == ["ProviderCredentialChanged", "ProviderVerified"]
    assert len(world.store.rows["credentials"]) == 1


async def test_another_address_needs_the_credential_again() -> None:
    world = await in_use()
    head = await world.store.head()
    with pytest.raises(BadRequest) as caught:
        await world.change(base_url=ELSEWHERE)
    assert [problem.pointer for problem in caught.value.problems] == ["/credential"]
    assert (await world.store.head(), world.told.asked) == (head, [])
    await world.change(base_url=ELSEWHERE, credential=KEY)
    assert (await world.state()).base_url == ELSEWHERE
    assert [asked.base_url for asked in world.told.asked] == [ELSEWHERE]


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"credential": "env:PATH"}, CredentialRefused),
        ({"credential": ""}, CredentialRefused),
        ({"base_url": "http://provider.example", "credential": KEY}, BadRequest),
        ({"provider": "nobody", "credential": KEY}, ProviderNotFound),
    ],
)
async def test_what_cannot_be_used_leaves_no_trace(wrong: dict[str, str], refusal: type[Exception]) -> None:
    world = await in_use()
    before = await world.store.head(), len(world.store.rows["credentials"])
    with pytest.raises(refusal):
        await world.change(**wrong)
    assert (await world.store.head(), len(world.store.rows["credentials"])) == before


async def test_a_person_puts_a_connection_away_without_asking_anybody() -> None:
    world = await in_use()
    head = await world.store.head()
    await world.change(active=False)
    assert await world.said_since(head) == ["ProviderDeactivated"]
    assert world.told.asked == []


async def test_settings_of_what_is_put_away_are_verified_and_it_stays_away() -> None:
    world = await in_use()
    head = await world.store.head()
    await world.change(active=False, project="proj-2")
    assert await world.said_since(head) == ["ProviderReconfigured", "ProviderDeactivated", "ProviderVerified"]
    await world.change(credential=KEY)
    assert not (await world.state()).active


async def test_it_comes_back_when_a_person_asks_for_it_and_it_answers() -> None:
    world = await in_use()
    await world.change(active=False)
    world.told.failure = AWAY
    await world.change(active=True)
    assert not (await world.state()).active
    world.told.failure = None
    await world.change(active=True)
    state = await world.state()
    assert (state.active, state.shelved) == (True, False)
    assert len(world.told.asked) == 2


async def test_who_puts_it_away_while_it_is_asked_has_the_last_word() -> None:
    world = await in_use()
    world.told.failure = REFUSED
    await world.verify()
    world.told.failure = None
    world.told.meanwhile.append(lambda: world.another_process().change(active=False))
    await world.change(active=True)
    assert not (await world.state()).active


async def test_a_change_and_a_wish_to_use_it_go_together() -> None:
    world = Connections()
    await world.connect(credential=OTHER_KEY)
    await world.change(active=False)
    await world.change(active=True, credential=KEY)
    assert (await world.state()).active


async def test_of_two_who_change_it_at_once_neither_undoes_the_other() -> None:
    """Each says what shall be different, not how everything shall be."""
    world = await in_use()
    world.told.meanwhile.append(lambda: world.another_process().change(concurrency_max=9))
    await world.change(project="proj-2")
    state = await world.state()
    assert (state.project, state.concurrency_max) == ("proj-2", 9)


async def test_connections_of_one_kind_are_separate() -> None:
    world = await in_use(project="proj-1")
    await world.connect("openai-eu", credential=KEY, project="proj-eu")
    await world.change("openai-eu", credential=OTHER_KEY)
    eu = provider_stream("openai-eu")
    assert [(await world.state(stream)).active for stream in (OPENAI_ID, eu)] == [True, False]
    assert [await world.key_of(stream) for stream in (OPENAI_ID, eu)] == [KEY, OTHER_KEY]
