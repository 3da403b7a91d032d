"""What is copied is what would have been written as JSON: whatever the texts are, and however values are nested."""

from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as for_any
from hypothesis import strategies as some
from msgspec import Struct

from adapters.postgres.copying import copy_text
from adapters.postgres.read_models_table import Table
from projections.read_model import ReadModel

SCHEMA = """
    CREATE TABLE {table} (
        id uuid PRIMARY KEY, text text NOT NULL, maybe text, word text NOT NULL, number bigint NOT NULL, whether boolean NOT NULL,
        at timestamptz, nested jsonb NOT NULL, raw json, ids uuid[] NOT NULL, texts text[]
    )
"""
EVERYTHING = "SELECT lines::text FROM {table} AS lines ORDER BY id"
HOSTILE = [
    "",
    "\\",
    "\\N",
    "null",
    '"',
    '\\"',
    "\t",
    "a\nb\r\n",
    "\\n",
    "\\u0000",
    "\0",
    "\\\0",
    "\\\\\0\x01\x1f\x7f",
    "\u2028\u0085",
    "{}",
    "{a,b}",
    ", ",
    "\\.",
    "크다 😀",
]
texts = some.one_of(some.sampled_from(HOSTILE), some.text(some.characters(exclude_categories=["Cs"]), max_size=20))
ids = some.uuids()


class Word(StrEnum):
    ONE = "one"


class Nested(Struct, frozen=True, kw_only=True):
    text: str
    more: dict[str, str | None]


class Line(Struct, frozen=True, kw_only=True, rename="camel"):
    id: UUID
    text: str
    maybe: str | None
    word: Word
    number: int
    whether: bool
    at: datetime | None
    nested: Nested
    raw: msgspec.Raw | None
    ids: tuple[UUID, ...]
    texts: tuple[str, ...] | None


lines = some.builds(
    Line,
    id=ids,
    text=texts,
    maybe=some.none() | texts,
    word=some.just(Word.ONE),
    number=some.integers(-(2**63), 2**63 - 1),
    whether=some.booleans(),
    at=some.none() | some.datetimes(min_value=datetime(1, 1, 2), timezones=some.just(UTC)),  # noqa: DTZ001 - it gets a zone
    nested=some.builds(Nested, text=texts, more=some.dictionaries(texts, some.none() | texts, max_size=2)),
    raw=some.none() | texts.map(lambda text: msgspec.Raw(msgspec.json.encode({"text": text}))),
    ids=some.lists(ids, max_size=2).map(tuple),
    texts=some.none() | some.lists(texts, max_size=3).map(tuple),
)


@pytest.fixture
def table(database: str) -> Table[Line]:
    model = ReadModel(
        name="lines", generation=1, schema=SCHEMA, events=frozenset(), row=Line, key="id", project=lambda *_: None
    )
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(SCHEMA.replace("{table}", model.table).encode())
        found = connection.execute(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0",
            (model.table,),
        )
        return Table(model, types=dict(found.fetchall()))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@for_any(rows=some.lists(lines, min_size=1, max_size=8, unique_by=lambda line: line.id))
def test_copied_rows_are_written_rows(database: str, table: Table[Line], rows: list[Line]) -> None:
    with psycopg.connect(database) as connection:
        everything = EVERYTHING.replace("{table}", table.model.table).encode()
        connection.execute(table.write.encode(), (table.encode(rows),))
        written = connection.execute(everything).fetchall()
        connection.execute(f"TRUNCATE {table.model.table}".encode())
        with connection.cursor().copy(table.copy.encode()) as copy:
            copy.write(table.copied(rows))
        assert connection.execute(everything).fetchall() == written
        connection.rollback()


def test_no_rows_are_no_text() -> None:
    assert copy_text([], {"id": "uuid"}) == ""
