"""The rows of the read models that go with an incident, and what they should be by its events."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from domain.events import Recorded, UnknownEvent
from projections.alerts import ALERTS
from projections.audit_log import AUDIT_LOG
from projections.install_runs import INSTALL_RUNS
from projections.installations import INSTALLATIONS
from projections.providers import PROVIDERS
from projections.read_model import ReadModel
from projections.rows import ImpossibleHistoryError
from projections.skills import SKILLS

CASE_MODELS: Final[tuple[ReadModel[Any], ...]] = (
    SKILLS,
    PROVIDERS,
    INSTALL_RUNS,
    INSTALLATIONS,
    ALERTS,
    AUDIT_LOG,
)
SHOWN_CHARS_MAX: Final = 120


class Comparison(Struct, frozen=True, kw_only=True):
    """`differing` says which row, and where it is not what the events say. `left_out`: rows whose events are not all there."""

    compared: int
    left_out: int
    differing: tuple[str, ...]


def keys_of(model: ReadModel[Any], events: Sequence[Recorded]) -> list[UUID] | list[int]:
    """Those of the rows that tell of these events: positions of a read model that only adds rows."""
    taken = [recorded for recorded in events if type(recorded.event) in model.events]
    if model.append_only:
        return [recorded.position for recorded in taken]
    return sorted(model.touched(taken))


def compare(
    model: ReadModel[Any],
    events: Sequence[Recorded],
    rows: Sequence[bytes],
    *,
    position: int,
    positions: Collection[int],
) -> Comparison:
    """With what the read model's own fold makes of the events. `position` is how far the read model had come at least; a row may
    be newer, and then says so. `positions` are those of all events, also of the ones that cannot be read.
    """
    try:
        found = [msgspec.json.decode(row, type=model.row) for row in rows]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _impossible(f"a row cannot be read: {error}")
    known = [one for one in events if not isinstance(one.event, UnknownEvent)]
    whole = _whole_streams(known)
    told = [one for one in known if one.stream in whole]
    column = "position" if model.append_only else str(model.key)
    by_key = {getattr(row, column): row for row in found}
    try:
        expected = _expected(model, told, by_key, column=column, position=position)
        possible = set(positions if model.append_only else keys_of(model, known))
    except (ImpossibleHistoryError, LookupError, AssertionError) as error:
        return _impossible(f"the events tell what cannot be: {error}")
    differing = [
        f"{model.name} {key}: {said}" for key, row in expected.items() for said in _different(by_key.get(key), row)
    ]
    strange = [key for key in by_key if key not in expected]
    differing += [f"{model.name} {key}: no event here tells of it" for key in strange if key not in possible]
    left_out = sum(key in possible for key in strange)
    return Comparison(compared=len(expected), left_out=left_out, differing=tuple(differing))


def _expected(
    model: ReadModel[Any], events: Sequence[Recorded], rows: Mapping[Any, Any], *, column: str, position: int
) -> dict[Any, Any]:
    """Each row as it was when it was read, which is not the same moment for all."""
    if model.append_only:
        folded = model.fold(events, touched=model.touched(events), stored=())
        return {row.position: row for row in folded if row.position <= position or row.position in rows}
    by_key: dict[UUID, list[Recorded]] = {}
    for recorded in events:
        if type(recorded.event) in model.events:
            for key in model.keys(recorded):
                by_key.setdefault(key, []).append(recorded)
    expected: dict[Any, Any] = {}
    for key, of_key in by_key.items():
        newest = max(position, rows[key].position) if key in rows else position
        told = [one for one in of_key if one.position <= newest]
        for row in model.fold(told, touched=(key,), stored=()):
            expected[getattr(row, column)] = row
    return expected


def _impossible(said: str) -> Comparison:
    return Comparison(compared=0, left_out=0, differing=(said,))


def _whole_streams(events: Sequence[Recorded]) -> frozenset[UUID]:
    """Those of which no event is missing between the first that ever was and the last that is here."""
    versions: dict[UUID, list[int]] = {}
    for recorded in events:
        versions.setdefault(recorded.stream, []).append(recorded.version)
    return frozenset(stream for stream, found in versions.items() if sorted(found) == list(range(1, len(found) + 1)))


def _different(found: Any, expected: Any) -> Iterator[str]:
    if found is None:
        yield "it is missing"
        return
    for name in expected.__struct_fields__:
        if (is_now := getattr(found, name)) != (should := getattr(expected, name)):
            yield f"{name} is {_short(is_now)}, and by the events {_short(should)}"


def _short(value: Any) -> str:
    written = msgspec.json.encode(value).decode()
    return written if len(written) <= SHOWN_CHARS_MAX else f"{written[: SHOWN_CHARS_MAX - 1]}…"
