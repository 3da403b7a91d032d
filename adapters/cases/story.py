"""A case as it is told to people: everything that the page shows, in words and in order."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from adapters.cases.lanes import Lane
from domain.evidence.case import Case, Check
from domain.skill.events import ManifestEntry
from projections.install_runs import InstallRun

Proof = Literal["sealed", "unsealed", "withheld"]


class ToldEvent(Struct, frozen=True, kw_only=True):
    """`who` did it, `what` it says in a few words, `data` all of it as JSON on several lines. `run_id` is the run in whose history it
    stands, `provider_id` the target that it is about. Of a `withheld` one only the place in the record is proven.
    """

    position: int
    at: datetime
    name: str
    who: str
    what: str
    data: str
    run_id: UUID | None
    provider_id: UUID | None
    proof: Proof


class ToldRun(Struct, frozen=True, kw_only=True):
    """`sentence`: how it ended, or what it is doing."""

    run: InstallRun
    sentence: str


class Trouble(Struct, frozen=True, kw_only=True):
    """A code with which targets failed: where, what the provider said of it last, and what to do next."""

    code: str
    places: tuple[str, ...]
    said: str
    advice: str


class ToldSkill(Struct, frozen=True, kw_only=True):
    """A version that a run of the case is about. `files` are empty if the case does not hold its publication."""

    name: str
    version: int
    digest: str
    files: tuple[ManifestEntry, ...]


class Story(Struct, frozen=True, kw_only=True):
    """`checks` is None in the page that comes with the case: who has not checked it yet can believe none of it. `pinned`: the
    key that they were made with did not come with the case.
    """

    title: str
    case: Case
    runs: tuple[ToldRun, ...]
    lanes: tuple[Lane, ...]
    events: tuple[ToldEvent, ...]
    troubles: tuple[Trouble, ...]
    skills: tuple[ToldSkill, ...]
    checks: tuple[Check, ...] | None = None
    pinned: bool = False
