"""What lists are filtered by: the types of filters, and the WHERE that is put together from those that were given."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta

from domain.errors import BadRequest, Problem

FILTER_CHARS_MAX: Final = 200
ID_DIGITS: Final = 32
# Fewer digits of an id are as likely to be a part of a name.
ID_DIGITS_MIN: Final = 8
DIGITS: Final = re.compile(r"[0-9a-f]+")

Text = Annotated[str, Meta(min_length=1, max_length=FILTER_CHARS_MAX)]
# What a person types who looks for something; it is more than spaces.
Search = Annotated[str, Meta(min_length=1, max_length=FILTER_CHARS_MAX, pattern=r"\S")]
# Without its zone nobody knows which moment is meant.
Moment = Annotated[datetime, Meta(tz=True)]


class Filters:
    """Conditions that must all hold, and the values that stand in them as `%(name)s`."""

    def __init__(self) -> None:
        self._conditions: list[str] = []
        self._values: dict[str, object] = {}

    def add(self, condition: str, **values: object) -> None:
        self._conditions.append(condition)
        self._values |= {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    def add_given(self, condition: str, **values: object) -> None:
        """Only if none of its values is None or empty."""
        if all(value is not None and value != () for value in values.values()):
            self.add(condition, **values)

    def add_any_of(self, column: str, values: tuple[object, ...]) -> None:
        """One of these, if there are any. A single one, unlike a list, lets an index give the rows in order."""
        if len(values) == 1:
            self.add(f"{column} = %({column})s", **{column: values[0]})
        else:
            self.add_given(f"{column} = ANY(%({column})s)", **{column: values})

    def add_times(self, column: str, *, since: datetime | None, until: datetime | None) -> None:
        """The first is included, the second is not. Raises BadRequest."""
        if since is not None and until is not None and until < since:
            problem = Problem(pointer="?until", message="must not be before since")
            raise BadRequest("Nothing happens from a time until one before it.", problems=(problem,))
        self.add_given(f"{column} >= %(since)s", since=since)
        self.add_given(f"{column} < %(until)s", until=until)

    def into(self, statement: str) -> str:
        """The statement with `{where}` filled in."""
        return statement.replace("{where}", " AND ".join(self._conditions) or "true")

    def values(self, *, limit: int, **more: object) -> Mapping[str, object]:
        return self._values | more | {"limit": limit}


def containing(text: str) -> str:
    """The pattern of ILIKE for what has this text in it somewhere."""
    escaped = text.strip().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"


def ids_beginning(text: str) -> tuple[UUID, UUID] | None:
    """The first and the last id that begin like this text; None if no id does, or it is too short to mean one."""
    digits = text.strip().lower().replace("-", "")
    if not (DIGITS.fullmatch(digits) and ID_DIGITS_MIN <= len(digits) <= ID_DIGITS):
        return None
    return UUID(digits.ljust(ID_DIGITS, "0")), UUID(digits.ljust(ID_DIGITS, "f"))
