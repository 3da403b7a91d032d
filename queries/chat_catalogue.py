"""What a sentence can be about: the connections, the skills that it names, and names that come close to what is none."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from domain.chat.connections import connections_meant
from domain.chat.facts import ProviderFact, SkillFact
from domain.chat.ports import CATALOGUE_MAX, Catalogue
from domain.errors import StoreOffline
from domain.skill.state import skill_stream
from projections.providers import PROVIDERS
from projections.skills import SKILLS
from queries.reading import Reader, any_is_stale

CONNECTIONS_MAX: Final = 1000
EXAMPLES_MAX: Final = 5
# Of the words that are no names so many are looked into, and so many names looked at for each.
UNKNOWN_MAX: Final = 3
NEAR_MAX: Final = 100
PIECE_CHARS: Final = 2

# A pause is over when its time is, by the database's clock, whether or not anybody has said so.
OF_CONNECTIONS: Final = """
    SELECT id, name, kind, active, verification ->> 'code' AS code,
        paused AND (paused_until IS NULL OR paused_until > clock_timestamp()) AS paused
    FROM {table} ORDER BY connected_position LIMIT %(limit)s
"""
# A skill has no version yet when its two first events fell into two batches.
OF_THESE: Final = "SELECT {columns} FROM {table} WHERE version > 0 AND id = ANY(%(ids)s) LIMIT %(limit)s"
OF_ALL: Final = """
    SELECT {columns} FROM {table} WHERE version > 0 ORDER BY archived, created_position DESC LIMIT %(limit)s
"""
NEWEST: Final = """
    SELECT {columns} FROM {table} WHERE version > 0 AND NOT archived ORDER BY created_position DESC LIMIT %(limit)s
"""
# How many pieces of a word are in a name tells roughly how close it is, and is told in no time for thousands of names.
NEAR: Final = """
    SELECT {columns} FROM {table} WHERE version > 0 ORDER BY
        (SELECT count(*) FROM unnest(%(pieces)s::text[]) AS piece WHERE position(piece IN name) > 0) DESC,
        abs(length(name) - %(chars)s), name
    LIMIT %(limit)s
"""


class ChatCatalogue(Struct, frozen=True, kw_only=True):
    """`names` are words that may be names of skills; `every`: all skills are wanted besides."""

    names: frozenset[str]
    every: bool = False


class _SkillName(Struct, frozen=True):
    name: str


async def chat_catalogue(reader: Reader, query: ChatCatalogue) -> Catalogue:
    """Raises StoreOffline; also if a word means nothing, and what it means may only not have come here yet."""
    stale = await any_is_stale(reader, (SKILLS, PROVIDERS), None)
    providers = tuple(await reader.fetch(PROVIDERS, OF_CONNECTIONS, {"limit": CONNECTIONS_MAX}, ProviderFact))
    skills = await _skills(reader, query)
    unknown = sorted(name for name in query.names if name not in skills and not connections_meant(name, providers))
    if unknown and stale:
        raise StoreOffline("Not all names are known yet: what is read here is still being brought up to date.")
    return Catalogue(skills=skills, skill_names=await _names(reader, unknown), providers=providers)


async def _skills(reader: Reader, query: ChatCatalogue) -> Mapping[str, SkillFact]:
    found: list[SkillFact] = []
    if query.names:
        ids = [skill_stream(name) for name in query.names]
        found += await reader.fetch(SKILLS, OF_THESE, {"ids": ids, "limit": len(ids)}, SkillFact)
    if query.every:
        found += await reader.fetch(SKILLS, OF_ALL, {"limit": CATALOGUE_MAX}, SkillFact)
    return {skill.name: skill for skill in found}


async def _names(reader: Reader, unknown: Sequence[str]) -> tuple[str, ...]:
    if not unknown:
        newest = await reader.fetch(SKILLS, NEWEST, {"limit": EXAMPLES_MAX}, _SkillName)
        return tuple(skill.name for skill in newest)
    names: dict[str, None] = {}
    for word in unknown[:UNKNOWN_MAX]:
        values = {"pieces": _pieces(word), "chars": len(word), "limit": NEAR_MAX}
        near = await reader.fetch(SKILLS, NEAR, values, _SkillName)
        names |= dict.fromkeys(skill.name for skill in near)
    return tuple(names)


def _pieces(word: str) -> list[str]:
    """Of `kbo`: `kb`, `bo`."""
    return sorted({word[start : start + PIECE_CHARS] for start in range(max(1, len(word) - PIECE_CHARS + 1))})
