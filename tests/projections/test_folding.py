from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as for_any
from msgspec import Struct

from domain.catalog import BY_TOPIC
from domain.events import Recorded
from projections.catalog import READ_MODELS
from projections.install_runs import INSTALL_RUNS
from projections.read_model import ReadModel
from tests.kit.projection_spec import given
from tests.projections.any_story import CHOICES, Teller, cut_stories, tellers
from tests.projections.stories import Story

STEPS = 600


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


@for_any(told=tellers())
def test_what_is_shown_of_a_run_is_what_the_write_side_knows_of_it(told: Teller) -> None:
    shown = {row.id: row for row in given(told.story).rows(INSTALL_RUNS)}
    for run in told.runs:
        row, state = shown[run.id], run.state
        assert (row.status, row.retried_by, row.retry_of) == (state.status, state.retried_by, state.retry_of)
        assert (row.rollback_of, row.rollback and row.rollback.run_id) == (state.rollback_of, state.rollback)
        for target, known in zip(row.targets, state.targets, strict=True):
            assert (target.provider, target.status, target.attempts) == (known.target, known.status, known.attempts)
            assert (target.rescues, target.next_attempt_at) == (known.rescues, known.next_attempt_at)
            assert (target.code, target.receipt) == (known.code, known.receipt)


def test_the_stories_have_every_event_in_them() -> None:
    """What the stories never tell, the tests that are told them never see."""
    teller = Teller()
    random = Random(1)  # noqa: S311 - the same story every time
    for _ in range(STEPS):
        teller.tell(random.randrange(CHOICES))
    assert {event.topic for event in teller.story} == BY_TOPIC.keys()
