"""Times have places in proportion, in their order, and long quiet takes no room."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.cases.scale import BREAK_WIDTH, BREAKS_MAX, TICK_WIDTH_MIN, Scale
from tests.kit.facts import NOON

WIDTH = 700.0
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_what_takes_twice_as_long_is_twice_as_wide() -> None:
    scale = Scale([(at(0), at(10)), (at(10), at(30))], width=WIDTH)
    assert scale.place(at(0)) == 0
    assert scale.place(at(10)) == pytest.approx(WIDTH / 3)
    assert scale.place(at(30)) == pytest.approx(WIDTH)
    assert scale.breaks == ()


def test_a_long_quiet_is_cut() -> None:
    scale = Scale([(at(0), at(10)), (at(3_610), at(3_620))], width=WIDTH)
    ((place, cut),) = scale.breaks
    assert cut == timedelta(hours=1)
    assert place == pytest.approx(WIDTH / 2)
    assert scale.place(at(3_610)) - scale.place(at(10)) == pytest.approx(BREAK_WIDTH)
    assert scale.place(at(1_000)) == scale.place(at(10))


def test_one_moment_is_in_the_middle() -> None:
    scale = Scale([(at(0), at(0))], width=WIDTH)
    assert scale.place(at(0)) == WIDTH / 2
    assert len(scale.ticks()) == 1


def test_nothing_has_no_scale() -> None:
    with pytest.raises(ValueError, match="no time to draw"):
        Scale([], width=WIDTH)


@settings(deadline=None)
@given(st.lists(st.tuples(MOMENTS, MOMENTS).map(lambda pair: (min(pair), max(pair))), min_size=1, max_size=20))
def test_places_are_in_the_order_of_time_and_ticks_do_not_touch(spans: list[tuple[datetime, datetime]]) -> None:
    scale = Scale(spans, width=WIDTH)
    moments = sorted(moment for span in spans for moment in span)
    places = [scale.place(moment) for moment in moments]
    assert places == sorted(places)
    assert all(-0.001 <= place <= WIDTH + 0.001 for place in places)
    assert len(scale.breaks) <= BREAKS_MAX
    ticks = sorted(tick.place for tick in scale.ticks())
    firsts = 1 + len(scale.breaks)
    assert sum(later - former < TICK_WIDTH_MIN * 0.8 for former, later in pairwise(ticks)) < firsts
    assert len(ticks) <= firsts + WIDTH / (TICK_WIDTH_MIN * 0.8)
