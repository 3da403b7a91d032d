"""A second table of a read model, and who works at it, as tests need them."""

from typing import Any

from msgspec.structs import replace

from adapters.postgres.rebuilding import Rebuilt, go_back, rebuild
from adapters.postgres.workbench import Progress, Told, workbench
from domain.events import Recorded
from projections.catalog import READ_MODELS
from projections.read_model import ReadModel
from projections.rows import Rows
from projections.tracking import Tracking
from tests.kit.projection_spec import given
from tests.kit.read_side import ReadSide, in_order
from tests.projections.stories import Story


def nobody(_progress: Progress) -> None:
    """Is told, and does nothing."""


class Killed(BaseException):
    """Ends what is under way where nobody can do anything about it."""


async def rebuilt(url: str, model: ReadModel[Any], *, told: Told = nobody, afresh: bool = False) -> Rebuilt:
    async with workbench(url, model, told=told) as bench:
        return await rebuild(bench, afresh=afresh)


async def gone_back(url: str, model: ReadModel[Any]) -> Rebuilt:
    async with workbench(url, model, told=nobody) as bench:
        return await go_back(bench)


def runs(story: Story, first: int, last: int) -> list[Recorded]:
    """The events of so many runs at the connection `openai`, each of a skill of its own."""
    before = len(story.events)
    for number in range(first, last + 1):
        story.publish(f"skill-{number}")
        story.run(number, "openai", skill=f"skill-{number}").start("openai").succeed("openai")
    return story.events[before:]


def begun() -> Story:
    story = Story()
    story.connect("openai")
    return story


async def indexes(side: ReadSide, table: str) -> list[str]:
    """What is said of each index, but for its name and that of its table."""
    found = await side.execute(
        "SELECT indexdef, indexname, tablename FROM pg_indexes WHERE schemaname || '.' || tablename = %s", table
    )
    return sorted(row["indexdef"].replace(row["indexname"], "").replace(row["tablename"], "") for row in found)


def a_story() -> Story:
    story = begun()
    runs(story, 1, 6)
    story.run(7, "openai").start("openai").fail("openai", message='tab \t, "quote", \\n, 크다 \x01 😀')
    return story


async def standing(side: ReadSide, model: ReadModel[Any]) -> Tracking:
    found = {tracking.name: tracking for tracking in (await side.reader.standing()).read_models}
    return found[model.name]


async def assert_folded(side: ReadSide, story: Story, *models: ReadModel[Any]) -> None:
    for model in models or READ_MODELS:
        assert await side.rows(model) == in_order(model, given(story).rows(model))


def refusing(model: ReadModel[Any], position: int) -> ReadModel[Any]:
    def project(recorded: Recorded, rows: Rows[Any]) -> None:
        if recorded.position == position:
            raise ValueError("a bug in this read model")
        model.project(recorded, rows)

    return replace(model, project=project)


def on_table(model: ReadModel[Any], statement: str) -> str:
    """The statement, about the table that is served."""
    return statement.replace("{table}", model.table)
