import asyncio
from uuid import UUID

import msgspec
import pytest

from commands.connect_provider import ProviderConnection
from domain.errors import BadRequest, Code, CredentialRefused, ProviderNameTaken
from domain.provider.events import (
    CredentialRef,
    ProviderActivated,
    ProviderConnected,
    ProviderVerificationFailed,
    ProviderVerified,
)
from domain.provider.state import provider_stream
from tests.commands.world import BASE_URL, World, names
from tests.kit.memory_provider import KEY

pytestmark = pytest.mark.anyio

OPENAI_ID = provider_stream("openai")
WRONG_KEY = "sk-wrong-0123456789"


async def credential_of(world: World) -> CredentialRef:
    connected = (await world.events(OPENAI_ID))[0]
    assert isinstance(connected, ProviderConnected)
    return connected.credential


async def test_a_connection_that_answers_is_active(empty: World) -> None:
    await empty.register()
    connection = await empty.connect(organization="org-1", project="proj-1", concurrency_max=7)
    assert connection == ProviderConnection(provider_id=OPENAI_ID, position=5)
    credential = await credential_of(empty)
    assert await empty.events(OPENAI_ID) == [
        ProviderConnected(
            name="openai",
            kind="openai",
            base_url=BASE_URL,
            credential=credential,
            organization="org-1",
            project="proj-1",
            concurrency_max=7,
        ),
        ProviderVerified(),
        ProviderActivated(),
    ]


async def test_a_connection_that_is_refused_is_kept_inactive_with_the_reason(empty: World) -> None:
    connection = await empty.connect(credential=WRONG_KEY)
    assert connection == ProviderConnection(provider_id=OPENAI_ID, position=2)
    assert (await empty.events(OPENAI_ID))[1:] == [
        ProviderVerificationFailed(code=Code.PROVIDER_UNAUTHORIZED, message="Incorrect API key provided.")
    ]


async def test_a_reference_that_leads_nowhere_is_a_reason_too(empty: World) -> None:
    await empty.connect(credential="env:WAYBILL_CREDENTIAL_MISSING")
    _, failed = await empty.events(OPENAI_ID)
    assert isinstance(failed, ProviderVerificationFailed)
    assert failed.code is Code.PROVIDER_MISCONFIGURED
    assert "WAYBILL_CREDENTIAL_MISSING" in failed.message


@pytest.mark.parametrize("credential", [KEY, WRONG_KEY])
async def test_an_adapter_is_given_back(empty: World, credential: str) -> None:
    await empty.connect(credential=credential)
    assert empty.gateway.open_count == 0


async def test_a_reference_is_kept_as_it_is_and_nothing_is_sealed(empty: World) -> None:
    await empty.connect(credential="env:WAYBILL_CREDENTIAL_GOOD")
    assert await credential_of(empty) == CredentialRef(source="env", name="WAYBILL_CREDENTIAL_GOOD")
    assert names(await empty.events(OPENAI_ID))[-1] == "ProviderActivated"
    assert empty.store.rows == {}


async def test_a_secret_is_sealed_beside_the_event_that_names_it(empty: World) -> None:
    await empty.connect(credential=f"  {KEY}\n")
    credential = await credential_of(empty)
    (row,) = empty.store.rows["credentials"]
    assert credential == CredentialRef(source="stored", name=str(row["id"]))
    assert isinstance(row["id"], UUID)
    assert await empty.vault.open(credential) == KEY


@pytest.mark.parametrize("credential", [KEY, WRONG_KEY, f" {KEY} "])
async def test_a_secret_is_in_no_event_and_not_in_the_clear_in_any_row(empty: World, credential: str) -> None:
    await empty.connect(credential=credential)
    secret = credential.strip()
    recorded = await empty.store.read(after=0, limit=100)
    assert recorded
    for written in (msgspec.json.encode(recorded).decode(), str(empty.store.rows)):
        assert secret not in written
        assert secret[-8:] not in written


async def test_a_name_that_is_taken_is_refused_and_changes_nothing(empty: World) -> None:
    await empty.connect()
    before = await empty.store.head()
    for world in (empty, empty.another_process()):
        with pytest.raises(ProviderNameTaken):
            await world.connect(credential="sk-another-secret")
    assert await empty.store.head() == before
    assert len(empty.store.rows["credentials"]) == 1


async def test_of_two_who_want_one_name_at_once_one_gets_it(empty: World) -> None:
    outcomes = await asyncio.gather(
        empty.connect(), empty.connect(), empty.another_process().connect(), return_exceptions=True
    )
    assert sum(isinstance(outcome, ProviderConnection) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, ProviderNameTaken) for outcome in outcomes) == 2
    assert names(await empty.events()) == ["ProviderConnected", "ProviderVerified", "ProviderActivated"]


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"credential": "env:PATH"}, CredentialRefused),
        ({"credential": ""}, CredentialRefused),
        ({"base_url": "http://provider.example"}, BadRequest),
    ],
)
async def test_what_cannot_be_used_leaves_no_trace(
    empty: World, wrong: dict[str, str], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await empty.connect(**wrong)
    assert (await empty.store.head(), empty.store.rows) == (0, {})
