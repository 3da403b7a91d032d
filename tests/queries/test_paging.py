from uuid import UUID, uuid4

import pytest
from msgspec import Struct

from domain.errors import BadRequest
from queries.paging import decode_cursor, encode_cursor, page, page_of


class Item(Struct, frozen=True):
    number: int


class PlacedItem(Item, frozen=True):
    place: int


def items(count: int) -> list[Item]:
    return [Item(number) for number in range(count)]


def test_a_full_page_without_more_is_the_last() -> None:
    answer = page(items(3), limit=3, key=lambda item: item.number, stale=False)
    assert (answer.items, answer.next_cursor, answer.stale) == (tuple(items(3)), None, False)


def test_one_more_than_the_limit_is_not_shown_but_points_on() -> None:
    answer = page(items(4), limit=3, key=lambda item: item.number, stale=True)
    assert (answer.items, answer.stale) == (tuple(items(3)), True)
    assert answer.next_cursor is not None
    assert decode_cursor(answer.next_cursor, int) == 2


def test_an_empty_page() -> None:
    assert page([], limit=3, key=lambda item: item.number, stale=False).next_cursor is None


def test_what_an_item_is_sorted_by_is_not_shown() -> None:
    placed = [PlacedItem(number=number, place=10 - number) for number in range(4)]
    answer = page_of(Item, placed, limit=3, key=lambda item: item.place, stale=False)
    assert answer.items == tuple(items(3))
    assert answer.next_cursor is not None
    assert decode_cursor(answer.next_cursor, int) == 8


def test_a_cursor_says_the_key_of_an_item() -> None:
    key = uuid4()
    assert decode_cursor(encode_cursor(key), UUID) == key


@pytest.mark.parametrize("cursor", ["", "%", "ü", "no", encode_cursor("text"), encode_cursor({"a": 1}), "1.5"])
def test_a_cursor_of_somebody_elses_making_is_refused(cursor: str) -> None:
    with pytest.raises(BadRequest) as refused:
        decode_cursor(cursor, int)
    assert [problem.pointer for problem in refused.value.problems] == ["?cursor"]
