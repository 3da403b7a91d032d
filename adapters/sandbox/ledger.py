"""What is live at the emulated providers, in one SQLite file, so that it outlives a restart; shelves are its parts by account."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from adapters.sandbox.shelf import Shelf

FILE_NAME = "sandbox.sqlite3"
BUSY_SECONDS_MAX = 5.0

SCHEMA = """
create table if not exists skills (
    seq integer primary key autoincrement,
    provider text not null,
    account text not null,
    id text not null,
    name text not null,
    marker text,
    default_version text not null,
    versions_made integer not null,
    created_at integer not null,
    unique (provider, account, id)
);
create index if not exists skills_by_account on skills (provider, account, seq);
create table if not exists versions (
    seq integer primary key autoincrement,
    skill integer not null references skills (seq) on delete cascade,
    id text not null,
    version text not null,
    name text not null,
    description text not null,
    created_at integer not null,
    archive blob not null,
    unique (skill, version)
);
create index if not exists versions_by_skill on versions (skill, seq);
"""

LIVE = """
select s.provider, s.account, s.id, s.name, s.default_version, s.marker, s.created_at, v.version
from skills s join versions v on v.skill = s.seq
order by s.seq, v.seq
"""


class Entry(Struct, frozen=True, kw_only=True, rename="camel"):
    """One live skill, as `/_sandbox/ledger` shows it."""

    provider: str
    account: str
    id: str
    name: str
    versions: list[str]
    default_version: str
    marker: str | None
    created_at: datetime


class Ledger:
    """`folder` keeps it on disk; `None` keeps it in memory."""

    def __init__(self, folder: Path | None) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(folder / FILE_NAME if folder else ":memory:", timeout=BUSY_SECONDS_MAX)
        # In WAL mode a commit is in the file, though not fsynced, when it returns: it survives the death of the process.
        self._database.execute("pragma journal_mode = wal")
        self._database.execute("pragma synchronous = normal")
        self._database.execute("pragma foreign_keys = on")
        self._database.executescript(SCHEMA)

    def shelf(self, provider: str, account: str) -> Shelf:
        return Shelf(database=self._database, provider=provider, account=account)

    def live(self) -> list[Entry]:
        entries: dict[tuple[str, str, str], Entry] = {}
        with closing(self._database.execute(LIVE)) as rows:
            for provider, account, skill_id, name, default_version, marker, created_at, version in rows:
                entry = entries.setdefault(
                    (provider, account, skill_id),
                    Entry(
                        provider=provider,
                        account=account,
                        id=skill_id,
                        name=name,
                        versions=[],
                        default_version=default_version,
                        marker=marker,
                        created_at=datetime.fromtimestamp(created_at, UTC),
                    ),
                )
                entry.versions.append(version)
        return list(entries.values())

    def close(self) -> None:
        self._database.close()
