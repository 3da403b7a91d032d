"""A case: what is taken along of an incident, so that it can be looked at and checked where there is no database."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from domain.evidence.leaf import StoredEvent

FORM: Final = "waybill.case/1"
RUNS_MAX: Final = 100
EVENTS_MAX: Final = 10_000
BYTES_MAX: Final = 128 * 1024 * 1024


class CaseScope(Struct, frozen=True, kw_only=True, rename="camel"):
    """What was asked for: these runs; or everything from `since` on, the first included, until `until`, which is not."""

    runs: tuple[UUID, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


class CaseEvent(Struct, frozen=True, kw_only=True):
    """An event as it is stored; or, `withheld`, only the hash of its leaf, because something in it is nobody's business.

    `path` leads from its leaf to the root of the checkpoint; None: no checkpoint covers it.
    """

    stored: StoredEvent
    withheld: bytes | None = None
    path: tuple[bytes, ...] | None = None

    @property
    def position(self) -> int:
        return self.stored.position

    @property
    def leaf(self) -> bytes:
        return self.stored.leaf if self.withheld is None else self.withheld


class CaseRows(Struct, frozen=True, kw_only=True):
    """Rows of a read model as they were read, each as JSON; `position` is how far the read model had come at least."""

    generation: int
    position: int
    rows: tuple[bytes, ...]


class Exported(Struct, frozen=True, kw_only=True, rename="camel"):
    """`by` is the id of a key, `name` what it is called; `position` is that of the event that says so."""

    at: datetime
    by: str
    name: str
    request_id: str
    position: int


class Case(Struct, frozen=True, kw_only=True):
    """`events` are in the order of their positions, the newest at most at `up_to_position`. `software` is what ran the API,
    `settings` the ones that matter and are no secret. `note` is the checkpoint, `public_key` the notary's.
    """

    scope: CaseScope
    exported: Exported
    up_to_position: int
    events: tuple[CaseEvent, ...]
    rows: Mapping[str, CaseRows]
    software: Mapping[str, str]
    settings: Mapping[str, Any]
    note: str | None
    public_key: str | None


class Check(Struct, frozen=True, kw_only=True):
    """One thing that was looked at in a case, and how it was found. `findings` are what is wrong, the first ones of it."""

    name: str
    passed: bool
    said: str
    findings: tuple[str, ...] = ()
