"""The terminal reads what the contract's fixtures hold: every answer and every problem in them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from rich.console import RenderableType

from tests.workers.terminal.answered import NOON, in_a_pipe, on_a_terminal
from workers.terminal.alert_deliveries import Delivery, deliveries_grid
from workers.terminal.alert_view import alert_page, alerts_grid
from workers.terminal.answers import (
    Alert,
    ApiKey,
    AuditEntry,
    Event,
    Installation,
    Page,
    PreviewedRun,
    Provider,
    Run,
    Skill,
    SkillVersion,
    understood,
)
from workers.terminal.audit import audit_grid
from workers.terminal.chat_action_view import chat_action_page, chat_actions_grid
from workers.terminal.chat_answers import ChatAction, ChatAnswer
from workers.terminal.conversing import reply_text
from workers.terminal.exit_codes import ExitCode
from workers.terminal.failures import answered
from workers.terminal.history import history_grid
from workers.terminal.installation_view import installation_page, installations_grid
from workers.terminal.key_view import key_page, keys_grid
from workers.terminal.preview_view import preview_page
from workers.terminal.provider_view import provider_page, providers_grid
from workers.terminal.replay_answers import RunCauses, RunDiff, RunState
from workers.terminal.replay_diff import diff_page
from workers.terminal.replay_state import state_page
from workers.terminal.replay_why import why_page
from workers.terminal.run_places import Places
from workers.terminal.run_view import run_page, runs_grid
from workers.terminal.skill_view import skill_page, skills_grid, versions_grid

FIXTURES: Final = Path(__file__).parents[3] / "fixtures"
BY_STATUS: Final = {401: 3, 403: 3, 404: 4, 500: 1, 502: 8, 503: 8}

Show = Callable[[Any], RenderableType]
ONE: Final[dict[str, tuple[type[Any], Show]]] = {
    "chat-actions": (ChatAction, lambda action: chat_action_page(action, now=NOON)),
    "state": (RunState, state_page),
    "diff": (RunDiff, lambda found: diff_page(found, {})),
    "why": (RunCauses, lambda found: why_page(found, now=NOON)),
    "alerts": (Alert, lambda alert: alert_page(alert, now=NOON)),
    "chat-ops": (ChatAnswer, lambda answer: reply_text(answer.reply)),
    "install-runs": (Run, lambda run: run_page(run, now=NOON)),
    "installations": (Installation, lambda one: installation_page(one, now=NOON)),
    "keys": (ApiKey, lambda key: key_page(key, now=NOON)),
    "uninstall": (Run, lambda run: run_page(run, now=NOON)),
    "providers": (Provider, provider_page),
    "skills": (Skill, skill_page),
}
PREVIEW: Final[tuple[type[Any], Show]] = (PreviewedRun, preview_page)
MANY: Final[dict[str, tuple[type[Any], Show]]] = {
    "alert-deliveries": (Delivery, deliveries_grid),
    "alerts": (Alert, alerts_grid),
    "audit-log": (AuditEntry, audit_grid),
    "chat-actions": (ChatAction, lambda actions: chat_actions_grid(actions, now=NOON)),
    "install-runs": (Run, lambda runs: runs_grid(runs, now=NOON)),
    "installations": (Installation, lambda items: installations_grid(items, now=NOON)),
    "keys": (ApiKey, lambda keys: keys_grid(keys, now=NOON)),
    "verify": (Installation, lambda items: installations_grid(items, now=NOON)),
    "history": (Event, lambda events: history_grid(events, Places(events), elsewhere={})),
    "providers": (Provider, providers_grid),
    "skills": (Skill, skills_grid),
    "versions": (SkillVersion, versions_grid),
}


def read(path: Path) -> tuple[str, int, Any]:
    fixture = json.loads(path.read_text(encoding="utf-8"))
    return fixture["request"]["path"], fixture["response"]["status"], fixture["response"]["body"]


FIXTURE_PATHS: Final = sorted(FIXTURES.glob("*.json"))
# Not those of streams, which are text, and not those that say only that nothing has changed.
ANSWERS: Final = [
    path
    for path in FIXTURE_PATHS
    if read(path)[0].startswith("/api/")
    and "formerSize" not in read(path)[0]
    and read(path)[1] < 400
    and isinstance(read(path)[2], dict)
]
PROBLEMS: Final = [path for path in FIXTURE_PATHS if read(path)[1] >= 400 and "code" in read(path)[2]]


def test_the_fixtures_are_found() -> None:
    assert len(ANSWERS) > 10
    assert len(PROBLEMS) > 10


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)
def test_an_answer_is_shown(path: Path) -> None:
    address, _, body = read(path)
    resource, *rest = address.partition("?")[0].removeprefix("/api/").split("/")
    if "items" in body:
        shape, show = MANY[rest[-1] if rest else resource]
        page = understood(body, Page)
        renderable = show([understood(item, shape) for item in page.items])
    else:
        shape, show = PREVIEW if "dryRun" in body else ONE.get((rest or [""])[-1], ONE[resource])
        renderable = show(understood(body, shape))
    assert in_a_pipe(renderable).strip()
    assert on_a_terminal(renderable).strip()


@pytest.mark.parametrize("path", PROBLEMS, ids=lambda path: path.stem)
def test_a_problem_is_explained_and_has_its_exit_code(path: Path) -> None:
    _, status, body = read(path)
    error = answered(body, status=status, request_id="r")
    assert (error.document, error.trouble.code) == (body, body["code"])
    assert error.exit_code == BY_STATUS.get(status, ExitCode.USAGE)
    assert len(error.trouble.errors) == len(body["errors"])
