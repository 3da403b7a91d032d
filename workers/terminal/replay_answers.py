"""The server's answers about the past of a run, as much of them as is shown."""

from datetime import datetime
from typing import Any

from msgspec import field

from workers.terminal.answers import Answered, Named, Run


class BrokenRows(Answered, frozen=True, kw_only=True):
    model: str
    position: int
    message: str


class InstallationThen(Answered, frozen=True, kw_only=True):
    """`active_run_id` holds the slot, and those in `waiting` come after it."""

    name: str
    live: bool
    version: int
    drift: str = "none"
    run_id: str | None = None
    active_run_id: str | None = None
    waiting: tuple[str, ...] = ()
    doubtful_since: datetime | None = None
    doubtful_versions: tuple[int, ...] = ()


class RunState(Answered, frozen=True, kw_only=True):
    """`state` is what decisions were made by; its members may be others in another version."""

    position: int
    at: datetime | None
    run: Run | None
    events: int
    state: dict[str, Any] = field(default_factory=dict)
    installations: tuple[InstallationThen, ...] = ()
    broken: tuple[BrokenRows, ...] = ()


class Moment(Answered, frozen=True, kw_only=True):
    position: int
    at: datetime | None = None


class NamedEvent(Answered, frozen=True, kw_only=True):
    position: int
    event: str
    at: datetime


class Change(Answered, frozen=True, kw_only=True):
    """`path` is a JSON pointer into what it is a change `of`."""

    path: str
    of: str
    before: Any = None
    after: Any = None
    event: NamedEvent
    times: int = 1


class RunDiff(Answered, frozen=True, kw_only=True):
    from_: Moment = field(name="from")
    to: Moment
    changes: tuple[Change, ...]
    events: tuple[NamedEvent, ...] = ()
    broken: tuple[BrokenRows, ...] = ()


class CauseLink(Answered, frozen=True, kw_only=True):
    """What an event rests on outside of the tree."""

    because: str
    id: str | None = None
    run_id: str | None = None
    position: int | None = None
    event: str | None = None
    at: datetime | None = None
    say: dict[str, Any] | None = None


class CauseNode(Answered, frozen=True, kw_only=True):
    position: int
    event: str
    at: datetime
    actor: Named
    because: str
    run_id: str | None = None
    provider: str | None = None
    after_seconds: float | None = None
    spent: str | None = None
    slow: bool = False
    critical: bool = False
    say: dict[str, Any] = field(default_factory=dict)
    also: tuple[CauseLink, ...] = ()
    children: tuple["CauseNode", ...] = ()


class RunCauses(Answered, frozen=True, kw_only=True):
    run: Run | None
    roots: tuple[CauseNode, ...]
    omitted: int = 0
    stale: bool = False
