"""Finds the ids of what a search text may mean, so that runs and entries of the audit log are then found by an index."""

from typing import Any, Final, TypeVar
from uuid import UUID

from msgspec import Struct

from projections.api_keys import API_KEYS
from projections.chat_actions import CHAT_ACTIONS
from projections.install_runs import INSTALL_RUNS
from projections.installations import INSTALLATIONS
from projections.providers import PROVIDERS
from projections.read_model import ReadModel
from projections.skills import SKILLS
from queries.filtering import containing, ids_beginning
from queries.reading import Reader

# With more of them than that a look at the newest rows themselves finds a page of matches sooner.
FOUND_MAX: Final = 1000
NAMED: Final = "SELECT {columns} FROM {table} WHERE name ILIKE %(pattern)s LIMIT %(limit)s"
BEGINNING: Final = "SELECT {columns} FROM {table} WHERE id BETWEEN %(first)s AND %(last)s LIMIT %(limit)s"
OF_THESE: Final = """
    SELECT {columns} FROM {table} WHERE skill_id = ANY(%(skills)s) OR provider_id = ANY(%(providers)s) LIMIT %(limit)s
"""

Found = TypeVar("Found", bound=Struct)


class FoundId(Struct, frozen=True):
    id: UUID


class FoundKey(Struct, frozen=True):
    id: str


async def skills_named(reader: Reader, text: str) -> tuple[UUID, ...] | None:
    """Those with this in their name, in any case; None if they are too many to be listed."""
    return _ids(await _found(reader, SKILLS, NAMED, FoundId, pattern=containing(text)))


async def providers_named(reader: Reader, text: str) -> tuple[UUID, ...] | None:
    """As `skills_named`."""
    return _ids(await _found(reader, PROVIDERS, NAMED, FoundId, pattern=containing(text)))


async def actors_named(reader: Reader, text: str) -> tuple[str, ...] | None:
    """As `skills_named`, the keys and whoever has this id."""
    keys = await _found(reader, API_KEYS, NAMED, FoundKey, pattern=containing(text))
    return None if keys is None else (text.strip(), *(key.id for key in keys))


async def installations_of(
    reader: Reader, *, skills: tuple[UUID, ...], providers: tuple[UUID, ...]
) -> tuple[UUID, ...] | None:
    """Of any of these; None if they are too many to be listed."""
    values = {"skills": list(skills), "providers": list(providers)}
    return _ids(await _found(reader, INSTALLATIONS, OF_THESE, FoundId, **values))


async def runs_beginning(reader: Reader, text: str) -> tuple[UUID, ...] | None:
    """The runs whose ids begin so; None if they are too many to be listed."""
    return await _beginning(reader, INSTALL_RUNS, text)


async def chat_actions_beginning(reader: Reader, text: str) -> tuple[UUID, ...] | None:
    """As `runs_beginning`."""
    return await _beginning(reader, CHAT_ACTIONS, text)


async def _beginning(reader: Reader, model: ReadModel[Any], text: str) -> tuple[UUID, ...] | None:
    ids = ids_beginning(text)
    return _ids(await _found(reader, model, BEGINNING, FoundId, first=ids[0], last=ids[1])) if ids else ()


async def _found(
    reader: Reader, model: ReadModel[Any], statement: str, kind: type[Found], **values: object
) -> tuple[Found, ...] | None:
    found = tuple(await reader.fetch(model, statement, {**values, "limit": FOUND_MAX + 1}, kind))
    return None if len(found) > FOUND_MAX else found


def _ids(found: tuple[FoundId, ...] | None) -> tuple[UUID, ...] | None:
    return None if found is None else tuple(one.id for one in found)
