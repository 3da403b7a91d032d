from uuid import UUID

import pytest

from domain.errors import RunConflict
from domain.install_run.decisions import reusable
from domain.install_run.events import Target
from tests.domain.facts import CLAUDE, GEMINI, OPENAI, PIN, queued
from tests.kit.specification import folded

RUN = UUID(int=201)
OTHER_RUN = UUID(int=202)


def test_a_run_that_does_exactly_this_is_reused() -> None:
    active = {RUN: folded([queued(OPENAI, CLAUDE)])}
    wanted = frozenset({CLAUDE.id, OPENAI.id})
    assert reusable(active, skill=PIN, providers=wanted, reuse=True) == RUN


def test_without_an_active_run_there_is_nothing_to_reuse() -> None:
    for reuse in (True, False):
        assert reusable({}, skill=PIN, providers=frozenset({OPENAI.id}), reuse=reuse) is None


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
        reusable(active, skill=PIN, providers=frozenset(target.id for target in wanted), reuse=True)
    assert refused.value.extra == {"conflictingRuns": sorted(map(str, active))}


def test_who_wants_no_reuse_is_refused_even_if_a_run_does_exactly_this() -> None:
    active = {RUN: folded([queued(OPENAI)])}
    with pytest.raises(RunConflict) as refused:
        reusable(active, skill=PIN, providers=frozenset({OPENAI.id}), reuse=False)
    assert refused.value.extra == {"conflictingRuns": [str(RUN)]}
