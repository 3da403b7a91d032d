"""`nats.conf` is what it says at its top: a server that anybody starts by hand, with the passwords of `waybill nats-env`."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.embedded.nats import find_binary
from adapters.nats.connection import connect
from tests.kit.waiting import wait_until
from workers.nats_settings import USERS, password_variable, read_passwords, url_for
from workers.settings import shared_folder, unsettled_environment

pytestmark = pytest.mark.timeout(60)

COMMAND = (sys.executable, "-P", "-m", "workers.cli", "nats-env")
CONFIG = shared_folder() / "nats.conf"
ENVIRONMENT = unsettled_environment(os.environ) | {"PYTHONPATH": str(CONFIG.parent)}
SHELL = 'set -a; . ./nats.env; set +a; exec "$0" -c "$1" --ports_file_dir .'
SECONDS_MAX = 20.0
# Who is not let in by then is told no every time.
REFUSED_SECONDS = 0.7


def nats_env(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, "nats.env"], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("server")
    made = nats_env(folder)
    assert (made.returncode, made.stdout) == (0, "nats.env\n"), made.stderr
    assert str(CONFIG) in made.stderr.replace("\n", "")
    return folder


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    """As the comment has it: the passwords from the file, and an address and a folder."""
    environment = {"WAYBILL_NATS_LISTEN": "127.0.0.1:-1", "WAYBILL_NATS_STORE": "store", "PATH": os.defpath}
    log = (folder / "server.log").open("w")
    command = ["/bin/sh", "-c", SHELL, str(find_binary()), str(CONFIG)]
    with log, subprocess.Popen(command, cwd=folder, env=environment, stderr=log) as server:
        try:
            wait_until(lambda: bool(list(folder.glob("*.ports"))), SECONDS_MAX)
            yield json.loads(next(folder.glob("*.ports")).read_text())["nats"][0]
        finally:
            server.terminate()


@pytest.mark.anyio
async def test_every_user_gets_in_with_its_own_password_and_nobody_without(folder: Path, url: str) -> None:
    lines = (folder / "nats.env").read_text().splitlines()
    passwords = read_passwords(dict(line.split("=", 1) for line in lines))
    assert list(passwords) == list(USERS)
    for user, password in passwords.items():
        assert await gets_in(url_for(url, user, password), timeout_seconds=SECONDS_MAX)
    for stranger in (url, url_for(url, "relay", passwords["subscriber"])):
        assert not await gets_in(stranger, timeout_seconds=REFUSED_SECONDS)


async def gets_in(url: str, *, timeout_seconds: float) -> bool:
    connection = await connect(url, name="test", timeout_seconds=timeout_seconds)
    try:
        return connection.connected
    finally:
        await connection.close()


def test_passwords_that_are_there_are_not_made_anew(folder: Path) -> None:
    before = (folder / "nats.env").read_text()
    again = nats_env(folder)
    assert (again.returncode, again.stdout) == (2, "")
    assert "nats.env is there already" in again.stderr
    assert (folder / "nats.env").read_text() == before


@pytest.mark.parametrize("user", USERS)
def test_a_password_that_is_missing_keeps_the_server_from_starting(folder: Path, user: str) -> None:
    lines = [line for line in (folder / "nats.env").read_text().splitlines() if f"_{user.upper()}_" not in line]
    environment = dict(line.split("=", 1) for line in lines)
    environment |= {"WAYBILL_NATS_LISTEN": "127.0.0.1:-1", "WAYBILL_NATS_STORE": "other-store"}
    command = [str(find_binary()), "-c", str(CONFIG), "-t"]
    checked = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert checked.returncode != 0
    assert password_variable(user) in checked.stderr + checked.stdout  # type: ignore[arg-type]  # parametrized
