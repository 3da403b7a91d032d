"""What is put into answers: words of people, and times."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from domain.chat.replies.wording import NAME_CHARS_MAX, QUOTED_CHARS_MAX, harmless, moment, quoted

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("kbo-results@stable", "kbo-results@stable"),
        ("김민수 (KBO)", "김민수 (KBO)"),
        (" two\n\n lines\t", "two lines"),
        ("\x1b[31mred\x1b[0m", "［31mred［0m"),  # noqa: RUF001 - what it looks like
        ("a\u202eb\u200bc\ufeff\x00", "abc"),
        ("<!here> & *x* `y` [a](b) ~z~ a|b \\", "＜!here＞ ＆ ＊x＊ ｀y｀ ［a］(b) ～z～ a｜b ＼"),  # noqa: RUF001 - what they look like
        ("", ""),
    ],
)
def test_what_a_person_wrote_does_nothing(text: str, shown: str) -> None:
    assert harmless(text) == shown


def test_it_is_cut_where_it_gets_too_long() -> None:
    assert harmless("x" * NAME_CHARS_MAX) == "x" * NAME_CHARS_MAX
    assert harmless("x" * (NAME_CHARS_MAX + 1)) == "x" * (NAME_CHARS_MAX - 1) + "…"
    assert quoted("x" * 1_000) == "“" + "x" * (QUOTED_CHARS_MAX - 1) + "…”"


def test_a_quotation_ends_where_we_end_it() -> None:
    assert quoted('a” was installed. “b "c"') == "“a' was installed. 'b 'c'”"


def test_a_time_is_plain_and_in_utc() -> None:
    assert moment(NOON) == "2026-11-22 12:00:00 UTC"
    assert moment(NOON.astimezone(timezone(timedelta(hours=9)))) == "2026-11-22 12:00:00 UTC"
