"""Who asks for a repair once more, or for what somebody else is at, is told of the run that there is."""

from uuid import UUID

import pytest

from domain.errors import Code, RunConflict, RunUnfit
from domain.events import Event
from domain.install_run.events import (
    ProviderRolledBack,
    RollbackRequested,
    RunFailed,
    RunPartiallyFailed,
    RunStarted,
    RunSucceeded,
    Undo,
)
from domain.install_run.repairs import check_nobody_at_it, check_retry_stands, is_taken_back_by
from domain.install_run.state import Aim
from domain.installation.state import Installation
from tests.domain.facts import CLAUDE, DIGEST, OPENAI, failed, queued, started, succeeded
from tests.domain.installation.facts import FIRST_RUN, SECOND_RUN, awaited, changed, released, reserved
from tests.kit.specification import folded

INSTALLS = Aim(version=2, digest=DIGEST, removes=False)
REMOVES = Aim(version=2, digest=DIGEST, removes=True)
BEGUN: list[Event] = [queued(OPENAI), RunStarted(), started()]
BOTH: list[Event] = [
    queued(OPENAI, CLAUDE),
    RunStarted(),
    started(),
    succeeded(),
    started(CLAUDE),
    succeeded(CLAUDE),
    RunSucceeded(succeeded=2),
]


@pytest.mark.parametrize(
    "end", [[], [succeeded(), RunSucceeded(succeeded=1)]], ids=["it is under way", "it has succeeded"]
)
def test_a_retry_stands_as_long_as_it_has_not_failed(end: list[Event]) -> None:
    check_retry_stands(FIRST_RUN, folded([*BEGUN, *end]))


@pytest.mark.parametrize(
    "end",
    [
        [failed(), RunFailed(failures={Code.PROVIDER_TOO_LARGE: 1})],
        [failed(), RunPartiallyFailed(succeeded=1, failures={Code.PROVIDER_TOO_LARGE: 1})],
    ],
    ids=["failed", "failed in part"],
)
def test_of_a_retry_that_failed_the_retry_is_to_be_asked_for(end: list[Event]) -> None:
    with pytest.raises(RunUnfit, match=f"Run {FIRST_RUN} .* retry that one"):
        check_retry_stands(FIRST_RUN, folded([*BEGUN, *end]))


@pytest.mark.parametrize(
    ("history", "aim"),
    [
        ([reserved(FIRST_RUN, 2)], INSTALLS),
        ([reserved(SECOND_RUN, 3), awaited(FIRST_RUN, 2)], INSTALLS),
        ([reserved(FIRST_RUN, 2, removes=True)], REMOVES),
        ([reserved(FIRST_RUN, 1, removes=True)], REMOVES),
    ],
    ids=["at work", "the last in line", "removing", "removing another version"],
)
def test_the_run_that_is_at_the_same_already_is_named(history: list[Event], aim: Aim) -> None:
    with pytest.raises(RunConflict) as refused:
        check_nobody_at_it(folded(history), OPENAI, aim)
    assert refused.value.extra == {"conflictingRuns": [str(FIRST_RUN)]}


@pytest.mark.parametrize(
    ("history", "aim"),
    [
        ([reserved(FIRST_RUN, 3)], INSTALLS),
        ([reserved(FIRST_RUN, 2), awaited(SECOND_RUN, 3)], INSTALLS),
        ([reserved(FIRST_RUN, 2, removes=True)], INSTALLS),
        ([reserved(FIRST_RUN, 2)], REMOVES),
        ([reserved(FIRST_RUN, 2), released(FIRST_RUN)], INSTALLS),
        ([reserved(FIRST_RUN, 2), changed(FIRST_RUN, 2)], INSTALLS),
    ],
    ids=["another version", "followed by another", "removed", "installed", "given up", "done"],
)
def test_nobody_else_is_in_the_way(history: list[Event], aim: Aim) -> None:
    installation: Installation = folded(history)
    check_nobody_at_it(installation, OPENAI, aim)
    check_nobody_at_it(None, OPENAI, aim)


def taken_back(*providers: UUID) -> list[Event]:
    undoes = tuple(Undo(provider_id=provider_id) for provider_id in providers)
    back = [ProviderRolledBack(provider_id=provider_id, run_id=FIRST_RUN) for provider_id in providers]
    return [*BOTH, RollbackRequested(run_id=FIRST_RUN, undoes=undoes), *back]


@pytest.mark.parametrize(
    ("done", "by", "wanted", "is_done"),
    [
        ((OPENAI, CLAUDE), (OPENAI, CLAUDE), None, True),
        ((OPENAI, CLAUDE), (OPENAI, CLAUDE), frozenset({CLAUDE.id}), True),
        ((OPENAI,), (OPENAI, CLAUDE), None, False),
        ((OPENAI,), (OPENAI, CLAUDE), frozenset({OPENAI.id}), True),
        ((OPENAI,), (OPENAI, CLAUDE), frozenset({CLAUDE.id}), False),
        ((OPENAI, CLAUDE), (CLAUDE,), None, False),
        ((OPENAI, CLAUDE), (CLAUDE,), frozenset({OPENAI.id}), False),
        ((OPENAI, CLAUDE), (CLAUDE,), frozenset({CLAUDE.id}), True),
    ],
    ids=["all", "a part of all", "one is left", "the one", "the other", "the last one", "an earlier one", "just it"],
)
def test_a_rollback_stands_for_what_it_has_taken_back(
    done: tuple[object, ...], by: tuple[object, ...], wanted: frozenset[UUID] | None, *, is_done: bool
) -> None:
    providers = [target.id for target in (OPENAI, CLAUDE) if target in done]
    targets = [target for target in (OPENAI, CLAUDE) if target in by]
    rollback = folded([queued(*targets, kind="rollback", rollback_of=SECOND_RUN)])
    assert is_taken_back_by(folded(taken_back(*providers)), rollback, wanted) is is_done
