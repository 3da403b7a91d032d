"""One account's skills at one provider: the only view of the ledger that a provider's routes are given."""

import hashlib
import sqlite3
from contextlib import closing
from typing import Any

from msgspec import Struct, convert


class Skill(Struct, frozen=True, kw_only=True):
    """`description` is the default version's; `versions_made` counts deleted versions too; `updated_at` is when the newest
    version was added; times in Unix seconds.
    """

    id: str
    name: str
    description: str
    default_version: str
    latest_version: str
    versions_made: int
    marker: str | None
    created_at: int
    updated_at: int


class Version(Struct, frozen=True, kw_only=True):
    """`version` is what the provider calls it in paths, unique within the skill; `created_at` in Unix seconds."""

    id: str
    version: str
    name: str
    description: str
    created_at: int


class Window(Struct, frozen=True, kw_only=True):
    """A part of a list: at most `limit` entries that follow the one with the id `after`."""

    limit: int
    after: str | None = None
    newest_first: bool = True


class NotInList(Exception):  # noqa: N818 - house style: it reads as a fact
    """A window begins after an id that the list does not have."""


SKILLS = """
select s.seq, s.id, s.name, v.description, s.default_version, s.versions_made, s.marker, s.created_at,
    (select version from versions where skill = s.seq order by seq desc limit 1) as latest_version,
    (select created_at from versions where skill = s.seq order by seq desc limit 1) as updated_at
from skills s join versions v on v.skill = s.seq and v.version = s.default_version
where s.provider = ? and s.account = ?
"""
SKILL = SKILLS + "and s.id = ?"
SKILLS_NEWEST = SKILLS + "and s.seq < ? order by s.seq desc limit ?"
SKILLS_OLDEST = SKILLS + "and s.seq > ? order by s.seq limit ?"

VERSIONS = """
select v.seq, v.id, v.version, v.name, v.description, v.created_at
from versions v join skills s on v.skill = s.seq
where s.provider = ? and s.account = ? and s.id = ?
"""
VERSION = VERSIONS + "and v.version = ?"
VERSION_BY_ID = VERSIONS + "and v.id = ?"
VERSIONS_NEWEST = VERSIONS + "and v.seq < ? order by v.seq desc limit ?"
VERSIONS_OLDEST = VERSIONS + "and v.seq > ? order by v.seq limit ?"

ARCHIVE = """
select v.archive from versions v join skills s on v.skill = s.seq
where s.provider = ? and s.account = ? and s.id = ? and v.version = ?
"""

ADD_SKILL = """
insert into skills (default_version, created_at, name, marker, versions_made, provider, account, id)
values (?, ?, ?, ?, 0, ?, ?, ?)
"""
ADD_VERSION = """
insert into versions (id, version, name, description, created_at, archive, skill)
select ?, ?, ?, ?, ?, ?, seq from skills where provider = ? and account = ? and id = ?
"""
COUNT_VERSION = "update skills set versions_made = versions_made + 1 where provider = ? and account = ? and id = ?"
SET_DEFAULT = "update skills set default_version = ? where provider = ? and account = ? and id = ?"
REMOVE_SKILL = "delete from skills where provider = ? and account = ? and id = ?"
REMOVE_VERSION = """
delete from versions
where version = ? and skill = (select seq from skills where provider = ? and account = ? and id = ?)
"""

ACCOUNT_CHARS = 12
BEFORE_ALL = 0
AFTER_ALL = 2**63 - 1


def account_opened_by(key: str) -> str:
    """A name for the account that does not give the key away."""
    return hashlib.sha256(key.encode()).hexdigest()[:ACCOUNT_CHARS]


class Shelf:
    def __init__(self, *, database: sqlite3.Connection, provider: str, account: str) -> None:
        self._database = database
        self._owner = (provider, account)

    def skills(self, window: Window) -> list[Skill]:
        start = self._start(window, SKILL, self._owner)
        query = SKILLS_NEWEST if window.newest_first else SKILLS_OLDEST
        return convert(self._rows(query, *self._owner, start, window.limit), list[Skill])

    def skill(self, skill_id: str) -> Skill | None:
        return next(iter(convert(self._rows(SKILL, *self._owner, skill_id), list[Skill])), None)

    def versions(self, skill_id: str, window: Window) -> list[Version]:
        start = self._start(window, VERSION_BY_ID, (*self._owner, skill_id))
        query = VERSIONS_NEWEST if window.newest_first else VERSIONS_OLDEST
        return convert(self._rows(query, *self._owner, skill_id, start, window.limit), list[Version])

    def version(self, skill_id: str, version: str) -> Version | None:
        return next(iter(convert(self._rows(VERSION, *self._owner, skill_id, version), list[Version])), None)

    def archive(self, skill_id: str, version: str) -> bytes | None:
        row = next(iter(self._rows(ARCHIVE, *self._owner, skill_id, version)), None)
        return row["archive"] if row else None

    def add_skill(self, *, skill_id: str, version: Version, archive: bytes, marker: str | None = None) -> None:
        """A new skill of the version's name, with it as the only and default version."""
        with self._database as database:
            row = (version.version, version.created_at, version.name, marker)
            database.execute(ADD_SKILL, (*row, *self._owner, skill_id))
            self._insert(skill_id, version, archive)

    def add_version(self, *, skill_id: str, version: Version, archive: bytes, default: bool) -> None:
        with self._database as database:
            self._insert(skill_id, version, archive)
            if default:
                database.execute(SET_DEFAULT, (version.version, *self._owner, skill_id))

    def set_default(self, skill_id: str, version: str) -> None:
        with self._database as database:
            database.execute(SET_DEFAULT, (version, *self._owner, skill_id))

    def remove_skill(self, skill_id: str) -> None:
        with self._database as database:
            database.execute(REMOVE_SKILL, (*self._owner, skill_id))

    def remove_version(self, skill_id: str, version: str) -> None:
        with self._database as database:
            database.execute(REMOVE_VERSION, (version, *self._owner, skill_id))

    def _insert(self, skill_id: str, version: Version, archive: bytes) -> None:
        row = (version.id, version.version, version.name, version.description, version.created_at, archive)
        self._database.execute(ADD_VERSION, (*row, *self._owner, skill_id))
        self._database.execute(COUNT_VERSION, (*self._owner, skill_id))

    def _start(self, window: Window, query: str, of: tuple[str, ...]) -> int:
        """The place in the list from which a window reads; `query` finds one entry of the list by id."""
        if window.after is None:
            return AFTER_ALL if window.newest_first else BEFORE_ALL
        found = self._rows(query, *of, window.after)
        if not found:
            raise NotInList(window.after)
        return int(found[0]["seq"])

    def _rows(self, query: str, *parameters: str | int) -> list[dict[str, Any]]:
        with closing(self._database.execute(query, parameters)) as rows:
            names = [column[0] for column in rows.description]
            return [dict(zip(names, row, strict=True)) for row in rows]
