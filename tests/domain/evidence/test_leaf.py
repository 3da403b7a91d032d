import hashlib
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.evidence.leaf import StoredEvent, parse_entry

STREAM = UUID("0198f000-0000-7000-8000-000000000001")
EVENT = StoredEvent(position=7, stream=STREAM, version=2, topic="skill.skill_archived", state=b'{"id":"1"}')
ENTRY = b'waybill.event/1\n7\n0198f000-0000-7000-8000-000000000001\n2\nskill.skill_archived\n{"id":"1"}'


def test_an_event_is_hashed_as_it_was_from_the_first_release_on() -> None:
    """If this fails, every checkpoint that was ever signed would be contradicted."""
    assert EVENT.entry == ENTRY
    assert EVENT.leaf == hashlib.sha256(b"\x00" + ENTRY).digest()


any_event = st.builds(
    StoredEvent,
    position=st.integers(1, 2**63 - 1),
    stream=st.uuids(),
    version=st.integers(1, 2**63 - 1),
    topic=st.text(st.characters(codec="utf-8", exclude_characters="\n")),
    state=st.binary(),
)


@given(event=any_event)
def test_what_is_hashed_says_the_event_back(event: StoredEvent) -> None:
    assert parse_entry(event.entry) == event


def test_the_same_event_elsewhere_is_another_leaf() -> None:
    assert EVENT.at(8).leaf != EVENT.leaf
    assert EVENT.at(8).at(7) == EVENT


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(ENTRY.replace(b"event/1", b"event/2"), id="another form"),
        pytest.param(ENTRY.replace(b"\n7\n", b"\n07\n"), id="a number written otherwise"),
        pytest.param(ENTRY.replace(b"\n7\n", b"\n0\n"), id="no position"),
        pytest.param(ENTRY.replace(b"0198f000", b"0198F000"), id="a stream written otherwise"),
        pytest.param(ENTRY.replace(b"0198f000-0000", b"0198f0000000-"), id="a stream with its dashes elsewhere"),
        pytest.param(ENTRY.replace(b"skill.", b"\xff."), id="a topic that is no text"),
    ],
)
def test_there_is_one_way_to_write_an_event(entry: bytes) -> None:
    with pytest.raises(ValueError, match=r"not an event|utf-8"):
        parse_entry(entry)
