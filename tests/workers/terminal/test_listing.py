import re
from datetime import UTC, datetime, timedelta

import click
import pytest

from workers.terminal.listing import Moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T12:00:00Z", "2026-11-22T12:00:00Z"),
        ("2026-11-22T12:00:00+09:00", "2026-11-22T03:00:00Z"),
    ],
)
def test_a_time_is_sent_in_utc(text: str, moment: str) -> None:
    assert Moment().convert(text, None, None) == moment


@pytest.mark.parametrize(("text", "age"), [("90s", 90), ("15m", 900), ("2h", 7_200), ("3d", 259_200)])
def test_an_age_is_so_long_ago(text: str, age: int) -> None:
    moment = datetime.fromisoformat(Moment().convert(text, None, None))
    assert timedelta() <= datetime.now(UTC) - timedelta(seconds=age) - moment < timedelta(seconds=10)


@pytest.mark.parametrize("text", ["", "yesterday", "5", "0h", "-2h", "9999999d"])
def test_anything_else_is_wrong_usage(text: str) -> None:
    with pytest.raises(click.BadParameter, match=re.escape("neither a time")):
        Moment().convert(text, None, None)
