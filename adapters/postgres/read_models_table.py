"""The table of one read model: its columns, and the statements that read and write whole batches of rows as JSON."""

import re
from collections.abc import Sequence
from functools import cache
from types import GenericAlias
from typing import Any, Final, Generic

import msgspec
from msgspec import Struct
from psycopg import AsyncConnection
from psycopg.rows import DictRow

from adapters.postgres.copying import copy_text
from projections.read_model import ReadModel
from projections.rows import Row

# One list in, one list out: measured as fast as COPY in the server, with a third of its work in this process.
AS_LIST: Final = "SELECT coalesce(json_agg(listed), '[]')::text AS rows FROM ({statement}) AS listed"
STORED: Final = "SELECT {columns} FROM {table} WHERE {key} = ANY(%s)"
STORED_LAST: Final = """
    SELECT last.* FROM unnest(%s::uuid[]) AS wanted (key)
    CROSS JOIN LATERAL (
        SELECT {columns} FROM {table} WHERE {key} = wanted.key ORDER BY position DESC LIMIT 1
    ) AS last
"""
WRITE: Final = "INSERT INTO {table} ({names}) SELECT {fields} FROM json_to_recordset(%s::text::json) AS row ({types})"
COPY: Final = "COPY {table} ({names}) FROM STDIN"
REPLACE: Final = " ON CONFLICT ({key}) DO UPDATE SET ({names}) = ROW ({excluded})"
COLUMN_TYPES: Final = """
    SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
    WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
"""
# An escaped NUL, and not an escaped backslash before the letters of one.
NUL: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


class TableMismatchError(Exception):
    """The table does not have the columns that its row struct has fields."""


@cache
def selected(row: type[Struct]) -> str:
    """The columns of a struct, each under the name that its field has in JSON."""
    return ", ".join(f'"{field.name}" AS "{field.encode_name}"' for field in msgspec.structs.fields(row))


@cache
def list_decoder(row: type[Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(GenericAlias(list, (row,)))


def as_list(statement: str) -> str:
    return AS_LIST.replace("{statement}", statement)


class Table(Generic[Row]):
    """`stored` takes a list of keys, `write` a JSON list of rows, and `copy` the text of new rows. They are composed once.
    `name` is that of another table than the one that is served.
    """

    def __init__(self, model: ReadModel[Row], *, types: dict[str, str], name: str | None = None) -> None:
        fields = msgspec.structs.fields(model.row)
        table = name or model.table
        if types.keys() != {field.name for field in fields}:
            different = types.keys() ^ {field.name for field in fields}
            raise TableMismatchError(f"{table} and {model.row.__name__} differ in {', '.join(sorted(different))}")
        parts = {
            "{table}": table,
            "{key}": str(model.key),
            "{columns}": selected(model.row),
            "{names}": ", ".join(f'"{field.name}"' for field in fields),
            "{fields}": ", ".join(f'"{field.encode_name}"' for field in fields),
            "{types}": ", ".join(f'"{field.encode_name}" {types[field.name]}' for field in fields),
            "{excluded}": ", ".join(f'excluded."{field.name}"' for field in fields),
        }
        self.model = model
        self.stored = _filled(as_list(STORED_LAST if model.append_only else STORED), parts)
        self.write = _filled(WRITE if model.append_only else WRITE + REPLACE, parts)
        self.copy = _filled(COPY, parts)
        self._types = {field.name: types[field.name] for field in fields}

    def decode(self, found: DictRow | None) -> list[Row]:
        rows: list[Row] = list_decoder(self.model.row).decode(found["rows"]) if found else []
        return rows

    def encode(self, rows: Sequence[Row]) -> str:
        """The rows as one JSON list; what Postgres cannot keep in a text is shown as U+FFFD, the event still has it."""
        text = msgspec.json.encode(rows).decode()
        return NUL.sub(r"\1\\ufffd", text) if r"\u0000" in text else text

    def copied(self, rows: Sequence[Row]) -> str:
        """The rows as `copy` takes them, and as `write` would write them."""
        return copy_text(rows, self._types)


async def load_table(
    connection: AsyncConnection[DictRow], model: ReadModel[Any], *, name: str | None = None
) -> Table[Any]:
    """The table as it stands in the database, the one that is served unless another is named. Raises TableMismatchError."""
    cursor = await connection.execute(COLUMN_TYPES, (name or model.table,))
    return Table(model, types={row["name"]: row["type"] for row in await cursor.fetchall()}, name=name)


def _filled(statement: str, parts: dict[str, str]) -> str:
    for name, text in parts.items():
        statement = statement.replace(name, text)
    return statement
