from datetime import datetime, timedelta

from domain.events import Event
from domain.store.decisions import check, restore
from domain.store.events import StoreChecked, StoreRestored
from domain.store.state import Store
from tests.kit.facts import NOON
from tests.kit.specification import folded, given

EARLIER = NOON - timedelta(days=1)
CHECKED = StoreChecked(installations=3, drifted=1, unknown=0)


def forgot_since(*events: Event, seen: int) -> datetime | None:
    store = folded(events)
    assert isinstance(store, Store)
    return store.forgot_since(seen)


def test_it_is_said_that_the_store_was_set_back() -> None:
    given([]).when(restore, since=NOON).then([StoreRestored(since=NOON)])


def test_it_is_said_every_time() -> None:
    given([StoreRestored(since=NOON)]).when(restore, since=NOON).then([StoreRestored(since=NOON)])


def test_after_a_restore_somebody_compares_and_says_so() -> None:
    given([StoreRestored(since=NOON)]).when(check, installations=3, drifted=1, unknown=0).then([CHECKED])


def test_nobody_compares_where_nobody_waits_for_it() -> None:
    given([]).when(check, installations=3, drifted=1, unknown=0).then_nothing()
    given([StoreRestored(since=NOON), CHECKED]).when(check, installations=3, drifted=1, unknown=0).then_nothing()


def test_another_restore_is_waited_for_again() -> None:
    history = [StoreRestored(since=NOON), CHECKED, StoreRestored(since=NOON)]
    given(history).when(check, installations=3, drifted=1, unknown=0).then([CHECKED])


def test_what_is_forgotten_begins_with_the_earliest_restore_that_was_not_seen() -> None:
    history = (StoreRestored(since=NOON), StoreRestored(since=EARLIER), CHECKED)
    assert forgot_since(*history, seen=0) == EARLIER
    assert forgot_since(*history, StoreRestored(since=NOON), seen=1) == EARLIER
    assert forgot_since(*history, StoreRestored(since=NOON), seen=2) == NOON
    assert forgot_since(*history, seen=2) is None
