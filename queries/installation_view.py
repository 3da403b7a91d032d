"""An installation as people see it: the read model knows ids, and the names come from those of skills and providers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from msgspec import Struct

from domain.errors import Code
from domain.provider.events import ProviderKind
from projections.installations import INSTALLATIONS, Drift
from projections.providers import PROVIDERS
from projections.read_model import ReadModel
from projections.skills import SKILLS
from queries.filtering import Filters
from queries.reading import Reader

# A skill and a connection are there before anything of theirs is installed: only one that lags behind hides a row.
READ_MODELS: Final[tuple[ReadModel[Any], ...]] = (INSTALLATIONS, SKILLS, PROVIDERS)
SELECT: Final = """
    SELECT installation.id, version, digest, drift, code, message, usage, position, at,
        json_build_object('id', skill_id, 'name', skill_name) AS skill,
        json_build_object('id', provider_id, 'name', provider_name, 'kind', kind) AS provider,
        json_build_object('id', receipt ->> 'remoteId', 'version', receipt ->> 'remoteVersion') AS remote,
        run_id AS "runId", verified_at AS "verifiedAt", active_run_id AS "activeRunId",
        begun_position AS "begunPosition"
    FROM {table} AS installation
    JOIN (SELECT id AS skill_id, name AS skill_name FROM {skills}) AS skill USING (skill_id)
    JOIN (SELECT id AS provider_id, name AS provider_name, kind FROM {providers}) AS provider USING (provider_id)
    WHERE live AND {where}
    ORDER BY begun_position DESC LIMIT %(limit)s
"""
SQL: Final = SELECT.replace("{skills}", SKILLS.table).replace("{providers}", PROVIDERS.table)

Shown = TypeVar("Shown", bound="Installation")


class SkillName(Struct, frozen=True, kw_only=True):
    id: UUID
    name: str


class ProviderName(Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    kind: ProviderKind


class Remote(Struct, frozen=True, kw_only=True):
    """What the provider calls it; not every provider has versions."""

    id: str
    version: str | None


class Installation(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is live for a skill at a provider. `run_id` put it there, and `active_run_id` is at work on the pair now.

    `drift` is what the provider said when it was asked last; `unknown`: it did not say, for the reason in `code` and `message`.
    `verified_at`: when it last said what is live. `usage` is what a person pastes to use it. `position` is that of the newest
    event in it.
    """

    id: UUID
    skill: SkillName
    provider: ProviderName
    version: int
    digest: str
    remote: Remote
    run_id: UUID
    at: datetime
    drift: Drift
    verified_at: datetime | None
    code: Code | None
    message: str | None
    usage: str
    active_run_id: UUID | None
    position: int


class PlacedInstallation(Installation, frozen=True, kw_only=True, rename="camel"):
    """With what the lists are sorted by."""

    begun_position: int


async def fetch(reader: Reader, filters: Filters, *, limit: int, row: type[Shown]) -> Sequence[Shown]:
    values: Mapping[str, object] = filters.values(limit=limit)
    return await reader.fetch(INSTALLATIONS, filters.into(SQL), values, row)
