"""What is said in a store that was set back, and what its providers say when it is compared with them."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from cryptography.fernet import Fernet

from adapters.postgres.event_log import PostgresEventLog
from commands.change_provider import ChangeProvider
from commands.connect_provider import ConnectProvider
from domain.events import Event
from domain.installation.events import InstallationChanged, InstallationReserved, Receipt
from domain.installation.state import installation_stream
from domain.ports import Append, NewEvent
from domain.store.events import StoreChecked, StoreRestored
from domain.store.state import STORE_STREAM
from tests.kit.facts import NOON, append, context
from workers.comparing import compare_if_restored
from workers.recovering import recover
from workers.settings import Settings
from workers.wiring import WriteSide, write_side

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    key = Fernet.generate_key().decode()
    return Settings(data=tmp_path, postgres_url=database, secret_key=key, noop_providers=True)


@pytest.fixture
async def write(settings: Settings) -> AsyncIterator[WriteSide]:
    async with write_side(settings, part="test") as write:
        yield write


@pytest.fixture
async def log(database: str) -> AsyncIterator[PostgresEventLog]:
    log = PostgresEventLog(database, name="test")
    yield log
    await log.close()


async def installed_at(write: WriteSide, name: str) -> UUID:
    """The connection, with one skill that is live there."""
    connect = ConnectProvider(kind="noop", name=name, credential="noop", base_url="http://127.0.0.1")
    provider_id = (await write.commands.connect_provider(connect, context())).provider_id
    run_id, skill_id = uuid4(), uuid4()
    stream = installation_stream(skill_id, provider_id)
    receipt = Receipt(remote_id="noop", remote_version="1")
    events: tuple[Event, ...] = (
        InstallationReserved(run_id=run_id, skill_id=skill_id, provider_id=provider_id, version=1),
        InstallationChanged(
            run_id=run_id, skill_id=skill_id, provider_id=provider_id, version=1, digest="sha256:0", receipt=receipt
        ),
    )
    new = tuple(NewEvent(id=uuid4(), stream=stream, event=event) for event in events)
    await write.store.append(Append(expected={stream: 0}, events=new, context=context(), at=NOON))
    return provider_id


async def said(log: PostgresEventLog) -> list[Event]:
    return [recorded.event for recorded in await log.read_stream(STORE_STREAM)]


async def test_a_person_says_so_and_the_store_has_another_epoch(
    settings: Settings, write: WriteSide, log: PostgresEventLog
) -> None:
    await write.store.append(append(uuid4()))
    epoch = await log.epoch()
    assert await recover(settings) == NOON
    assert await said(log) == [StoreRestored(since=NOON)]
    assert await log.epoch() != epoch


async def test_without_a_restore_nobody_is_asked(settings: Settings, write: WriteSide, log: PostgresEventLog) -> None:
    await installed_at(write, "in-use")
    head = await log.head()
    await compare_if_restored(settings, log, by="test")
    assert await log.head() == head


async def test_every_installation_is_compared_once_after_a_restore(
    settings: Settings, write: WriteSide, log: PostgresEventLog
) -> None:
    await installed_at(write, "in-use")
    shelved = await installed_at(write, "shelved")
    await write.commands.change_provider(ChangeProvider(provider=str(shelved), active=False), context())
    await recover(settings)
    await compare_if_restored(settings, log, by="test")
    restored, checked = await said(log)
    assert isinstance(restored, StoreRestored)
    assert isinstance(checked, StoreChecked)
    assert (checked.installations, checked.unknown) == (2, 1)
    head = await log.head()
    await compare_if_restored(settings, log, by="test")
    assert await log.head() == head
