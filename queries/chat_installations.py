"""What is live where, with who asked for it, and which of the pairs that were asked after hold nothing."""

from collections.abc import Iterable, Sequence
from itertools import islice, product
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from domain.chat.facts import InstallationFact, InstallationsFound
from domain.events import Actor
from projections.install_runs import INSTALL_RUNS
from projections.providers import PROVIDERS
from projections.read_model import ReadModel
from projections.skills import SKILLS
from queries.chat_freshness import check_known
from queries.filtering import Filters
from queries.installation_view import READ_MODELS, PlacedInstallation, fetch
from queries.reading import Reader, any_is_stale

REQUESTED_BY: Final = "SELECT {columns} FROM {table} WHERE id = ANY(%(ids)s) LIMIT %(limit)s"
NOT_KNOWN_YET: Final = "?"
NAMES: Final = "SELECT {columns} FROM {table} WHERE id = ANY(%(ids)s) LIMIT %(limit)s"


class ChatInstallations(Struct, frozen=True, kw_only=True):
    """Of these skills at these connections, of whichever if there are none."""

    skills: tuple[UUID, ...] = ()
    providers: tuple[UUID, ...] = ()
    limit: int


class _Requested(Struct, frozen=True, kw_only=True, rename="camel"):
    id: UUID
    requested_by: Actor


class _Named(Struct, frozen=True):
    id: UUID
    name: str


async def chat_installations(reader: Reader, query: ChatInstallations) -> InstallationsFound:
    """Raises StoreOffline; also if there are none, but some may only not have come here yet."""
    filters = Filters()
    filters.add_any_of("skill_id", query.skills)
    filters.add_any_of("provider_id", query.providers)
    stale = await any_is_stale(reader, (*READ_MODELS, INSTALL_RUNS), None)
    rows = await fetch(reader, filters, limit=query.limit + 1, row=PlacedInstallation)
    check_known(rows, stale=stale)
    found, more = rows[: query.limit], len(rows) > query.limit
    return InstallationsFound(
        items=await _facts(reader, found),
        absent=() if more or stale else await _absent(reader, query, found),
        more=more,
    )


async def _facts(reader: Reader, found: Sequence[PlacedInstallation]) -> tuple[InstallationFact, ...]:
    ids = list({one.run_id for one in found})
    runs = await reader.fetch(INSTALL_RUNS, REQUESTED_BY, {"ids": ids, "limit": len(ids)}, _Requested)
    names = {run.id: run.requested_by.name for run in runs}
    return tuple(
        InstallationFact(
            id=one.id,
            skill=one.skill.name,
            provider=one.provider.name,
            version=one.version,
            drift=one.drift,
            run_id=one.run_id,
            at=one.at,
            by=names.get(one.run_id, NOT_KNOWN_YET),
            active_run_id=one.active_run_id,
        )
        for one in found
    )


async def _absent(
    reader: Reader, query: ChatInstallations, found: Iterable[PlacedInstallation]
) -> tuple[tuple[str, str], ...]:
    """At most as many as there may be of the others."""
    live = {(one.skill.id, one.provider.id) for one in found}
    pairs = list(islice((pair for pair in product(query.skills, query.providers) if pair not in live), query.limit))
    skills = await _names(reader, SKILLS, [skill for skill, _ in pairs])
    providers = await _names(reader, PROVIDERS, [provider for _, provider in pairs])
    return tuple(
        (skills[skill], providers[provider]) for skill, provider in pairs if skill in skills and provider in providers
    )


async def _names(reader: Reader, model: ReadModel[Any], ids: Sequence[UUID]) -> dict[UUID, str]:
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return {}
    rows = await reader.fetch(model, NAMES, {"ids": wanted, "limit": len(wanted)}, _Named)
    return {row.id: row.name for row in rows}
