from typing import Any

import pytest

from domain.catalog import BY_TOPIC
from projections.catalog import READ_MODELS
from projections.install_runs import INSTALL_RUNS
from projections.read_model import ReadModel
from projections.rows import ImpossibleHistoryError, Rows
from projections.skills import SKILLS
from tests.kit.facts import recorded
from tests.projections.stories import OPENAI, SKILL, Story


def test_names_and_tables_are_different() -> None:
    assert len({model.name for model in READ_MODELS}) == len({model.table for model in READ_MODELS}) == 5


def test_topics_exist_and_every_event_is_in_a_read_model() -> None:
    assert {topic for model in READ_MODELS for topic in model.topics} == BY_TOPIC.keys()


@pytest.mark.parametrize("model", [model for model in READ_MODELS if not model.append_only], ids=lambda it: it.name)
def test_an_event_that_a_read_model_does_not_know_is_never_skipped(model: ReadModel[Any]) -> None:
    story = Story()
    story.publish()
    story.connect("openai")
    run = story.run(1, "openai")
    known = {"skills": SKILL, "providers": OPENAI, "install_runs": run.id}
    rows = Rows(
        key=model.key, append_only=False, touched=(), stored=model.fold(story.events, touched=known.values(), stored=())
    )
    unknown = next(event for event in story if event.topic not in model.topics)
    strange = recorded(unknown.event, stream=known[model.name])
    with pytest.raises(ImpossibleHistoryError):
        model.project(strange, rows)


def test_a_row_that_keys_did_not_name_is_not_taken_for_missing() -> None:
    story = Story()
    story.publish()
    with pytest.raises(LookupError):
        SKILLS.fold(story.events, touched=(), stored=())


def test_events_of_other_topics_touch_and_change_nothing() -> None:
    story = Story()
    story.publish()
    assert INSTALL_RUNS.touched(story) == frozenset()
    assert INSTALL_RUNS.fold(story.events, touched=(), stored=()) == []
