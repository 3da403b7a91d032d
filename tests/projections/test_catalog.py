from typing import Any

import pytest
from msgspec import Raw

from domain.access.events import AccessDenied, ApiKeyIssued
from domain.access.state import key_stream
from domain.catalog import BY_TOPIC, EVENTS
from domain.events import Role, UnknownEvent
from domain.evidence.events import EvidenceExported
from domain.store.events import StoreChecked, StoreRestored
from projections.audit_log import AUDIT_LOG
from projections.catalog import READ_MODELS
from projections.install_runs import INSTALL_RUNS
from projections.read_model import ReadModel, UnknownEventError, noun_of
from projections.rows import ImpossibleHistoryError, Rows
from projections.skills import SKILLS
from tests.kit.facts import recorded
from tests.projections.stories import SKILL, Story
from tests.projections.story_alerts import ALERT_STREAM, raised
from tests.projections.story_chats import Chats


def test_names_and_tables_are_different() -> None:
    assert len({model.name for model in READ_MODELS}) == len({model.table for model in READ_MODELS}) == len(READ_MODELS)


def test_every_event_is_in_a_read_model_besides_the_audit_log() -> None:
    """Denials, exports and the store itself are for the audit log alone; whatever else happens shows up where people look."""
    elsewhere = {event for model in READ_MODELS if model is not AUDIT_LOG for event in model.events}
    assert set(EVENTS) - elsewhere == {AccessDenied, EvidenceExported, StoreRestored, StoreChecked}


@pytest.mark.parametrize("model", [model for model in READ_MODELS if not model.append_only], ids=lambda it: it.name)
def test_an_event_that_a_projection_does_not_know_is_never_skipped(model: ReadModel[Any]) -> None:
    """As when an event joins a union and somebody forgets to project it."""
    story = Story()
    story.publish()
    story.connect("openai")
    story.run(1, "openai").start("openai").succeed("openai")
    story.add(key_stream("ci"), ApiKeyIssued(key_id="ci", name="ci", role=Role.VIEWER, secret_sha256="ab" * 32))
    Chats(story).say()
    story.add(ALERT_STREAM, raised())
    strange = next(event.event for event in story if type(event.event) not in model.events)
    rows = model.fold(story, touched=model.touched(story), stored=())
    stream = getattr(rows[0], str(model.key))
    with pytest.raises(ImpossibleHistoryError):
        model.project(recorded(strange, stream=stream), Rows(key=model.key, append_only=False, touched=(), stored=rows))


@pytest.mark.parametrize("model", READ_MODELS, ids=lambda model: model.name)
@pytest.mark.parametrize("news", ["a version", "an event"])
def test_news_of_a_newer_program_are_not_skipped_by_those_they_concern(model: ReadModel[Any], news: str) -> None:
    topic = next(iter(model.topics & BY_TOPIC.keys()))
    topic = topic if news == "a version" else f"{noun_of(topic)}.something_new"
    event = recorded(UnknownEvent(topic=topic, version=9, data=Raw(b"{}")), stream=SKILL)
    with pytest.raises(UnknownEventError, match="version 9"):
        model.fold([event], touched=model.touched([event]), stored=())


@pytest.mark.parametrize("model", READ_MODELS, ids=lambda model: model.name)
def test_news_about_other_nouns_concern_the_audit_log_alone(model: ReadModel[Any]) -> None:
    event = recorded(UnknownEvent(topic="weather.rain_fell", version=1, data=Raw(b"{}")), stream=SKILL)
    if model is AUDIT_LOG:
        with pytest.raises(UnknownEventError):
            model.fold([event], touched=(), stored=())
    else:
        assert model.fold([event], touched=model.touched([event]), stored=()) == []


def test_a_row_that_keys_did_not_name_is_not_taken_for_missing() -> None:
    story = Story()
    story.publish()
    with pytest.raises(LookupError):
        SKILLS.fold(story, touched=(), stored=())


def test_events_of_other_topics_touch_and_change_nothing() -> None:
    story = Story()
    story.publish()
    assert INSTALL_RUNS.touched(story) == frozenset()
    assert INSTALL_RUNS.fold(story, touched=(), stored=()) == []
