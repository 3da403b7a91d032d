"""What a person may do about a run that has ended, and what is refused because it makes no sense."""

from collections.abc import Callable
from uuid import UUID

import pytest

from domain.errors import Code, RunUnfit
from domain.events import Event
from domain.install_run.events import (
    ProviderRollbackFailed,
    ProviderRolledBack,
    RollbackRequested,
    RunFailed,
    RunPartiallyFailed,
    RunStarted,
    RunSucceeded,
    Target,
    Undo,
)
from domain.install_run.repairs import (
    check_unchanged,
    targets_to_retry,
    targets_to_roll_back,
    undo,
    what_it_replaced,
    what_it_would_replace,
)
from domain.installation.events import InstallationReleased, InstallationWithdrawn
from tests.domain.facts import CLAUDE, DIGEST, GEMINI, OPENAI, failed, queued, started, succeeded
from tests.domain.installation.facts import FIRST_RUN, SECOND_RUN, THIRD_RUN, awaited, changed, removed, reserved
from tests.kit.specification import folded

PARTLY: list[Event] = [
    queued(OPENAI, CLAUDE),
    RunStarted(),
    started(),
    succeeded(),
    started(CLAUDE),
    failed(CLAUDE),
    RunPartiallyFailed(succeeded=1, failures={Code.PROVIDER_TOO_LARGE: 1}),
]
WHOLLY: list[Event] = [
    queued(OPENAI, CLAUDE),
    RunStarted(),
    started(),
    succeeded(),
    started(CLAUDE),
    succeeded(CLAUDE),
    RunSucceeded(succeeded=2),
]
NOT_AT_ALL: list[Event] = [
    queued(OPENAI),
    RunStarted(),
    started(),
    failed(),
    RunFailed(failures={Code.PROVIDER_TOO_LARGE: 1}),
]
ROLLBACK_OF = UUID(int=299)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(RunUnfit) as refusal:
        call()
    return refusal.value.detail


def test_what_failed_is_retried_and_nothing_else() -> None:
    assert targets_to_retry(folded(PARTLY)) == (CLAUDE,)
    assert targets_to_retry(folded(NOT_AT_ALL)) == (OPENAI,)


def test_an_uninstall_that_failed_may_be_retried() -> None:
    assert targets_to_retry(folded([queued(OPENAI, kind="uninstall"), *NOT_AT_ALL[1:]])) == (OPENAI,)


@pytest.mark.parametrize("count", range(1, len(PARTLY)))
def test_a_run_that_has_not_ended_is_not_retried_and_not_rolled_back(count: int) -> None:
    run = folded(PARTLY[:count])
    assert "not ended" in refused(lambda: targets_to_retry(run))
    assert "not ended" in refused(lambda: targets_to_roll_back(run, None))


def test_where_nothing_failed_there_is_nothing_to_retry() -> None:
    assert refused(lambda: targets_to_retry(folded(WHOLLY))) == "Nothing failed in this run."


def test_a_rollback_is_retried_by_rolling_back_again() -> None:
    rollback = [queued(OPENAI, kind="rollback", rollback_of=ROLLBACK_OF), *NOT_AT_ALL[1:]]
    assert str(ROLLBACK_OF) in refused(lambda: targets_to_retry(folded(rollback)))


FIRST_THERE: list[Event] = [reserved(FIRST_RUN, 2), changed(FIRST_RUN, 2)]
FAILED_HERE = [reserved(SECOND_RUN, 2), InstallationReleased(run_id=SECOND_RUN)]
OLD_STANDS: list[Event] = [reserved(FIRST_RUN, 1), changed(FIRST_RUN, 1), *FAILED_HERE]


@pytest.mark.parametrize(
    "happened",
    [
        [],
        FAILED_HERE,
        OLD_STANDS,
        [reserved(FIRST_RUN, 1), awaited(SECOND_RUN, 2), InstallationWithdrawn(run_id=SECOND_RUN)],
        [
            *FIRST_THERE,
            reserved(SECOND_RUN, 3),
            changed(SECOND_RUN, 3, kept=True),
            changed(SECOND_RUN, 2),
        ],
        [
            reserved(FIRST_RUN, 1),
            changed(FIRST_RUN, 1),
            reserved(THIRD_RUN, 3),
            awaited(SECOND_RUN, 2),
            InstallationWithdrawn(run_id=SECOND_RUN),
            InstallationReleased(run_id=THIRD_RUN),
        ],
    ],
    ids=["never there", "nothing there", "an old one", "given up in line", "taken back", "given up in line by two"],
)
def test_a_retry_where_nothing_came_since_is_fine(happened: list[Event]) -> None:
    check_unchanged(SECOND_RUN, folded(happened), OPENAI)


@pytest.mark.parametrize(
    "happened",
    [
        [*FAILED_HERE, reserved(THIRD_RUN, 3), changed(THIRD_RUN, 3)],
        [*OLD_STANDS, reserved(THIRD_RUN, 3), changed(THIRD_RUN, 3)],
    ],
    ids=["where nothing was", "where an old one was"],
)
def test_a_retry_does_not_undo_what_came_since(happened: list[Event]) -> None:
    detail = refused(lambda: check_unchanged(SECOND_RUN, folded(happened), OPENAI))
    assert f"run {THIRD_RUN} has put version 3" in detail


def test_what_was_removed_since_is_not_in_the_way_of_a_retry() -> None:
    happened = [*OLD_STANDS, reserved(THIRD_RUN, 1, removes=True), removed(THIRD_RUN)]
    check_unchanged(SECOND_RUN, folded(happened), OPENAI)


def ids(*targets: Target) -> frozenset[UUID]:
    return frozenset(target.id for target in targets)


def test_what_succeeded_is_rolled_back_or_what_is_asked_for_of_it() -> None:
    assert targets_to_roll_back(folded(PARTLY), None) == (OPENAI,)
    assert targets_to_roll_back(folded(WHOLLY), None) == (OPENAI, CLAUDE)
    assert targets_to_roll_back(folded(WHOLLY), ids(CLAUDE)) == (CLAUDE,)


def test_a_rollback_names_what_it_cannot_take_back() -> None:
    assert "at claude." in refused(lambda: targets_to_roll_back(folded(PARTLY), ids(OPENAI, CLAUDE)))
    assert "one of these" in refused(lambda: targets_to_roll_back(folded(PARTLY), ids(GEMINI)))
    assert "Nothing succeeded" in refused(lambda: targets_to_roll_back(folded(NOT_AT_ALL), None))


@pytest.mark.parametrize("kind", ["uninstall", "rollback"])
def test_only_what_was_installed_is_rolled_back(kind: str) -> None:
    run = folded([queued(OPENAI, CLAUDE, kind=kind), *WHOLLY[1:]])
    assert f"of the kind {kind};" in refused(lambda: targets_to_roll_back(run, None))


ANOTHER = UUID(int=298)
REQUESTED = RollbackRequested(run_id=ANOTHER, undoes=(Undo(provider_id=OPENAI.id), Undo(provider_id=CLAUDE.id)))
UNDONE = ProviderRolledBack(provider_id=OPENAI.id, run_id=ANOTHER)
STILL_THERE = ProviderRollbackFailed(
    provider_id=CLAUDE.id, run_id=ANOTHER, code=Code.PROVIDER_TIMEOUT, message="No answer."
)


def test_a_rollback_that_failed_in_part_is_asked_for_again_for_what_is_left() -> None:
    run = folded([*WHOLLY, REQUESTED, UNDONE, STILL_THERE])
    assert targets_to_roll_back(run, None) == (CLAUDE,)
    assert targets_to_roll_back(run, ids(OPENAI, CLAUDE)) == (CLAUDE,)


def test_what_is_taken_back_already_is_not_taken_back_again() -> None:
    run = folded([*WHOLLY, REQUESTED, UNDONE, STILL_THERE])
    assert "taken back already" in refused(lambda: targets_to_roll_back(run, ids(OPENAI)))


UPGRADED: list[Event] = [
    reserved(SECOND_RUN, 1),
    changed(SECOND_RUN, 1, digest="sha256:one"),
    *FIRST_THERE,
]
SAME_AGAIN: list[Event] = [reserved(SECOND_RUN, 1), changed(SECOND_RUN, 1), *FIRST_THERE]
BACK = Undo(provider_id=OPENAI.id, version=1, digest="sha256:one")


def test_a_rollback_goes_back_to_the_version_before_or_to_nothing() -> None:
    assert undo(FIRST_RUN, folded(UPGRADED), OPENAI) == BACK
    assert undo(FIRST_RUN, folded(FIRST_THERE), OPENAI) == Undo(provider_id=OPENAI.id)


@pytest.mark.parametrize(
    ("happened", "said"),
    [
        ([], "has been removed since"),
        ([*FIRST_THERE, reserved(THIRD_RUN, 2, removes=True), removed(THIRD_RUN)], "has been removed since"),
        ([*FIRST_THERE, reserved(THIRD_RUN, 3), changed(THIRD_RUN, 3)], f"Run {THIRD_RUN} has put version 3"),
        ([*FIRST_THERE, reserved(THIRD_RUN, 3)], f"Run {THIRD_RUN} is at work"),
        ([*FIRST_THERE, reserved(SECOND_RUN, 3), awaited(THIRD_RUN, 4)], f"Run {THIRD_RUN} is at work"),
        (SAME_AGAIN, "changed nothing there"),
    ],
    ids=["never there", "removed", "something else", "somebody at work", "a line", "nothing changed"],
)
def test_a_rollback_of_what_is_not_there_as_it_was_made_is_refused(happened: list[Event], said: str) -> None:
    assert said in refused(lambda: undo(FIRST_RUN, folded(happened), OPENAI))


def test_what_a_run_replaced_is_known_while_its_work_stands() -> None:
    assert what_it_replaced(FIRST_RUN, folded(UPGRADED), OPENAI.id) == BACK
    assert what_it_replaced(SECOND_RUN, folded(UPGRADED), OPENAI.id) is None
    assert what_it_replaced(FIRST_RUN, folded(SAME_AGAIN), OPENAI.id) is None
    assert what_it_replaced(FIRST_RUN, None, OPENAI.id) is None


def test_what_a_run_would_replace_is_what_is_there_now_unless_it_is_the_same() -> None:
    before = folded(UPGRADED[:2])
    assert what_it_would_replace(DIGEST, before, OPENAI.id) == BACK
    assert what_it_would_replace("sha256:one", before, OPENAI.id) is None
    assert what_it_would_replace(DIGEST, folded([reserved(FIRST_RUN, 2)]), OPENAI.id) == Undo(provider_id=OPENAI.id)
    assert what_it_would_replace(DIGEST, None, OPENAI.id) == Undo(provider_id=OPENAI.id)
