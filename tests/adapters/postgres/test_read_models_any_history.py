"""Whatever history the domain allows, and however it comes in batches: the tables hold what a fold from zero gives."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as for_any

from domain.events import Recorded
from projections.catalog import READ_MODELS
from tests.kit.projection_spec import given
from tests.kit.read_side import in_order, open_read_side
from tests.projections.any_story import cut_stories
from tests.projections.stories import Story

pytestmark = pytest.mark.anyio


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@for_any(cut=cut_stories())
async def test_the_tables_hold_what_a_fold_from_zero_gives(
    database: str, cut: tuple[Story, list[list[Recorded]]]
) -> None:
    story, batches = cut
    async with open_read_side(database) as side:
        for model in READ_MODELS:
            await side.read_models.rewind(model.name, epoch=side.epoch)
        for batch in batches:
            await side.take(events=batch)
        for model in READ_MODELS:
            assert await side.rows(model) == in_order(model, given(story).rows(model))
