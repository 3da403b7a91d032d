"""An event of a newer Waybill is skipped by nobody: decisions refuse, read models stop before it, NATS gets it unchanged."""

from uuid import UUID, uuid4

import msgspec
import pytest

from adapters.nats.messages import event_message
from domain.errors import HistoryTooNew
from domain.events import Recorded, UnknownEvent
from domain.install_run.state import INSTALL_RUN
from projections.catalog import READ_MODELS
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


@pytest.mark.parametrize("model", READ_MODELS, ids=lambda model: model.name)
def test_no_read_model_goes_past_it(model: object) -> None:
    with pytest.raises(HistoryTooNew):
        model.fold([from_the_future(uuid4())], touched=(), stored=())  # type: ignore[attr-defined]


def test_subscribers_get_it_unchanged() -> None:
    stream = uuid4()
    message = event_message(from_the_future(stream), store_epoch="epoch")
    assert message.subject == f"waybill.events.install_run.run_teleported.{stream}"
    assert message.headers["ce-type"] == "io.waybill.install_run.run_teleported.v2"
    assert message.body == DATA
