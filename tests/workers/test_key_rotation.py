"""A rotation of keys: everything can be opened before, during and after it, also after a crash between any two steps."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psycopg
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from adapters.postgres import resealing
from adapters.postgres.resealing import RotationUnderWayError, stored_credentials
from domain.errors import CredentialRefused, StoreOffline
from tests.workers.rotating import connections, data_folder, ids, keys_of, process
from workers.cli import waybill
from workers.key_rotation import Rotation, rotate
from workers.settings import Settings, SettingsError, new_secret_key, secret_file

pytestmark = pytest.mark.anyio

SECRETS: Final = ("sk-one", "sk-two", "sk-three")
STEPS: Final = ("Writing", "Sealing", "Waiting", "Removing")
DIE_AT: Final = """
import os, signal, sys
from pathlib import Path
from workers.key_rotation import rotate
from workers.settings import Settings

def die(step):
    if step.startswith(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)

rotate(Settings(data=Path(sys.argv[1]), postgres_url=sys.argv[2]), tell=die, settled_seconds=0)
"""


@pytest.fixture
def settings(tmp_path: Path, database: str) -> Settings:
    return data_folder(tmp_path, database)


def say_nothing(_: str) -> None: ...


def rotated(settings: Settings, tell: Callable[[str], None] = say_nothing) -> Rotation:
    return rotate(settings, tell=tell, settled_seconds=0)


async def opened(settings: Settings) -> list[str]:
    """By a process that starts now."""
    async with process(settings) as fresh:
        return sorted([await fresh.open(credential_id) for credential_id in ids(settings)])


async def test_everything_is_sealed_with_a_new_key_and_the_former_one_is_gone(settings: Settings) -> None:
    (former,) = keys_of(settings)
    async with process(settings) as old:
        for secret in SECRETS:
            old.store(old.seal(secret))
    assert rotated(settings) == Rotation(reencrypted=3, unreadable=0, deleted=0, former_key_removed=True)
    (newest,) = keys_of(settings)
    assert newest != former
    assert stat.S_IMODE(secret_file(settings).stat().st_mode) == 0o600
    assert [path.name for path in settings.data.iterdir()] == ["secret.key"]
    assert await opened(settings) == sorted(SECRETS)
    secret_file(settings).write_text(former)
    with pytest.raises(CredentialRefused, match="another key"):
        await opened(settings)


async def test_a_process_that_runs_meanwhile_notices_nothing(settings: Settings) -> None:
    """At every step it opens what there is, and seals what can be opened ever after."""
    async with process(settings) as old, process(settings) as idle:
        first = old.store(old.seal("sk-one"))
        stored = [first]
        under_way = [old.seal("sk-under-way")]
        steps: list[str] = []

        def step(doing: str) -> None:
            steps.append(doing.split(maxsplit=1)[0])
            stored.append(old.store(old.seal(f"sk-{len(steps)}")))
            if doing.startswith("Waiting"):
                stored.append(old.store(under_way.pop()))

        assert rotated(settings, step).reencrypted == 3
        assert steps == list(STEPS)
        assert len(keys_of(settings)) == 1
        for one in (old, idle):
            assert sorted([await one.open(credential_id) for credential_id in stored]) == await opened(settings)
        old.store(old.seal("sk-later"))
        assert "sk-later" in await opened(settings)


@pytest.mark.parametrize("step", STEPS)
async def test_after_a_crash_it_is_run_again_and_nothing_is_lost(settings: Settings, step: str) -> None:
    async with process(settings) as old:
        for secret in SECRETS:
            old.store(old.seal(secret))
        command = [sys.executable, "-c", DIE_AT, str(settings.data), str(settings.postgres_url), step]
        died = await asyncio.to_thread(subprocess.run, command, check=False, timeout=60)
        assert died.returncode == -signal.SIGKILL
        assert await opened(settings) == sorted(SECRETS)
        left = keys_of(settings)
        rotated(settings)
        assert len(keys_of(settings)) == 1
        assert step == "Writing" or keys_of(settings)[0] == left[0], "it goes on with the key that it had made"
        assert await opened(settings) == sorted(SECRETS)
        assert sorted([await old.open(credential_id) for credential_id in ids(settings)]) == sorted(SECRETS)


async def test_it_goes_through_everything_in_batches(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resealing, "BATCH_ROWS_MAX", 2)
    async with process(settings) as old:
        for number in range(5):
            old.store(old.seal(f"sk-{number}"))
    assert rotated(settings).reencrypted == 5
    assert len(await opened(settings)) == 5


async def test_what_is_sealed_with_the_newest_key_already_is_left_as_it_is(settings: Settings) -> None:
    async with process(settings) as old:
        old.store(old.seal("sk-one"))
        rotated(settings)
        secret_file(settings).write_text(",".join([*keys_of(settings), new_secret_key()]))
        assert rotated(settings).reencrypted == 0


async def test_the_former_key_stays_until_what_is_under_way_has_arrived(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("workers.key_rotation.time.sleep", waits.append)
    rotate(settings, tell=say_nothing)
    assert 25 < waits[0] <= 30


async def test_with_given_keys_it_only_seals_anew(settings: Settings) -> None:
    async with process(settings) as old:
        old.store(old.seal("sk-one"))
    (former,) = keys_of(settings)
    newest = new_secret_key()
    given = replace(settings, secret_key=f"{newest}, {former}")
    async with process(given) as running:
        done = Rotation(reencrypted=1, unreadable=0, deleted=0, former_key_removed=False)
        assert rotated(given) == done
        assert rotated(given) == replace(done, reencrypted=0)
        assert [await running.open(credential_id) for credential_id in ids(settings)] == ["sk-one"]
    assert await opened(replace(settings, secret_key=newest)) == ["sk-one"]
    assert keys_of(settings) == [former]


async def test_one_given_key_is_nothing_to_rotate(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="holds one key"):
        rotated(replace(settings, secret_key=new_secret_key()))


async def test_a_key_that_opens_nothing_is_not_rotated(settings: Settings) -> None:
    """As when the servers are given WAYBILL_SECRET_KEY, and this command is not."""
    async with process(replace(settings, secret_key=new_secret_key())) as elsewhere:
        elsewhere.store(elsewhere.seal("sk-one"))
    before = keys_of(settings)
    with pytest.raises(SettingsError, match="Nothing was changed"):
        rotated(settings)
    assert keys_of(settings) == before
    with pytest.raises(SettingsError, match="WAYBILL_SECRET_KEY"):
        rotated(replace(settings, data=settings.data / "elsewhere"))
    assert not (settings.data / "elsewhere").exists()


async def test_what_no_key_opens_is_told_and_left_alone(settings: Settings) -> None:
    async with process(replace(settings, secret_key=new_secret_key())) as elsewhere, process(settings) as here:
        lost = elsewhere.store(elsewhere.seal("sk-lost"))
        here.store(here.seal("sk-one"))
        done = rotated(settings)
        assert (done.reencrypted, done.unreadable) == (1, 1)
        assert await elsewhere.open(lost) == "sk-lost"


@pytest.mark.parametrize("text", ["", "no key"])
async def test_a_damaged_file_is_said_to_be_that(settings: Settings, text: str) -> None:
    secret_file(settings).write_text(text)
    with pytest.raises(SettingsError, match=r"secret\.key cannot be used"):
        rotated(settings)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
async def test_the_file_stays_that_of_the_user_who_runs_the_servers(settings: Settings) -> None:
    os.chown(secret_file(settings), 65534, 65534)
    rotated(settings)
    assert (secret_file(settings).stat().st_uid, secret_file(settings).stat().st_gid) == (65534, 65534)


async def test_one_rotation_at_a_time(settings: Settings) -> None:
    before = keys_of(settings)
    with stored_credentials(str(settings.postgres_url)), pytest.raises(RotationUnderWayError):
        rotated(settings)
    assert keys_of(settings) == before


async def test_without_a_database_nothing_is_changed(settings: Settings) -> None:
    before = keys_of(settings)
    with pytest.raises(StoreOffline):
        rotated(replace(settings, postgres_url="postgresql://waybill@127.0.0.1:1/waybill"))
    assert keys_of(settings) == before


async def test_what_no_connection_has_any_more_is_deleted_after_a_while(settings: Settings) -> None:
    async with process(settings) as old, connections(settings, old.vault) as world:
        first = await world.connect("kept", "sk-kept")
        kept = {first}
        await world.connect("replaced", "sk-former")
        kept.add(await world.change("replaced", "sk-later"))
        await world.connect("referred", "sk-referred")
        assert await world.change("referred", "env:WAYBILL_CREDENTIAL_A") is None
        await world.connect("a-file-of-that-name", f"file:{first}")
        kept.add(await world.change("a-file-of-that-name", "sk-given"))
        recent = await world.connect("recent", "sk-recent")
        world.ago /= 4
        kept |= {recent, await world.change("recent", "sk-newest")}
        assert rotated(settings).deleted == 2
        assert ids(settings) == kept


async def test_the_command_says_what_it_did(settings: Settings) -> None:
    async with process(settings) as old:
        old.store(old.seal("sk-one"))
    secret_file(settings).write_text(f"{new_secret_key()},{keys_of(settings)[0]}")
    environment = {"WAYBILL_POSTGRES_URL": settings.postgres_url, "WAYBILL_SECRET_KEY": ",".join(keys_of(settings))}
    arguments = ["credentials", "rotate", "--data", str(settings.data)]
    told = CliRunner().invoke(waybill, arguments, env=environment)
    assert (told.exit_code, "1 credential encrypted" in told.stdout) == (0, True), told.output
    assert "destroy" in told.stdout
    again = CliRunner().invoke(waybill, [*arguments, "--json"], env=environment)
    assert json.loads(again.stdout) == {
        "reencrypted": 0,
        "unreadable": 0,
        "deleted": 0,
        "formerKeyRemoved": False,
    }
    assert not any(key in told.output + again.output for key in keys_of(settings))


@pytest.mark.parametrize(
    ("change", "code", "exit_code"),
    [
        ({"WAYBILL_SECRET_KEY": new_secret_key()}, "bad_request:credentials", 2),
        ({"WAYBILL_POSTGRES_URL": "postgresql://waybill@127.0.0.1:1/waybill"}, "offline:database", 8),
    ],
)
async def test_the_command_ends_with_a_problem(
    settings: Settings, change: dict[str, str], code: str, exit_code: int
) -> None:
    environment = {"WAYBILL_POSTGRES_URL": settings.postgres_url, "WAYBILL_SECRET_KEY": ""} | change
    ended = CliRunner().invoke(
        waybill, ["credentials", "rotate", "--data", str(settings.data), "--json"], env=environment
    )
    assert (ended.exit_code, json.loads(ended.stdout)["code"]) == (exit_code, code), ended.output


async def test_a_second_rotation_is_told_to_wait(settings: Settings) -> None:
    environment = {"WAYBILL_POSTGRES_URL": settings.postgres_url, "WAYBILL_SECRET_KEY": ""}
    with stored_credentials(str(settings.postgres_url)):
        ended = CliRunner().invoke(waybill, ["credentials", "rotate", "--data", str(settings.data)], env=environment)
    assert (ended.exit_code, "Another rotation" in ended.stderr) == (2, True)
    with psycopg.connect(str(settings.postgres_url)) as connection:
        assert connection.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'").fetchall() == []
