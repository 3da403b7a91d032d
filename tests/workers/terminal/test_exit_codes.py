import re

import pytest

from domain.errors import Code
from domain.install_run.state import RunStatus
from workers.terminal.advice import ADVICE, advice_for
from workers.terminal.exit_codes import ExitCode, exit_code_of_problem, exit_code_of_run
from workers.terminal.failures import answered, failure

OWN_CODES = {"offline:api", "timeout:api", "timeout:wait", "bad_response:api"}


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        (Code.BAD_REQUEST, 2),
        (Code.CONFLICT_RUN, 2),
        (Code.UNPROCESSABLE_SKILL, 2),
        (Code.TOO_LARGE_SKILL, 2),
        (Code.UNSUPPORTED, 2),
        (Code.UNAUTHORIZED, 3),
        (Code.FORBIDDEN, 3),
        (Code.NOT_FOUND_SKILL, 4),
        (Code.NOT_FOUND_RUN, 4),
        (Code.OFFLINE_DATABASE, 8),
        (Code.INTERNAL, 1),
        ("offline:api", 8),
        ("timeout:api", 7),
        ("timeout:wait", 7),
        ("bad_response:api", 1),
    ],
)
def test_an_error_code_has_an_exit_code(code: str, exit_code: int) -> None:
    assert exit_code_of_problem(code) == exit_code


def test_no_code_of_ours_is_unexpected_but_a_defect() -> None:
    codes = {code for code in Code if not code.endswith((":provider", ":run"))}
    assert {code for code in codes if exit_code_of_problem(code) is ExitCode.UNEXPECTED} == {Code.INTERNAL}


@pytest.mark.parametrize(("status", "exit_code"), [(None, 1), (418, 2), (500, 1)])
def test_a_code_of_a_newer_server_is_told_by_its_status(status: int | None, exit_code: int) -> None:
    assert exit_code_of_problem("teapot:api", status=status) == exit_code


@pytest.mark.parametrize(("status", "exit_code"), [("success", 0), ("failed", 5), ("partial_failed", 6)])
def test_a_run_that_has_ended_has_an_exit_code(status: str, exit_code: int) -> None:
    assert RunStatus(status).ended
    assert exit_code_of_run(status) == exit_code


def test_every_error_code_has_its_advice_and_no_advice_is_left_over() -> None:
    assert set(ADVICE) == set(Code) | OWN_CODES


def test_advice_names_only_commands_that_exist(commands: frozenset[str]) -> None:
    named = {match[1] for text in ADVICE.values() for match in re.finditer(r"`waybill ([a-z]+(?: [a-z]+)?)\b", text)}
    assert named
    assert named <= commands


def test_a_newer_code_has_no_advice() -> None:
    assert advice_for("teapot:api") is None


def test_a_problem_is_passed_on_as_it_came() -> None:
    problem = {"code": "conflict:install_runs", "detail": "Another.", "conflictingRuns": ["x"], "new": [1]}
    error = answered(problem, status=409, request_id="r")
    assert (error.document, error.exit_code) == (problem, 2)
    assert error.trouble.conflicting_runs == ("x",)


@pytest.mark.parametrize("body", [None, [], "text", {"detail": "no code"}, {"code": 3, "detail": "x"}])
def test_what_is_no_problem_of_ours_becomes_one(body: object) -> None:
    error = answered(body, status=502, request_id="r")
    assert (error.exit_code, error.trouble.code, error.trouble.request_id) == (1, "bad_response:api", "r")


def test_a_problem_with_strange_members_is_still_explained() -> None:
    error = answered({"code": "bad_request:api", "detail": "No.", "errors": "strange"}, status=400, request_id="r")
    assert (error.exit_code, error.trouble.detail, error.trouble.errors) == (2, "No.", ())


def test_a_failure_of_our_own_has_the_form_of_a_problem() -> None:
    error = failure("offline:api", "Away.", title="Server unreachable", request_id="r")
    assert set(error.document) == {"type", "title", "detail", "code", "requestId"}
