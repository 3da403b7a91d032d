"""`make bench`: every contestant in its own process, one after another, on one embedded Postgres, with a fresh database each."""

import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec
import psycopg
from msgspec import Struct
from psycopg.sql import SQL, Identifier
from rich.console import Console

from adapters.embedded.postgres import DATABASE, EmbeddedPostgres
from benchmarks.figures import Figures, received
from benchmarks.table import show

ROOT: Final = Path(__file__).parents[1]
RESULTS: Final = ROOT / "benchmarks" / "results"
CONTESTANT_SECONDS_MAX: Final = 120.0
MODULES: Final = ("waybill", "peer_procrastinate", "peer_dbos", "peer_pgqueuer", "ceiling_http", "ceiling_insert")
PACKAGES: Final = ("waybill", "procrastinate", "dbos", "pgqueuer", "litestar", "uvicorn", "psycopg")
DURABILITY: Final = ("server_version", "fsync", "synchronous_commit", "full_page_writes")

progress = Console(stderr=True, highlight=False)


class Report(Struct, frozen=True, kw_only=True):
    at: datetime
    machine: dict[str, str | int]
    load_before: float
    load_after: float
    packages: dict[str, str]
    postgres: dict[str, str]
    figures: tuple[Figures, ...]


def main() -> int:
    load_before = os.getloadavg()[0]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="waybill-bench-", ignore_cleanup_errors=True) as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        url = server.start()
        try:
            postgres = _settings_of(url)
            figures = tuple(one for module in MODULES for one in _run(module, url, Path(folder)))
        finally:
            server.stop()
    report = Report(
        at=datetime.now(UTC),
        machine={"system": platform.platform(), "python": platform.python_version(), "cores": os.cpu_count() or 0},
        load_before=round(load_before, 2),
        load_after=round(os.getloadavg()[0], 2),
        packages={name: version(name) for name in PACKAGES},
        postgres=postgres,
        figures=figures,
    )
    show(figures, load=(report.load_before, report.load_after))
    progress.print(f"{_write(report)}, after {time.monotonic() - began:.0f} s")
    return 1 if any(one.failed for one in figures) else 0


def _run(module: str, url: str, folder: Path) -> tuple[Figures, ...]:
    """What it measured, or why it did not."""
    progress.print(f"{module} ...")
    log = folder / f"{module}.log"
    database = _fresh_database(url, module)
    command = [sys.executable, "-m", f"benchmarks.{module}", database]
    with log.open("wb") as errors:
        # A session of its own, so that nothing of a contestant that is cut off outlives it.
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, start_new_session=True)
        try:
            output, _ = process.communicate(timeout=CONTESTANT_SECONDS_MAX)
            return received(output.decode())
        except subprocess.TimeoutExpired:
            reason = f"not done within {CONTESTANT_SECONDS_MAX:.0f} s"
        except msgspec.DecodeError:
            reason = next(_lines_from_the_end(log), f"exit code {process.returncode}")
        finally:
            _end(process)
    return (Figures(contestant=module, failed=reason),)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _lines_from_the_end(log: Path) -> Iterator[str]:
    return (line for line in reversed(log.read_text(errors="replace").splitlines()) if line.strip())


def _fresh_database(url: str, contestant: str) -> str:
    """Its URL. What the contestant before left to be written is written first."""
    name = f"bench_{contestant}"
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        connection.execute("CHECKPOINT")
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    return url.replace(f"/{DATABASE}?", f"/{name}?")


def _settings_of(url: str) -> dict[str, str]:
    with closing(psycopg.connect(url)) as connection:
        query = "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)"
        return dict(connection.execute(query, (list(DURABILITY),)).fetchall())


def _write(report: Report) -> Path:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{report.at:%Y-%m-%dT%H%M%SZ}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    return path.relative_to(ROOT)


if __name__ == "__main__":
    sys.exit(main())
