"""Targets of which nothing is heard: a lease expires, a time is over, a connection goes out of use, a ticket is lost."""

import pytest

from domain.errors import Code
from domain.events import Event
from domain.install_run import decisions
from domain.install_run.decisions import OVERDUE, overdue
from domain.install_run.events import ProviderRescued, RunFailed, RunPartiallyFailed, RunStarted, RunSucceeded
from domain.install_run.policy import Policy
from domain.install_run.state import InstallRun
from tests.domain.facts import (
    CLAUDE,
    GEMINI,
    LEASE_UNTIL,
    NOON,
    OPENAI,
    SECOND,
    after,
    failed,
    given_up,
    lease_expired,
    queued,
    refused,
    retry_scheduled,
    started,
    succeeded,
)
from tests.domain.install_run.deciding import A_MOMENT, OUT_OF_USE, expire, expire_lease, give_up, rescue
from tests.kit.specification import folded, given

RUNNING: list[Event] = [queued(OPENAI), RunStarted(), started()]
WAITS_AGAIN: list[Event] = [*RUNNING, failed(final=False), retry_scheduled()]
DONE: list[Event] = [*RUNNING, succeeded(), RunSucceeded(succeeded=1)]
NOTHING_HEARD = "Nothing was heard of the attempt before its lease expired."


def test_an_attempt_of_which_nothing_was_heard_is_over_and_another_one_is_scheduled() -> None:
    due_at = after(91)
    given(RUNNING).when(expire_lease).then([lease_expired(), retry_scheduled(due_at=due_at)])


def test_an_attempt_has_until_its_lease_expires() -> None:
    given(RUNNING).when(expire_lease, now=LEASE_UNTIL - A_MOMENT).then_nothing()


@pytest.mark.parametrize("history", [[queued(OPENAI)], WAITS_AGAIN, DONE], ids=["not begun", "waits again", "done"])
def test_where_no_attempt_is_under_way_none_expires(history: list[Event]) -> None:
    given(history).when(expire_lease).then_nothing()
    given(history).when(expire_lease, target=GEMINI).then_nothing()


def test_an_expired_lease_is_an_attempt_that_counts() -> None:
    run = [queued(OPENAI, policy=Policy(attempts_max=1)), *RUNNING[1:]]
    tally = {Code.RUN_LEASE_EXPIRED: 1}
    given(run).when(expire_lease).then(
        [lease_expired(final=True), RunFailed(failures=tally, reason=Code.RUN_LEASE_EXPIRED)]
    )


def test_after_an_expired_lease_there_is_no_attempt_beyond_the_end_of_the_run() -> None:
    run = [queued(OPENAI, CLAUDE, end_by=after(91)), *RUNNING[1:]]
    message = f"The next attempt would come after the time of the run is over. {NOTHING_HEARD}"
    given(run).when(expire_lease).then([lease_expired(), given_up(code=Code.RUN_TIMEOUT, message=message)])


START_BY: list[Event] = [queued(OPENAI, CLAUDE, start_by=after(60), end_by=after(600))]
START_TIMEOUT = given_up(code=Code.RUN_START_TIMEOUT, message=OVERDUE[Code.RUN_START_TIMEOUT])
RUN_TIMEOUT = given_up(code=Code.RUN_TIMEOUT, message=OVERDUE[Code.RUN_TIMEOUT])


def test_a_target_that_does_not_begin_in_time_has_failed() -> None:
    given(START_BY).when(expire, now=after(60)).then([START_TIMEOUT])
    given(START_BY).when(expire, now=after(60) - A_MOMENT).then_nothing()


def test_a_target_that_waits_when_the_time_of_the_run_is_over_has_failed() -> None:
    waits = [*START_BY, *WAITS_AGAIN[1:]]
    given(waits).when(expire, now=after(600)).then([RUN_TIMEOUT])
    given(waits).when(expire, now=after(600) - A_MOMENT).then_nothing()
    given(START_BY).when(expire, now=after(600)).then([RUN_TIMEOUT])


def test_a_run_without_deadlines_waits_for_ever() -> None:
    for history in ([queued(OPENAI)], WAITS_AGAIN):
        given(history).when(expire, now=after(10**9)).then_nothing()


@pytest.mark.parametrize("outcome", [None, succeeded(), failed()], ids=["runs", "succeeded", "failed"])
def test_only_what_waits_is_given_up_for_its_time(outcome: Event | None) -> None:
    history = [*START_BY, RunStarted(), started(), *([outcome] if outcome else [])]
    given(history).when(expire, now=after(9999)).then_nothing()
    given(history).when(expire, target=GEMINI, now=after(9999)).then_nothing()


@pytest.mark.parametrize("outcome", [None, succeeded(), failed()], ids=["runs", "succeeded", "failed"])
def test_only_what_waits_is_overdue(outcome: Event | None) -> None:
    run: InstallRun = folded([*START_BY, RunStarted(), started(), *([outcome] if outcome else [])])
    for target, expected in zip(run.targets, (None, Code.RUN_TIMEOUT), strict=True):
        assert overdue(run, target, after(9999)) is expected


def test_the_reason_of_a_run_that_took_too_long_is_its_time() -> None:
    given([*START_BY, RunStarted(), started(CLAUDE), succeeded(CLAUDE)]).when(expire, now=after(60)).then(
        [
            START_TIMEOUT,
            RunPartiallyFailed(succeeded=1, failures={Code.RUN_START_TIMEOUT: 1}, reason=Code.RUN_START_TIMEOUT),
        ]
    )


OUT = given_up(code=Code.PROVIDER_UNAUTHORIZED, message=OUT_OF_USE)


def test_what_waits_for_a_connection_that_is_out_of_use_has_failed_with_its_code() -> None:
    failures = {Code.PROVIDER_UNAUTHORIZED: 1}
    given([queued(OPENAI)]).when(give_up).then([OUT, RunFailed(failures=failures)])
    given(WAITS_AGAIN).when(give_up).then([OUT, RunFailed(failures=failures)])
    given([queued(OPENAI, CLAUDE)]).when(give_up).then([OUT])


@pytest.mark.parametrize("history", [RUNNING, DONE, [*RUNNING, failed()]], ids=["runs", "succeeded", "failed"])
def test_what_does_not_wait_is_not_given_up(history: list[Event]) -> None:
    given(history).when(give_up).then_nothing()
    given(history).when(give_up, target=GEMINI).then_nothing()


@pytest.mark.parametrize(("history", "attempts"), [([queued(OPENAI)], 0), (WAITS_AGAIN, 1)], ids=["first", "next"])
def test_a_target_that_stands_still_gets_another_ticket(history: list[Event], attempts: int) -> None:
    for fault in ("ticket_lost", "retry_overdue"):
        given(history).when(decisions.rescue, provider_id=OPENAI.id, now=after(1), fault=fault).then(
            [ProviderRescued(provider_id=OPENAI.id, attempts=attempts, fault=fault)]
        )


@pytest.mark.parametrize(
    "history",
    [RUNNING, DONE, [queued(OPENAI, CLAUDE), refused(OPENAI)]],
    ids=["runs", "done", "refused"],
)
def test_what_does_not_wait_is_not_rescued(history: list[Event]) -> None:
    given(history).when(rescue).then_nothing()
    given(history).when(rescue, target=GEMINI).then_nothing()


def test_what_is_not_due_is_not_rescued_and_what_is_too_late_neither() -> None:
    given(WAITS_AGAIN).when(rescue, now=after(1) - A_MOMENT).then_nothing()
    given(START_BY).when(rescue, now=after(60) - A_MOMENT).then(
        [ProviderRescued(provider_id=OPENAI.id, attempts=0, fault="ticket_lost")]
    )
    given(START_BY).when(rescue, now=after(60)).then_nothing()


def test_a_late_outcome_of_an_expired_attempt_is_quiet() -> None:
    history = [*RUNNING, lease_expired(), retry_scheduled(due_at=after(91))]
    for outcome in (succeeded(), failed(), succeeded(attempt_id=SECOND)):
        given(history).when(decisions.settle, outcome=outcome, now=NOON, undoes={}).then_nothing()
