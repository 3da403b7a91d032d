"""Times and sizes on the page of a case."""

from datetime import UTC, datetime, timedelta
from typing import Final

UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60))


def moment(at: datetime) -> str:
    """In UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(sep=" ", timespec="milliseconds").replace("+00:00", "")


def clock(at: datetime, *, finely: bool = False) -> str:
    return f"{at.astimezone(UTC):%H:%M:%S.%f}"[:-3] if finely else f"{at.astimezone(UTC):%H:%M:%S}"


def lasted(span: timedelta | float) -> str:
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    for unit, unit_seconds in UNITS:
        if seconds >= unit_seconds:
            whole, rest = divmod(int(seconds), unit_seconds)
            return f"{whole} {unit}" + (f" {rest} s" if unit == "min" and rest else "")
    return f"{seconds:.0f} s"


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def shortened(text: str, chars_max: int) -> str:
    return text if len(text) <= chars_max else f"{text[: chars_max - 1]}…"
