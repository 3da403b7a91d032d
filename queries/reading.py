"""What every query asks of the read models: how far they are, and rows of them."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, Generic, Protocol

from msgspec import Struct

from domain.errors import StoreOffline, WaybillError
from projections.read_model import ReadModel
from projections.rows import Row
from projections.tracking import Standing

# A read waits at most this long for what was stored before it came.
READ_WAIT_SECONDS: Final = 0.5


class Reader(Protocol):
    """All raise StoreOffline."""

    async def wait(self, model: ReadModel[Any], *, position: int | None, timeout_seconds: float) -> bool:
        """Whether the read model has come as far as the position, None: the head as it is now, within the time."""
        ...

    async def fetch(
        self, model: ReadModel[Any], statement: str, values: Mapping[str, object], row: type[Row]
    ) -> Sequence[Row]:
        """The rows of a SELECT. `{columns}` in it stands for the fields of `row`, `{table}` for the read model's table."""
        ...

    async def standing(self) -> Standing: ...


class Answer(Struct, Generic[Row], frozen=True, kw_only=True, rename="camel"):
    """One thing. `stale`: the read model had not come as far as the events when it was read."""

    item: Row
    stale: bool


def require(rows: Sequence[Row], *, stale: bool, missing: WaybillError) -> None:
    """Raises what is missing; or StoreOffline if it may be there and only not here yet."""
    if rows:
        return
    if stale:
        raise StoreOffline("This is not known yet: what is read here is still being brought up to date.")
    raise missing


def only(rows: Sequence[Row], *, stale: bool, missing: WaybillError) -> Answer[Row]:
    """The first row, or what `require` raises."""
    require(rows, stale=stale, missing=missing)
    return Answer(item=rows[0], stale=stale)


async def is_stale(reader: Reader, model: ReadModel[Any], min_position: int | None) -> bool:
    """Wait a moment for the read model; True if that was not enough."""
    return not await reader.wait(model, position=min_position, timeout_seconds=READ_WAIT_SECONDS)


async def any_is_stale(reader: Reader, models: Sequence[ReadModel[Any]], min_position: int | None) -> bool:
    """`is_stale` for read models that are read together: they share the moment."""
    deadline = time.monotonic() + READ_WAIT_SECONDS
    came = [
        await reader.wait(model, position=min_position, timeout_seconds=max(0.0, deadline - time.monotonic()))
        for model in models
    ]
    return not all(came)
