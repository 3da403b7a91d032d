"""The commands that start a process: `up`, each part alone, the sandbox, and the migrations.

What a process is made of is imported when it starts: the other commands answer three times as fast without it.
"""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from msgspec.structs import replace

from workers.settings import Settings, SettingsError, read_settings

if TYPE_CHECKING:
    from workers.running import Main

SUPERVISED = click.option("--supervised", is_flag=True, hidden=True, help="Stop at the end of standard input.")
DATA = click.option("--data", type=click.Path(path_type=Path), help="The data folder (WAYBILL_DATA).")
HOST = click.option("--host", help="Where to listen (WAYBILL_HOST, 127.0.0.1).")
PORT = click.option(
    "--port", type=click.IntRange(0, 65535), help="Where to listen (WAYBILL_PORT, 8470); 0: any free one."
)


def _settings(*, ask_running: bool = True, **given: Any) -> Settings:
    data = given.get("data")
    try:
        settings = read_settings(data=data, ask_running=ask_running)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    return replace(settings, **{name: value for name, value in given.items() if value is not None and name != "data"})


def _run(part: str, main: "Main", settings: Settings, *, supervised: bool) -> None:
    from workers.running import run

    with _reasons():
        run(part, main, settings, supervised=supervised)


@contextmanager
def _reasons() -> Iterator[None]:
    """What keeps a process from starting is said in a sentence; a traceback is for what nobody expected."""
    from adapters.embedded.server_process import EmbeddedServerError
    from adapters.postgres.migrating import MigrationError
    from domain.errors import StoreOffline
    from workers.up import NotReadyError

    try:
        yield
    except StoreOffline as error:
        reason = str(error.__cause__ or error).strip()
        raise click.ClickException(f"Postgres does not answer; is WAYBILL_POSTGRES_URL right? {reason}") from error
    except (SettingsError, NotReadyError, EmbeddedServerError, MigrationError) as error:
        raise click.ClickException(str(error)) from error


@click.command("up")
@click.option("--sandbox", is_flag=True, help="Also serve sandbox providers, connect them and register the examples.")
@DATA
@HOST
@PORT
@SUPERVISED
def up_command(*, sandbox: bool, data: Path | None, host: str | None, port: int | None, supervised: bool) -> None:
    """Run everything: Postgres, NATS, the API and the workers.

    Postgres and NATS are embedded ones that keep their data in the data folder, unless WAYBILL_POSTGRES_URL and
    WAYBILL_NATS_URL name servers of yours. Prints where everything is once it is ready; ends with Ctrl-C.
    """
    from workers.up import up

    async def main(settings: Settings, stopping: asyncio.Event) -> None:
        await up(settings, stopping, sandbox=sandbox, announce=click.echo)

    settings = _settings(ask_running=False, data=data, host=host, port=port)
    _run("up", main, settings, supervised=supervised)


@click.command("api")
@HOST
@PORT
@click.option("--fd", type=int, hidden=True, help="A listening socket that was inherited.")
@SUPERVISED
def api_command(*, host: str | None, port: int | None, fd: int | None, supervised: bool) -> None:
    """Serve the HTTP API."""
    from workers.api import api
    from workers.serving import listen, url_of
    from workers.tls import require_usable

    async def main(settings: Settings, stopping: asyncio.Event) -> None:
        require_usable(settings.http.tls)
        listening = socket.socket(fileno=fd) if fd is not None else listen(settings.host, settings.port)
        if not supervised:
            click.echo(f"Waybill {url_of(listening, tls=settings.http.tls)}")
        await api(settings, listening, stopping)

    _run("api", main, _settings(host=host, port=port), supervised=supervised)


@click.command("relay")
@SUPERVISED
def relay_command(*, supervised: bool) -> None:
    """Publish the events on NATS and issue the work tickets; one at a time does, others stand by."""
    from workers.single_roles import relay

    _run("relay", relay, _settings(), supervised=supervised)


@click.command("installer")
@SUPERVISED
def installer_command(*, supervised: bool) -> None:
    """Install at the providers; run as many as you like."""
    from workers.wiring import installer

    _run("installer", installer, _settings(), supervised=supervised)


@click.command("projector")
@SUPERVISED
def projector_command(*, supervised: bool) -> None:
    """Keep the read models up to date; one at a time does, others stand by."""
    from workers.single_roles import projector

    _run("projector", projector, _settings(), supervised=supervised)


@click.command("scheduler")
@SUPERVISED
def scheduler_command(*, supervised: bool) -> None:
    """See to what is due: retries, timeouts, pauses that are over; one at a time does, others stand by."""
    from workers.single_roles import scheduler

    _run("scheduler", scheduler, _settings(), supervised=supervised)


@click.command("watchdog")
@SUPERVISED
def watchdog_command(*, supervised: bool) -> None:
    """Find what stands still and have it go on; one at a time does, others stand by."""
    from workers.single_roles import watchdog

    _run("watchdog", watchdog, _settings(), supervised=supervised)


@click.command("notary")
@SUPERVISED
def notary_command(*, supervised: bool) -> None:
    """Sign what the store has, outside the database, so that nobody can change it unseen; one at a time does, others stand by."""
    from workers.single_roles import notary

    _run("notary", notary, _settings(), supervised=supervised)


@click.command("alerts")
@SUPERVISED
def alerts_command(*, supervised: bool) -> None:
    """What `waybill alerts` alone is; with a word behind it, it is about the alerts that there are."""
    from workers.single_roles import alerts

    _run("alerts", alerts, _settings(), supervised=supervised)


@click.command("sandbox")
@DATA
@HOST
@PORT
@SUPERVISED
def sandbox_command(*, data: Path | None, host: str | None, port: int | None, supervised: bool) -> None:
    """Serve sandbox providers: the wire formats of the real ones, with a ledger, a call log and faults on demand."""
    from adapters.sandbox.app import build_sandbox
    from workers.serving import listen, serve, url_of

    async def main(settings: Settings, stopping: asyncio.Event) -> None:
        folder = settings.data / "sandbox"
        folder.mkdir(parents=True, exist_ok=True)
        listening = listen(settings.host, settings.port)
        if not supervised:
            click.echo(f"Sandbox {url_of(listening)}")
        await serve(build_sandbox(folder), listening, stopping)

    _run("sandbox", main, _settings(data=data, host=host, port=port), supervised=supervised)


@click.command("migrate")
def migrate_command() -> None:
    """Bring the database up to date and, the first time, print the admin key: for parts that are started apart, since
    `waybill up` does it by itself.

    With WAYBILL_POSTGRES_OWNER_URL it does so as the owner of the tables, and then gives the role of WAYBILL_POSTGRES_URL the rights
    that the parts need and no others; if there is no such role it is made. It may be run again at any time.
    """
    from workers.opening import bring_up_to_date
    from workers.seeding import first_key

    settings = _settings()
    with _reasons():
        applied = bring_up_to_date(settings)
        click.echo("\n".join(f"applied {name}" for name in applied) or "nothing to apply", err=True)
        key = asyncio.run(first_key(settings, by="migrate"))
    if key is not None:
        click.echo(f"Admin key {key}")


@click.command("recover")
def recover_command() -> None:
    """Say that the database was set back to an older state.

    A restored dump is noticed without this. A base backup, a snapshot or a point in time that was recovered is not, if NATS was
    set back or emptied with it. What happened since may be forgotten, so every installation is looked up before anything is
    created there, the events on NATS are written anew, and the providers are asked about everything that is installed.
    """
    from workers.recovering import recover

    settings = _settings()
    with _reasons():
        since = asyncio.run(recover(settings))
    click.echo(f"Set back to {since:%Y-%m-%d %H:%M:%S} UTC; what happened after that is looked up.")


PROCESSES: tuple[click.Command, ...] = (
    up_command,
    api_command,
    relay_command,
    installer_command,
    projector_command,
    scheduler_command,
    watchdog_command,
    notary_command,
    sandbox_command,
    migrate_command,
    recover_command,
)
