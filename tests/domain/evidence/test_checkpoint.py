import hashlib
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.evidence.checkpoint import Checkpoint, parse_checkpoint
from domain.evidence.note import NoteError

CHECKPOINT = Checkpoint(
    origin="waybill-0123abcd",
    size=4711,
    root=hashlib.sha256(b"the root").digest(),
    store=UUID("0198f000-0000-4000-8000-000000000001"),
    at=datetime(2026, 3, 1, 12, 30, 0, 123_000, UTC),
)
TEXT = (
    "waybill-0123abcd\n4711\nDbVaNScH+AUSah4XRRcQfumVYnE9dvbQIqQA7tYIpmw=\n"
    "store 0198f000-0000-4000-8000-000000000001\ntime 2026-03-01T12:30:00.123Z\n"
)


def test_a_checkpoint_is_written_line_by_line() -> None:
    assert str(CHECKPOINT) == TEXT
    assert parse_checkpoint(str(CHECKPOINT)) == CHECKPOINT


@given(
    size=st.integers(0, 2**63 - 1),
    root=st.binary(min_size=32, max_size=32),
    store=st.uuids(),
    at=st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - with a zone
)
def test_any_checkpoint_is_read_as_it_was_written(size: int, root: bytes, store: UUID, at: datetime) -> None:
    written = str(replace(CHECKPOINT, size=size, root=root, store=store, at=at))
    found = parse_checkpoint(written)
    assert str(found) == written
    assert (found.size, found.root, found.store) == (size, root, store)
    assert abs(found.at - at) < timedelta(milliseconds=1)


def test_the_time_is_said_in_utc() -> None:
    elsewhere = replace(CHECKPOINT, at=CHECKPOINT.at.astimezone(timezone(timedelta(hours=9))))
    assert str(elsewhere) == str(CHECKPOINT)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("4711", "04711", id="a size written otherwise"),
        pytest.param("4711", "-1", id="a size below none"),
        pytest.param("store 0198f000", "store 0198F000", id="a store written otherwise"),
        pytest.param("store 0198f000-0000", "store 0198f0000000-", id="a store that is none"),
        pytest.param("time 2026-03-01", "time 2026-13-01", id="no such month"),
        pytest.param(".123Z", ".123456Z", id="a time written otherwise"),
        pytest.param(".123Z", ".123", id="a time without its zone"),
        pytest.param("store ", "stored ", id="another line"),
        pytest.param("Z\n", "Z\nmore\n", id="one line more"),
        pytest.param("Z\n", "Z", id="no end"),
        pytest.param("=\n", "\n", id="a root that is none"),
    ],
)
def test_there_is_one_way_to_write_a_checkpoint(before: str, after: str) -> None:
    written = str(CHECKPOINT)
    assert before in written
    with pytest.raises(NoteError, match="not a checkpoint"):
        parse_checkpoint(written.replace(before, after))
