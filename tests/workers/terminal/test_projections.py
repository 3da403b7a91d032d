"""`waybill projections`: what people read, what programs read, how it ends; and that a rebuild outlives being killed."""

import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result
from rich.console import Console, RenderableType
from rich.text import Text

from adapters.postgres.comparing import Comparison, Difference
from adapters.postgres.rebuilding import Rebuilt
from adapters.postgres.second_tables import Kind
from adapters.postgres.table_vitals import SecondTableVitals, TableVitals
from adapters.postgres.workbench import Progress
from projections.catalog import READ_MODELS
from projections.install_runs import INSTALL_RUNS
from tests.kit.projection_spec import given
from tests.kit.read_side import in_order, open_read_side
from tests.kit.rebuilding import begun, on_table, runs
from tests.projections.stories import Story
from workers.cli import waybill
from workers.failpoints import Failpoint
from workers.terminal.projections_view import compared, difference_grid, rebuilt, size, standing_grid
from workers.terminal.read_model_progress import shown
from workers.terminal.screen import Screen

NAMES = [model.name for model in READ_MODELS]
PROCESS_SECONDS_MAX = 60


@pytest.fixture
def story() -> Story:
    story = begun()
    runs(story, 1, 3)
    return story


@pytest.fixture
def settings(database: str, tmp_path: Path, story: Story) -> Iterator[dict[str, str]]:
    """The environment of a command, for a store with a few runs in it."""

    async def fill() -> None:
        async with open_read_side(database) as side:
            await side.tell(story.events)

    asyncio.run(fill())
    thresholds = gc.get_threshold()
    yield {"WAYBILL_POSTGRES_URL": database, "WAYBILL_DATA": str(tmp_path)}
    gc.set_threshold(*thresholds)


def run(settings: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(waybill, ["projections", *arguments], env=settings)


def answer(settings: dict[str, str], *arguments: str) -> list[dict[str, Any]]:
    result = run(settings, *arguments, "--json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)["readModels"]
    return found


def change(settings: dict[str, str], statement: str) -> None:
    with psycopg.connect(settings["WAYBILL_POSTGRES_URL"], autocommit=True) as connection:
        connection.execute(statement.encode())


def test_each_is_shown_with_where_it_stands(settings: dict[str, str], story: Story) -> None:
    assert [(one["name"], one["position"], one["lag"]) for one in answer(settings, "status")] == [
        (name, len(story.events), 0) for name in NAMES
    ]
    run(settings, "rebuild", "skills")
    (skills,) = answer(settings, "status", "skills")
    assert [(one["kind"], one["position"]) for one in skills["beside"]] == [("former", len(story.events))]


def test_what_differs_is_shown_and_ends_with_5_and_a_rebuild_makes_it_right(settings: dict[str, str]) -> None:
    assert run(settings, "verify").exit_code == 0
    change(settings, on_table(INSTALL_RUNS, "UPDATE {table} SET status = 'failed'"))
    result = run(settings, "verify", "install_runs", "skills", "--show", "1", "--json")
    assert result.exit_code == 5
    skills, install_runs = json.loads(result.stdout)["readModels"]
    assert (install_runs["changed"], len(install_runs["differences"]), skills["changed"]) == (3, 1, 0)
    assert install_runs["differences"][0]["expected"] == "success"
    talk = run(settings, "verify", "install_runs")
    assert "✘ install_runs differs from the events up to position" in talk.stdout
    assert "waybill projections rebuild install_runs" in talk.stderr
    (built,) = answer(settings, "rebuild", "install_runs")
    assert built["resumedAt"] == 0
    assert run(settings, "verify").exit_code == 0
    answer(settings, "rebuild", "install_runs", "--back")
    assert run(settings, "verify").exit_code == 5


def test_what_cannot_be_done_is_said(settings: dict[str, str]) -> None:
    result = run(settings, "rebuild", "skills", "--back", "--json")
    assert (result.exit_code, json.loads(result.stdout)["code"]) == (2, "conflict:projections")
    assert "nothing is kept of skills" in json.loads(result.stdout)["detail"]
    assert run(settings, "rebuild", "--back").exit_code == 2
    assert run(settings, "rebuild", "nothing").exit_code == 2
    assert run({**settings, "WAYBILL_POSTGRES_URL": ""}, "status").exit_code == 2
    change(settings, "UPDATE rebuilds SET kind = kind; DELETE FROM read_models WHERE name = 'skills'")
    missing = run(settings, "verify", "skills")
    assert (missing.exit_code, "the projector of this version makes it" in missing.stderr) == (2, True)
    assert "not made yet" in run(settings, "status", "skills").stdout


def test_no_database_ends_with_8(settings: dict[str, str]) -> None:
    url = f"{settings['WAYBILL_POSTGRES_URL']}_gone"
    assert run({**settings, "WAYBILL_POSTGRES_URL": url.replace("host=", "host=/nowhere")}, "status").exit_code == 8


def killed(settings: dict[str, str], failpoint: Failpoint) -> int:
    command = [sys.executable, "-m", "workers.cli", "projections", "rebuild", "install_runs"]
    environment = {**os.environ, **settings, "WAYBILL_FAILPOINT": f"{failpoint}:kill"}
    died = subprocess.run(command, env=environment, check=False, timeout=PROCESS_SECONDS_MAX, capture_output=True)
    return died.returncode


@pytest.mark.parametrize(
    "failpoint", [pytest.param(Failpoint.REBUILD_PART_LOADED, marks=pytest.mark.long), Failpoint.REBUILD_LOADED]
)
def test_one_that_was_killed_is_gone_on_with(settings: dict[str, str], story: Story, failpoint: Failpoint) -> None:
    change(settings, on_table(INSTALL_RUNS, "UPDATE {table} SET status = 'failed'"))
    assert killed(settings, failpoint) == -signal.SIGKILL
    (left,) = answer(settings, "status", "install_runs")
    assert [(one["kind"], one["position"]) for one in left["beside"]] == [("next", len(story.events))]
    assert run(settings, "verify", "install_runs").exit_code == 5
    (built,) = answer(settings, "rebuild", "install_runs")
    assert built["resumedAt"] == len(story.events)

    async def rows() -> list[Any]:
        async with open_read_side(settings["WAYBILL_POSTGRES_URL"], holder="test") as side:
            return await side.rows(INSTALL_RUNS)

    assert asyncio.run(rows()) == in_order(INSTALL_RUNS, given(story).rows(INSTALL_RUNS))


def text_of(*renderables: RenderableType) -> str:
    console = Console(width=200, file=StringIO(), color_system=None)
    for renderable in renderables:
        console.print(renderable)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def a_comparison(**changes: Any) -> Comparison:
    facts: dict[str, Any] = {
        "name": "skills",
        "generation": 2,
        "position": 12,
        "rows": 4,
        "missing": 0,
        "surplus": 0,
        "changed": 0,
        "differences": (),
        "parked_event": None,
        "seconds": 0.5,
        "events_per_second": 24.0,
    }
    return Comparison(**{**facts, **changes})


def test_differences_are_shown_so_that_a_terminal_obeys_none_of_them() -> None:
    differences = (
        Difference(key={"id": "1"}, column="name", live="\x1b[31m" + "x" * 500, expected={"a": 1}),
        Difference(key={"id": "2"}, column=None, live=None, expected={"id": "2"}),
        Difference(key={"id": "3"}, column=None, live={"id": "3"}, expected=None),
    )
    one = a_comparison(changed=1, missing=1, surplus=1, differences=differences, parked_event="e1")
    said = text_of(compared(one), difference_grid([one]))
    assert (
        "differs from the events up to position 12 in 3 rows of 4: 1 changed, 1 missing, 1 too many; it is parked"
        in said
    )
    assert "\x1b[31m" not in said
    assert "x" * 200 not in said
    assert '{"a":1}' in said
    assert "no such row" in said
    assert "agrees with the events up to position 12: 4 rows" in text_of(compared(a_comparison()))


def test_what_was_done_is_said_in_a_line() -> None:
    one = Rebuilt(
        name="skills",
        generation=2,
        resumed_at=7,
        position=12,
        former_position=12,
        attempts=1,
        seconds=0.5,
        events_per_second=10.0,
    )
    assert "skills is rebuilt as of position 12 in 0.5 s, 10 events/s, gone on from position 7" in text_of(
        rebuilt(one, back=False)
    )
    assert "served from the table of before, as of position 12" in text_of(rebuilt(one, back=True))


def test_a_parked_one_says_why() -> None:
    beside = SecondTableVitals(
        kind=Kind.NEXT, position=5, since=datetime.now(UTC) - timedelta(minutes=3, seconds=5), bytes=3 << 20
    )
    one = TableVitals(
        name="skills",
        generation=2,
        position=5,
        lag=7,
        rows=1234,
        bytes=2048,
        parked_event=begun().events[0].id,
        parked_error="a\nbug",
        beside=(beside,),
    )
    said = text_of(standing_grid([one]))
    assert "7, parked" in said
    assert "a bug next at 5, 3.0 MB, 3m old" in said
    assert [size(number) for number in (5, 5 << 10, 5 << 30)] == ["5 B", "5.0 KB", "5.0 GB"]


def test_progress_is_a_line_for_each_stage_where_nobody_looks_on(capsys: pytest.CaptureFixture[str]) -> None:
    with shown(Screen()) as told:
        for done in (10, 20):
            told(Progress(read_model="skills", stage="loading", done=done, total=20))
        told(Progress(read_model="skills", stage="swapping", done=0, total=9))
    assert capsys.readouterr().err.splitlines() == ["skills: loading 10 of 20", "skills: swapping"]


def test_progress_is_a_bar_with_its_speed_where_somebody_does() -> None:
    screen = Screen()
    screen.talk = Console(file=StringIO(), force_terminal=True, width=120)
    with shown(screen) as told:
        for done in (0, 1000, 2000):
            told(Progress(read_model="skills", stage="loading", done=done, total=2000))
        told(Progress(read_model="skills", stage="indexing", done=1, total=2))
    assert isinstance(screen.talk.file, StringIO)
    drawn = Text.from_ansi(screen.talk.file.getvalue()).plain
    assert "skills indexing" in drawn
    assert "1/2" in drawn
