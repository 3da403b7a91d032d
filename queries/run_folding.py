"""A run and its installations as they were, folded event by event: as people see them, and as Waybill decides about them."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from domain.events import Recorded
from domain.install_run.state import INSTALL_RUN
from domain.installation.state import INSTALLATION
from projections.install_runs import INSTALL_RUNS, InstallRun, InstallRunRow
from projections.installations import INSTALLATIONS, InstallationRow
from projections.read_model import ReadModel, UnknownEventError
from projections.rows import ImpossibleHistoryError, Row
from queries.run_streams import PairStream, RunStreams

RUN: Final = "run"
STATE: Final = "state"
INSTALLATION_OF: Final = "installation:{name}"

Json = dict[str, Any]


class InstallationThen(InstallationRow, frozen=True, kw_only=True, rename="camel"):
    """The row of the read model, and what is decided by besides: `waiting` are the runs that wait their turn, and from
    `doubtful_since` on one of `doubtful_versions` may have been put there without anybody knowing.
    """

    name: str
    waiting: tuple[UUID, ...]
    doubtful_since: datetime | None
    doubtful_versions: tuple[int, ...]


class BrokenRows(Struct, frozen=True, kw_only=True, rename="camel"):
    """The read model cannot take this event, nor what follows it: `of` is as in a change."""

    of: str
    model: Literal["install_runs", "installations"]
    position: int
    message: str


class RunFolding:
    """Takes the events of a run's streams, one after the other. What a read model cannot take ends its rows, and nothing else."""

    def __init__(self, streams: RunStreams) -> None:
        self._run_id = streams.run_id
        self._pairs: Mapping[UUID, PairStream] = {pair.id: pair for pair in streams.pairs}
        self._row: InstallRunRow | None = None
        self._state: Any = None
        self._rows: dict[UUID, InstallationRow | None] = {}
        self._states: dict[UUID, Any] = {}
        self._broken: dict[str, BrokenRows] = {}

    def take(self, recorded: Recorded) -> tuple[str, ...]:
        """What may have changed with it, as in a change's `of`."""
        if recorded.stream == self._run_id:
            self._state = INSTALL_RUN.evolve(self._state, recorded.event)
            self._row = self._projected(INSTALL_RUNS, recorded, self._row, of=RUN)
            return (RUN, STATE)
        pair = self._pairs[recorded.stream]
        of = INSTALLATION_OF.format(name=pair.name)
        self._states[pair.id] = INSTALLATION.evolve(self._states.get(pair.id), recorded.event)
        self._rows[pair.id] = self._projected(INSTALLATIONS, recorded, self._rows.get(pair.id), of=of)
        return (of,)

    @property
    def run(self) -> InstallRun | None:
        if self._row is None:
            return None
        return InstallRun(**{name: getattr(self._row, name) for name in InstallRun.__struct_fields__})

    @property
    def state(self) -> Json | None:
        state: Json | None = msgspec.to_builtins(self._state, order="deterministic")
        return state

    @property
    def installations(self) -> tuple[InstallationThen, ...]:
        """In the order of the run's targets; one where nobody has ever been at work is not among them."""
        found = (self._installation(pair) for pair in self._pairs.values())
        return tuple(installation for installation in found if installation is not None)

    @property
    def broken(self) -> tuple[BrokenRows, ...]:
        return tuple(self._broken.values())

    def shown(self, of: str) -> Any:
        """As JSON has it, None if it is not there."""
        if of == RUN:
            return msgspec.to_builtins(self.run)
        if of == STATE:
            return self.state
        name = of.partition(":")[2]
        return msgspec.to_builtins(next((one for one in self.installations if one.name == name), None))

    def _installation(self, pair: PairStream) -> InstallationThen | None:
        row, state = self._rows.get(pair.id), self._states.get(pair.id)
        if row is None or state is None:
            return None
        return InstallationThen(
            **{name: getattr(row, name) for name in InstallationRow.__struct_fields__},
            name=pair.name,
            waiting=tuple(claim.run_id for claim in state.waiting),
            doubtful_since=state.doubtful_since,
            doubtful_versions=tuple(sorted(state.doubtful_versions)),
        )

    def _projected(self, model: ReadModel[Row], recorded: Recorded, before: Row | None, *, of: str) -> Row | None:
        if of in self._broken:
            return None
        stored = () if before is None else (before,)
        try:
            (row,) = model.fold((recorded,), touched=model.touched((recorded,)), stored=stored)
        except (ImpossibleHistoryError, UnknownEventError, LookupError) as error:
            name: Any = model.name
            self._broken[of] = BrokenRows(of=of, model=name, position=recorded.position, message=str(error))
            return None
        return row


def leaves_of(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in it that holds no others, by its JSON pointer; null and what is empty are as good as absent."""
    match value:
        case dict():
            for name, inner in value.items():
                yield from leaves_of(inner, f"{path}/{_escaped(str(name))}")
        case list() | tuple():
            for index, inner in enumerate(value):
                yield from leaves_of(inner, f"{path}/{index}")
        case None:
            return
        case _:
            yield path, value


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
