"""What the doctor asks of Postgres: who we are to it, whether it keeps what it is given, and whether the store is whole."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from adapters.postgres.connection import open_pool
from adapters.postgres.inspecting import TAIL_EVENTS, TRIGGERS, Inspection, NoRightsError, StoreFound, inspect
from adapters.postgres.read_models_reader import PostgresReader
from adapters.postgres.rights import OWNER, SUPERUSER
from adapters.postgres.vitals import DatabaseVitals, database_vitals
from domain.errors import StoreOffline
from projections.catalog import READ_MODELS
from queries.read_model_health import ReadModelHealth, read_model_health
from workers.doctor_checks import Check, failed, is_near, ok, warning
from workers.opening import postgres_url
from workers.settings import Settings, SettingsError

VERSION_MIN: Final = 14
# As Postgres writes down whether a trigger fires: in every session, or not in one that copies.
ALWAYS: Final = "A"
ORDINARILY: Final = "O"
ENABLE: Final = "As the owner: ALTER TABLE events " + ", ".join(f"ENABLE ALWAYS TRIGGER {name}" for name in TRIGGERS)
SAFE: Final = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "local", "remote_write", "remote_apply"),
}
MIGRATE: Final = "`waybill migrate`, with WAYBILL_POSTGRES_OWNER_URL where there is one, and start the parts again."


class Progress(Struct, frozen=True, kw_only=True):
    """How far everybody is."""

    vitals: DatabaseVitals
    read_models: Sequence[ReadModelHealth]


class PostgresFound(Struct, frozen=True, kw_only=True):
    """Beside the checks what others need; None is what there was no getting at."""

    checks: Sequence[Check]
    epoch: str | None = None
    sealed: Sequence[bytes] | None = None
    progress: Progress | None = None


async def examine_postgres(settings: Settings) -> PostgresFound:
    try:
        url = postgres_url(settings)
        found = await asyncio.to_thread(inspect, url)
        progress = None if found.store is None or found.store.missing else await _progress(url)
    except SettingsError as error:
        return PostgresFound(checks=(failed("postgres", str(error), remedy="Correct that setting."),))
    except NoRightsError as error:
        answers = ok("postgres", "answers, and lets nobody look who has no rights")
        return PostgresFound(checks=(answers, failed("postgres_rights", str(error), remedy=f"Run {MIGRATE}")))
    except StoreOffline as error:
        remedy = "Look whether it runs, and whether WAYBILL_POSTGRES_URL is right."
        reason = " ".join(str(error.__cause__ or error).split())
        return PostgresFound(checks=(failed("postgres", f"does not answer: {reason}", remedy=remedy),))
    checks = [_server(found), *_connection(found), _durability(found), _migrations(found)]
    if found.store is None:
        return PostgresFound(checks=checks)
    checks += [_role(found, found.store), *_rights(found.store), _triggers(found.store), *_positions(found.store)]
    return PostgresFound(checks=checks, epoch=found.store.epoch, sealed=found.store.sealed, progress=progress)


async def _progress(url: str) -> Progress:
    async with open_pool(url, name="waybill-doctor", size_max=1) as pool:
        reader = PostgresReader(pool, url=url, name="waybill-doctor", read_models=READ_MODELS)
        try:
            return Progress(vitals=await database_vitals(pool), read_models=await read_model_health(reader))
        finally:
            await reader.close()


def _server(found: Inspection) -> Check:
    major, minor = divmod(found.server_version, 10_000)
    said = f"Postgres {major}.{minor} answers as {found.role}"
    if major < VERSION_MIN:
        remedy = f"Move to Postgres {VERSION_MIN} or later; 18 is what Waybill is tested with."
        return failed("postgres", f"{said}, which is too old", remedy=remedy)
    return ok("postgres", said)


def _connection(found: Inspection) -> Iterator[Check]:
    if not (found.encrypted or is_near(found.host)):
        remedy = "Add sslmode=verify-full to WAYBILL_POSTGRES_URL, and have the server use TLS."
        yield warning("postgres_tls", f"what goes to {found.host} is not encrypted", remedy=remedy)


def _durability(found: Inspection) -> Check:
    said = ", ".join(f"{name} {value}" for name, value in found.settings.items())
    if all(found.settings[name] in safe for name, safe in SAFE.items()):
        return ok("postgres_durability", said)
    remedy = "Set all of these to on: what was answered may be lost, and the database with it, when the machine fails."
    return failed("postgres_durability", said, remedy=remedy)


def _migrations(found: Inspection) -> Check:
    if found.pending:
        return failed("migrations", f"missing: {', '.join(found.pending)}", remedy=f"Run {MIGRATE}")
    if found.unknown:
        remedy = "Use the version of Waybill that the parts have, or a later one."
        return warning("migrations", f"newer than this program: {max(found.unknown)}", remedy=remedy)
    return ok("migrations", "all applied")


def _role(found: Inspection, store: StoreFound) -> Check:
    if not store.surplus:
        return ok("postgres_role", f"{found.role} may read and append events, and change none")
    said = f"{found.role} {', '.join(store.surplus)}"
    if {OWNER, SUPERUSER} & set(store.surplus):
        remedy = (
            "Give the parts a role of their own: name it in WAYBILL_POSTGRES_URL and the owner in "
            "WAYBILL_POSTGRES_OWNER_URL, and run `waybill migrate`."
        )
        return warning("postgres_role", f"one role does everything: {said}", remedy=remedy)
    return failed("postgres_role", said, remedy=f"Run {MIGRATE}")


def _rights(store: StoreFound) -> Iterator[Check]:
    if store.missing:
        yield failed("postgres_rights", f"missing: {', '.join(store.missing)}", remedy=f"Run {MIGRATE}")


def _triggers(store: StoreFound) -> Check:
    off = [name for name in TRIGGERS if store.triggers.get(name) not in (ALWAYS, ORDINARILY)]
    weak = [name for name in TRIGGERS if store.triggers.get(name) == ORDINARILY]
    if off:
        remedy = f"{ENABLE}; then find out who turned them off, and what was changed meanwhile."
        return failed("event_triggers", f"off or gone: {', '.join(off)}", remedy=remedy)
    if weak:
        return warning("event_triggers", f"not in every session: {', '.join(weak)}", remedy=f"{ENABLE}.")
    return ok("event_triggers", "on: the owner does not change events either")


def _positions(store: StoreFound) -> Iterator[Check]:
    tail = store.tail
    if tail.dense:
        yield ok("positions", f"the last {min(tail.head, TAIL_EVENTS):,} of {tail.head:,} have no gap")
    else:
        said = f"the head says {tail.head:,}, the last event is {tail.last:,}, and {tail.counted:,} are there from {tail.first:,} on"
        yield failed(
            "positions", said, remedy="Restore from a backup: events are gone, or were put in beside the program."
        )
    if not store.at_home:
        remedy = "Start the relay: it says so in the store, and everything goes on. Until then nothing is stored."
        yield failed("restored_copy", "this database was restored or moved, and nobody has said so yet", remedy=remedy)
