import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from adapters.embedded import server_process
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.postgres_binaries import shared_binaries
from adapters.embedded.server_process import EmbeddedServerError, FolderInUseError, running_url
from tests.adapters.embedded.orphans import start_and_die
from tests.kit.waiting import wait_until

START_IN_A_THREAD = """
from threading import Thread
from adapters.embedded.postgres import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
starter = Thread(target=server.start)
starter.start()
starter.join()
"""


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "postgres")
    yield server
    server.stop("immediate")


def ask(url: str, query: str) -> object:
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute(query).fetchone()
    return row and row[0]


def write_a_row(url: str) -> None:
    with psycopg.connect(url, connect_timeout=5) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")


def test_it_is_the_postgres_we_want(postgres: EmbeddedPostgres) -> None:
    url = postgres.start()
    assert postgres.url == url
    assert ask(url, "SELECT current_setting('server_version_num')::int / 10000") == 18
    assert ask(url, "SELECT current_database()") == "waybill"
    assert (
        ask(url, "SELECT pg_encoding_to_char(encoding) || datlocale FROM pg_database WHERE datname = 'waybill'")
        == "UTF8C.UTF-8"
    )
    wanted = {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "max_connections": "100",
        "wal_level": "replica",
        "TimeZone": "UTC",
    }
    assert {name: ask(url, f"SHOW {name}") for name in wanted} == wanted


def test_data_survives_a_stop(postgres: EmbeddedPostgres) -> None:
    write_a_row(postgres.start())
    postgres.stop()
    assert postgres.url == ""
    assert ask(postgres.start(), "SELECT answer FROM kept") == 42


def test_data_survives_a_crash(postgres: EmbeddedPostgres) -> None:
    write_a_row(postgres.start())
    postgres.stop("immediate")
    assert ask(postgres.start(), "SELECT answer FROM kept") == 42
    assert "database system was not properly shut down" in postgres.log.read_text()


def test_a_stop_does_not_wait_for_clients(postgres: EmbeddedPostgres) -> None:
    with psycopg.connect(postgres.start()) as connection:
        connection.execute("SELECT 1")
        postgres.stop()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
        connection.close()


def test_a_folder_has_one_owner(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    url = postgres.start()
    second = EmbeddedPostgres(tmp_path / "postgres")
    with pytest.raises(FolderInUseError, match=rf"another `waybill up` holds {tmp_path}.*\(process {os.getpid()}\)"):
        second.start()
    second.stop()
    assert ask(url, "SELECT 1") == 1


def test_other_processes_find_it(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    assert running_url(folder) is None
    url = postgres.start()
    assert running_url(folder) == url
    postgres.stop()
    assert running_url(folder) is None


@pytest.mark.parametrize("name", ["long" * 40, "빈 칸, comma"], ids=["long", "unusual"])
def test_any_folder_will_do(tmp_path: Path, name: str) -> None:
    postgres = EmbeddedPostgres(tmp_path / name / "postgres")
    try:
        url = postgres.start()
        socket_folder = Path(url.partition("host=")[2])
        assert not socket_folder.is_relative_to(tmp_path)
        assert ask(url, "SELECT 1") == 1
    finally:
        postgres.stop()
    assert not socket_folder.parent.exists()


def test_the_folders_parents_keep_their_permissions(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    postgres = EmbeddedPostgres(closed / "data" / "postgres")
    try:
        postgres.start()
        assert closed.stat().st_mode & 0o777 == 0o700
        assert (closed / "data" / "postgres").stat().st_mode & 0o777 == 0o700
    finally:
        postgres.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try it as somebody else")
def test_nobody_else_can_connect(postgres: EmbeddedPostgres) -> None:
    url = postgres.start()
    assert psutil.Process(postgres.pid).username() == "nobody"
    psql = [str(shared_binaries() / "psql"), url, "-c", "SELECT 1"]
    refused = subprocess.run(psql, user="nobody", group="nogroup", cwd="/", capture_output=True, check=False, text=True)
    assert refused.returncode == 2
    assert "Permission denied" in refused.stderr


def test_it_ends_with_waybill_however_that_ends(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    pid = start_and_die(START_IN_A_THREAD, tmp_path / "postgres")
    restarted = postgres.start()  # waits for the orphan's end, rather than refusing
    assert not psutil.pid_exists(pid)
    assert ask(restarted, "SELECT 1") == 1


def test_it_ends_with_its_guardian(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    server = psutil.Process(postgres.pid)
    guardian = server.parent()
    assert guardian is not None
    assert os.getsid(server.pid) != os.getsid(0) != os.getsid(guardian.pid)  # so Ctrl-C reaches neither
    guardian.kill()
    wait_until(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE, 10)
    assert not postgres.running
    postgres.stop()
    assert ask(postgres.start(), "SELECT 1") == 1


def test_a_leftover_pid_that_now_belongs_to_another_process(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    postgres.start()
    psutil.Process(postgres.pid).kill()
    wait_until(lambda: not postgres.running, 10)
    postgres.stop()
    leftover = tmp_path / "postgres" / "pgdata" / "postmaster.pid"
    lines = leftover.read_text().splitlines()
    leftover.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    assert ask(postgres.start(), "SELECT 1") == 1


def test_a_failure_shows_the_log(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    postgres.start()
    postgres.stop()
    (tmp_path / "postgres" / "pgdata" / "global" / "pg_control").unlink()
    with pytest.raises(EmbeddedServerError, match=r"(?s)Postgres ended while starting.*pg_control"):
        postgres.start()
    assert not postgres.running


def test_a_cluster_of_another_version_is_refused(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    postgres.start()
    postgres.stop()
    (tmp_path / "postgres" / "pgdata" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedServerError, match="written by Postgres 17"):
        postgres.start()


def test_an_interrupted_initdb_is_done_again(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    half_made = tmp_path / "postgres" / "pgdata.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    assert ask(postgres.start(), "SELECT 1") == 1


def test_a_large_log_makes_room(postgres: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_process, "LOG_BYTES_MAX", 10)
    postgres.start()
    postgres.stop()
    postgres.start()
    assert (tmp_path / "postgres" / "server.previous.log").exists()
