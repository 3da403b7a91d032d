"""How much may be under way at once, and that every place comes back."""

from contextlib import ExitStack

import pytest

from adapters.http.errors import TooManyRequests
from adapters.http.places import Places
from adapters.http.stream_limits import STREAMS_MAX, STREAMS_PER_KEY_MAX, StreamLimits


def places() -> Places:
    return Places(name="uploads", per_key_max=2, total_max=3, retry_after_seconds=7)


def test_a_key_has_only_so_many_places() -> None:
    limits = places()
    with limits.opened("a"), limits.opened("a"):
        with pytest.raises(TooManyRequests, match="API key has 2 uploads open") as refused, limits.opened("a"):
            pass
        with limits.opened("b"):
            assert limits.total == 3
    assert refused.value.headers == {"Retry-After": "7"}


def test_a_process_has_only_so_many_places() -> None:
    limits = places()
    with (
        limits.opened("a"),
        limits.opened("b"),
        limits.opened("c"),
        pytest.raises(TooManyRequests, match="server has 3 uploads open"),
        limits.opened("d"),
    ):
        pass


def test_every_place_comes_back_whatever_happened_in_it() -> None:
    limits = places()
    for _ in range(10):
        with pytest.raises(RuntimeError), limits.opened("a"):
            raise RuntimeError
    assert limits.total == 0
    assert limits._by_key == {}


def test_streams_have_the_places_that_the_contract_says() -> None:
    limits = StreamLimits()
    with ExitStack() as stack:
        for number in range(STREAMS_MAX):
            stack.enter_context(limits.opened(f"{number // STREAMS_PER_KEY_MAX}"))
        with pytest.raises(TooManyRequests):
            stack.enter_context(limits.opened("0"))
        with pytest.raises(TooManyRequests):
            stack.enter_context(limits.opened("one more"))
    assert (STREAMS_PER_KEY_MAX, STREAMS_MAX, limits.total) == (20, 500, 0)
