"""From times to places on a line: as long as things happen in proportion, and long spells of quiet cut short."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

from msgspec import Struct

# A pause that takes more than this share of the time that is left is cut, the longest first, and so many of them.
QUIET_SHARE: Final = 0.25
BREAKS_MAX: Final = 6
BREAK_WIDTH: Final = 26.0
TICK_WIDTH_MIN: Final = 92.0
TICKS_MAX: Final = 40
STEPS_SECONDS: Final = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600,
    7_200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000,
)  # fmt: skip
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Span = tuple[datetime, datetime]


class Tick(Struct, frozen=True):
    at: datetime
    place: float
    finely: bool


class Piece(Struct, frozen=True, kw_only=True):
    """A stretch of time that is drawn in proportion."""

    since: datetime
    until: datetime
    begin: float
    width: float


class Scale:
    """`breaks` are where time was cut: the places, and how long each cut is."""

    def __init__(self, spans: Iterable[Span], *, width: float) -> None:
        busy = _merged(spans)
        parts = _parts(busy)
        room = width - BREAK_WIDTH * (len(parts) - 1)
        whole = sum(_seconds(part) for part in parts)
        begin = 0.0
        pieces: list[Piece] = []
        for part in parts:
            share = _seconds(part) / whole if whole else 1 / len(parts)
            pieces.append(Piece(since=part[0], until=part[1], begin=begin, width=room * share))
            begin += room * share + BREAK_WIDTH
        self._pieces = tuple(pieces)
        self._seconds_per_place = whole / room
        self.breaks = tuple(
            (former.begin + former.width + BREAK_WIDTH / 2, piece.since - former.until)
            for former, piece in pairwise(pieces)
        )

    @property
    def since(self) -> datetime:
        return self._pieces[0].since

    @property
    def until(self) -> datetime:
        return self._pieces[-1].until

    def place(self, at: datetime) -> float:
        """What lies in a cut is at its begin."""
        index = max(bisect_right(self._pieces, at, key=lambda piece: piece.since) - 1, 0)
        piece = self._pieces[index]
        if piece.until <= piece.since:
            return piece.begin + piece.width / 2
        passed = (min(max(at, piece.since), piece.until) - piece.since) / (piece.until - piece.since)
        return piece.begin + piece.width * passed

    def ticks(self) -> Sequence[Tick]:
        """The first time of each stretch, if there is room, and then round ones between them."""
        step = next(
            (step for step in STEPS_SECONDS if step >= self._seconds_per_place * TICK_WIDTH_MIN), STEPS_SECONDS[-1]
        )
        ticks: list[Tick] = []
        taken: list[float] = []

        def add(at: datetime) -> None:
            place = self.place(at)
            if all(abs(place - other) >= TICK_WIDTH_MIN * 0.8 for other in taken):
                taken.append(place)
                ticks.append(Tick(at, place, step < 1))

        for piece in self._pieces:
            add(piece.since)
        for piece in self._pieces:
            number = int((piece.since - EPOCH) / timedelta(seconds=step)) + 1
            for at in (EPOCH + timedelta(seconds=step) * (number + further) for further in range(TICKS_MAX)):
                if at > piece.until:
                    break
                add(at)
        return ticks


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for since, until in sorted(spans):
        if merged and since <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], until))
        else:
            merged.append((since, until))
    return merged


def _parts(busy: Sequence[Span]) -> list[Span]:
    """The stretches between the longest pauses. Raises ValueError if nothing happened at all."""
    if not busy:
        raise ValueError("there is no time to draw")
    whole = busy[-1][1] - busy[0][0]
    pauses = [(later[0] - former[1], index) for index, (former, later) in enumerate(pairwise(busy))]
    found: list[int] = []
    for pause, index in sorted(pauses, reverse=True)[:BREAKS_MAX]:
        if pause <= whole * QUIET_SHARE:
            break
        found.append(index)
        whole -= pause
    cuts = [-1, *sorted(found), len(busy) - 1]
    return [(busy[first + 1][0], busy[last][1]) for first, last in pairwise(cuts)]


def _seconds(span: Span) -> float:
    return (span[1] - span[0]).total_seconds()
