"""An event of a newer Waybill is skipped by nobody: decisions refuse, read models stop before it, NATS gets it unchanged."""

from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from adapters.nats.messages import event_message
from domain.errors import HistoryTooNew
from domain.events import Recorded, UnknownEvent
from domain.install_run.state import INSTALL_RUN
from projections.audit_log import AUDIT_LOG
from projections.install_runs import INSTALL_RUNS
from projections.read_model import ReadModel, UnknownEventError
from projections.run_history import RUN_HISTORY
from projections.skills import SKILLS
from tests.kit.facts import recorded

DATA = b'{"howEver":"it looks"}'


def from_the_future(stream: UUID) -> Recorded:
    event = UnknownEvent(topic="install_run.run_teleported", version=2, data=msgspec.Raw(DATA))
    return recorded(event, stream=stream)


def test_no_state_is_made_of_it() -> None:
    happened = from_the_future(uuid4())
    assert INSTALL_RUN.owns(happened.event)
    with pytest.raises(HistoryTooNew):
        INSTALL_RUN.fold([happened])


@pytest.mark.parametrize("model", [INSTALL_RUNS, RUN_HISTORY, AUDIT_LOG], ids=lambda model: model.name)
def test_no_read_model_that_it_concerns_goes_past_it(model: ReadModel[Any]) -> None:
    with pytest.raises(UnknownEventError):
        model.fold([from_the_future(uuid4())], touched=(), stored=())


def test_read_models_that_it_does_not_concern_go_on() -> None:
    assert SKILLS.fold([from_the_future(uuid4())], touched=(), stored=()) == []


def test_subscribers_get_it_unchanged() -> None:
    stream = uuid4()
    message = event_message(from_the_future(stream), store_epoch="epoch")
    assert message.subject == f"waybill.events.install_run.run_teleported.{stream}"
    assert message.headers["ce-type"] == "io.waybill.install_run.run_teleported.v2"
    assert message.body == DATA
