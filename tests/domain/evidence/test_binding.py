"""What was signed before a restore: excused where the store says so, and nowhere else."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters.memory.evidence import MemoryStoredEvents
from domain.evidence.binding import bind
from domain.evidence.leaf import StoredEvent
from domain.evidence.verdict import FindingKind, Restore, until
from domain.evidence.verifying import Found
from tests.domain.evidence.logs import (
    FORMER_STORE,
    NOON,
    STORE,
    Trial,
    altered,
    few,
    findings,
    first,
    leaves_of,
    log_of,
    logs,
    nothing_to_see,
    renumbered,
    sealed,
    signed,
    stored,
)


def restored(position: int) -> Restore:
    return Restore(position=position, at=NOON + timedelta(days=1))


def after_a_restore(before: Sequence[StoredEvent], *, kept: int, more: int) -> list[StoredEvent]:
    """What was kept, the event that says so, and what came after."""
    anew = [stored(3000 + each, at=NOON + timedelta(days=1, seconds=each)) for each in range(more + 1)]
    return renumbered([*before[:kept], *anew])


@few
@given(before=logs(), data=st.data())
def test_what_a_store_has_forgotten_and_says_so_is_told_and_no_finding(before: Trial, data: st.DataObject) -> None:
    kept = data.draw(st.integers(0, len(before.events) - 1))
    events = after_a_restore(before.events, kept=kept, more=3)
    former = [signed(before.events, checkpoint.size, store=FORMER_STORE) for checkpoint in before.checkpoints]
    newer = signed(events, len(events), store=STORE)
    after = Trial(events=events, checkpoints=[*former, newer], restores=[restored(kept + 1)], folder=leaves_of(events))
    assert findings(after) == ()
    forgotten = sealed(before) if sealed(before) > kept else None
    assert after.binding.restores == (replace(restored(kept + 1), forgotten_until=forgotten),)
    not_said = replace(after, restores=(), checkpoints=former)
    if forgotten:
        oldest = min(checkpoint.size for checkpoint in former if checkpoint.size > kept)
        assert first(replace(after, strict=former)) == (
            FindingKind.ROLLED_BACK,
            kept + 1,
            until(kept + 1, oldest),
        )
        assert findings(not_said) != ()
    else:
        assert findings(replace(after, strict=former)) == ()


@few
@given(before=logs(least=6), data=st.data())
def test_a_restore_excuses_nothing_from_before_it(before: Trial, data: st.DataObject) -> None:
    kept = data.draw(st.integers(2, sealed(before) - 1))
    position = data.draw(st.integers(1, kept))
    events = after_a_restore(before.events, kept=kept, more=3)
    events[position - 1] = altered(events[position - 1])
    former = [signed(before.events, size, store=FORMER_STORE) for size in range(1, sealed(before) + 1)]
    after = Trial(events=events, checkpoints=former, restores=[restored(kept + 1)], folder=leaves_of(before.events))
    assert first(after) == (FindingKind.CHANGED, position, None)


def test_a_restore_excuses_only_what_was_signed_before_it() -> None:
    events = log_of(30)
    early = Restore(position=5, at=NOON)
    checkpoints = [signed(events, size, store=FORMER_STORE) for size in (10, 20, 30)]
    events[11] = altered(events[11])
    after = Trial(events=events, checkpoints=checkpoints, restores=[early], folder=leaves_of(log_of(30)))
    assert first(after) == (FindingKind.CHANGED, 12, None)


def test_the_largest_of_what_was_forgotten_is_told() -> None:
    events = log_of(30)
    former = [signed(events, size, store=FORMER_STORE) for size in (30, 10, 20)]
    bound = bind(former, store=STORE, restores=[restored(5)])
    assert bound.restores == (replace(restored(5), forgotten_until=30),)
    assert (bound.checkpoints, bound.size, bound.findings) == ((), 0, ())


def test_what_is_stored_while_somebody_looks_is_left_to_the_next_time() -> None:
    async def read_all() -> list[int]:
        found = Found(MemoryStoredEvents(log_of(9)), last=6, examine=nothing_to_see, progress=lambda _: None)
        return [event.position for event in await found.peek(9)]

    assert asyncio.run(read_all()) == [1, 2, 3, 4, 5, 6]
