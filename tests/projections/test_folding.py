from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as for_any
from msgspec import Struct

from domain.catalog import BY_TOPIC
from domain.events import Recorded
from projections.catalog import READ_MODELS
from projections.read_model import ReadModel
from tests.kit.projection_spec import given
from tests.projections.any_story import CHOICES, Teller, cut_stories
from tests.projections.stories import Story

STEPS = 300


@pytest.mark.parametrize("model", READ_MODELS, ids=lambda model: model.name)
@for_any(cut=cut_stories())
def test_batches_give_the_rows_of_a_fold_from_zero(
    model: ReadModel[Any], cut: tuple[Story, list[list[Recorded]]]
) -> None:
    story, batches = cut
    rows: list[Struct] = []
    current: dict[UUID, Struct] = {}
    for batch in batches:
        touched = model.touched(batch)
        written = model.fold(batch, touched=touched, stored=[current[key] for key in touched if key in current])
        current |= {getattr(row, model.key): row for row in written if model.key}
        rows += written
    assert (rows if model.append_only else list(current.values())) == given(story).rows(model)


def test_the_stories_have_every_event_in_them() -> None:
    """What the stories never tell, the tests that are told them never see."""
    teller = Teller()
    random = Random(1)  # noqa: S311 - the same story every time
    for _ in range(STEPS):
        teller.tell(random.randrange(CHOICES))
    assert {event.topic for event in teller.story} == BY_TOPIC.keys()
