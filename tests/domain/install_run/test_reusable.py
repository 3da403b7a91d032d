"""Who asks for what a run is at already gets that run, if nothing that came later undoes a part of it."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import pytest

from domain.errors import RunConflict
from domain.events import Event
from domain.install_run.decisions import last_words, reusable
from domain.install_run.events import RunStarted, Target
from domain.installation.events import (
    InstallationAwaited,
    InstallationChanged,
    InstallationReleased,
    InstallationRemoved,
    InstallationReserved,
)
from domain.installation.state import Installation
from tests.domain.facts import (
    CLAUDE,
    DIGEST,
    GEMINI,
    OPENAI,
    PIN,
    RECEIPT,
    SKILL_ID,
    failed,
    queued,
    started,
    succeeded,
)
from tests.kit.specification import folded

RUN = UUID(int=201)
OTHER_RUN = UUID(int=202)
EARLIER_RUN = UUID(int=200)


def holds(run_id: UUID, *, version: int = PIN.version, removes: bool = False) -> Event:
    return InstallationReserved(
        run_id=run_id, skill_id=SKILL_ID, provider_id=OPENAI.id, version=version, removes=removes
    )


def waits(run_id: UUID, *, version: int = PIN.version, removes: bool = False) -> Event:
    return InstallationAwaited(run_id=run_id, version=version, removes=removes)


def changes(run_id: UUID, *, version: int = PIN.version) -> Event:
    return InstallationChanged(
        run_id=run_id,
        skill_id=SKILL_ID,
        provider_id=OPENAI.id,
        version=version,
        digest=DIGEST,
        receipt=RECEIPT,
    )


def removes(run_id: UUID) -> Event:
    return InstallationRemoved(run_id=run_id, skill_id=SKILL_ID, provider_id=OPENAI.id)


def releases(run_id: UUID) -> Event:
    return InstallationReleased(run_id=run_id)


def pairs(**events: Sequence[Event]) -> Mapping[UUID, Installation]:
    """What has happened at which provider, by its name."""
    ids = {target.name: target.id for target in (OPENAI, CLAUDE, GEMINI)}
    return {ids[name]: folded(happened) for name, happened in events.items()}


def ids(*targets: Target) -> frozenset[UUID]:
    return frozenset(target.id for target in targets)


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        ([holds(RUN)], {RUN}),
        ([holds(RUN, version=1)], set()),
        ([holds(RUN), waits(OTHER_RUN, version=1)], set()),
        ([holds(RUN, version=1), waits(OTHER_RUN)], {OTHER_RUN}),
        ([holds(RUN, removes=True)], set()),
        ([holds(RUN), waits(OTHER_RUN, removes=True)], set()),
        ([holds(RUN, removes=True), waits(OTHER_RUN)], {OTHER_RUN}),
        ([holds(RUN), changes(RUN)], set()),
        ([holds(RUN), releases(RUN)], set()),
    ],
    ids=[
        "at work",
        "another version at work",
        "another version waits behind it",
        "it waits behind another version",
        "its removal",
        "its removal waits behind it",
        "it waits behind its removal",
        "it is done",
        "it was given up",
    ],
)
def test_the_last_word_on_a_pair_has_who_claimed_it_last(happened: list[Event], expected: set[UUID]) -> None:
    assert last_words(pairs(openai=happened), version=PIN.version) == expected


def test_last_words_are_gathered_from_all_pairs() -> None:
    both = pairs(openai=[holds(RUN)], claude=[holds(OTHER_RUN)], gemini=[holds(RUN)])
    assert last_words(both, version=PIN.version) == {RUN, OTHER_RUN}
    assert last_words({}, version=PIN.version) == frozenset()


def test_a_run_that_does_exactly_this_is_reused() -> None:
    active = {RUN: folded([queued(OPENAI, CLAUDE)])}
    held = pairs(openai=[holds(RUN)], claude=[holds(RUN)])
    assert reusable(active, skill=PIN, providers=ids(CLAUDE, OPENAI), pairs=held, reuse=True) == RUN


def test_a_refused_target_has_no_pair_and_counts_all_the_same() -> None:
    active = {RUN: folded([queued(OPENAI, CLAUDE)])}
    held = pairs(openai=[holds(RUN)])
    assert reusable(active, skill=PIN, providers=ids(OPENAI, CLAUDE), pairs=held, reuse=True) == RUN
    with pytest.raises(RunConflict):
        reusable(active, skill=PIN, providers=ids(OPENAI), pairs=held, reuse=True)


def test_without_an_active_run_there_is_nothing_to_reuse() -> None:
    for reuse in (True, False):
        assert reusable({}, skill=PIN, providers=ids(OPENAI), pairs={}, reuse=reuse) is None


@pytest.mark.parametrize(
    ("of_others", "wanted"),
    [
        ([(OPENAI, CLAUDE)], (OPENAI,)),
        ([(OPENAI,)], (OPENAI, CLAUDE)),
        ([(OPENAI, CLAUDE)], (OPENAI, GEMINI)),
        ([(OPENAI,), (CLAUDE,)], (OPENAI, CLAUDE)),
        ([(OPENAI, CLAUDE), (CLAUDE,)], (OPENAI, CLAUDE)),
    ],
    ids=["a part of one", "more than one", "overlap", "several together", "exactly one, and another"],
)
def test_runs_that_do_only_a_part_of_it_are_in_the_way(
    of_others: list[tuple[Target, ...]], wanted: tuple[Target, ...]
) -> None:
    active = {
        run: folded([queued(*run_targets)]) for run, run_targets in zip((RUN, OTHER_RUN), of_others, strict=False)
    }
    with pytest.raises(RunConflict) as refused:
        reusable(active, skill=PIN, providers=ids(*wanted), pairs={}, reuse=True)
    assert refused.value.extra == {"conflictingRuns": sorted(map(str, active))}


# What became of the run's own part at OpenAI, while it is still at work at Claude.
SUCCEEDED = [RunStarted(), started(), succeeded()]
FAILED = [RunStarted(), started(), failed()]


@pytest.mark.parametrize(
    ("so_far", "at_openai", "reused"),
    [
        (SUCCEEDED, [holds(RUN), changes(RUN)], True),
        (FAILED, [holds(RUN), releases(RUN)], True),
        (FAILED, [holds(EARLIER_RUN), changes(EARLIER_RUN), holds(RUN), releases(RUN)], True),
        ([], [holds(RUN), waits(OTHER_RUN, version=3)], False),
        (SUCCEEDED, [holds(RUN), changes(RUN), holds(OTHER_RUN, version=3)], False),
        (SUCCEEDED, [holds(RUN), changes(RUN), holds(OTHER_RUN, version=3), changes(OTHER_RUN, version=3)], False),
        (SUCCEEDED, [holds(RUN), changes(RUN), holds(OTHER_RUN, version=3), releases(OTHER_RUN)], True),
        (SUCCEEDED, [holds(RUN), changes(RUN), holds(OTHER_RUN, removes=True), removes(OTHER_RUN)], False),
    ],
    ids=[
        "it is live",
        "it failed",
        "it failed and left what was there",
        "another version waits behind it",
        "another version is at work after it",
        "another version is live after it",
        "another version failed after it",
        "it was removed after it",
    ],
)
def test_a_run_whose_part_was_overtaken_at_one_provider_is_in_the_way_and_not_reused(
    so_far: list[Event], at_openai: list[Event], *, reused: bool
) -> None:
    active = {RUN: folded([queued(OPENAI, CLAUDE), *so_far])}
    held = pairs(openai=at_openai, claude=[holds(RUN)])
    if reused:
        assert reusable(active, skill=PIN, providers=ids(OPENAI, CLAUDE), pairs=held, reuse=True) == RUN
    else:
        with pytest.raises(RunConflict):
            reusable(active, skill=PIN, providers=ids(OPENAI, CLAUDE), pairs=held, reuse=True)


def test_who_wants_no_reuse_is_refused_even_if_a_run_does_exactly_this() -> None:
    active = {RUN: folded([queued(OPENAI)])}
    with pytest.raises(RunConflict) as refused:
        reusable(active, skill=PIN, providers=ids(OPENAI), pairs=pairs(openai=[holds(RUN)]), reuse=False)
    assert refused.value.extra == {"conflictingRuns": [str(RUN)]}
