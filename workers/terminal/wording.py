"""How things are worded on a terminal: statuses, times, digests, and text that somebody else wrote."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from rich.text import Text

from workers.terminal.answers import Receipt

DIGEST_DIGITS: Final = 12

# Symbol and colour say it again; the word alone is enough.
_STATUSES: Final = {
    "queued": ("○", "dim"),
    "running": ("◐", "cyan"),
    "success": ("✔", "green"),
    "failed": ("✘", "red"),
    "partial_failed": ("◑", "yellow"),
    "active": ("✔", "green"),
    "inactive": ("✘", "red"),
    "expired": ("✘", "yellow"),
    "revoked": ("✘", "red"),
    "failure": ("✘", "red"),
    "denied": ("✘", "yellow"),
    # What a provider said of an installation: nothing against it, gone, something else there, or nothing at all.
    "none": ("✔", "green"),
    "missing": ("✘", "red"),
    "changed": ("✘", "yellow"),
    "unknown": ("?", "yellow"),
    "accepted": ("✔", "green"),
    "refused": ("✘", "red"),
    "received": ("◐", "cyan"),
    "waiting": ("○", "yellow"),
    "confirmed": ("◐", "cyan"),
    "rejected": ("✘", "yellow"),
}
_UNKNOWN_STATUS: Final = ("·", "")
_PAIRS: Final = ((("d", 86_400), ("h", 3_600)), (("h", 3_600), ("m", 60)), (("m", 60), ("s", 1)))


def status_text(status: str) -> Text:
    symbol, style = _STATUSES.get(status, _UNKNOWN_STATUS)
    return Text(f"{symbol} {printable(status)}", style=style)


def printable(text: str) -> str:
    """One line that a terminal shows and does not obey: what does not print is shown as its escape."""
    line = " ".join(text.split())
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)


def short_digest(digest: str) -> str:
    """Enough digits to be a ref."""
    return printable(digest.removeprefix("sha256:"))[:DIGEST_DIGITS]


def pinned(name: str, version: int) -> str:
    return f"{printable(name)} v{version}"


def received(receipt: Receipt) -> str:
    version = "" if receipt.remote_version is None else f" version {printable(receipt.remote_version)}"
    return printable(receipt.remote_id) + version


def moment(at: datetime) -> str:
    """In UTC, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def clock(at: datetime) -> str:
    """The time of day in UTC, to the millisecond."""
    return at.astimezone(UTC).strftime("%H:%M:%S.%f")[:-3]


def age(at: datetime, *, now: datetime) -> str:
    """`3m`, `2h`: the largest unit that fits."""
    return _largest(max(now - at, timedelta()))


def ago(at: datetime, *, now: datetime) -> str:
    """Absolute and relative."""
    return f"{moment(at)} UTC ({age(at, now=now)} ago)"


def duration(since: datetime, until: datetime) -> str:
    seconds = max((until - since).total_seconds(), 0.0)
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else _largest(timedelta(seconds=seconds))


def lasting(span: timedelta) -> str:
    """Exact enough to be added up: `<1 ms`, `16 ms`, `4.3 s`, `3m 12s`, `2h 5m`, `4d 2h`."""
    seconds = span.total_seconds()
    if seconds < 60:
        milliseconds = seconds * 1000
        return f"{seconds:.1f} s" if seconds >= 1 else f"{milliseconds:.0f} ms" if milliseconds >= 1 else "<1 ms"
    large, small = next(pair for pair in _PAIRS if seconds >= pair[0][1])
    return f"{seconds // large[1]:.0f}{large[0]} {seconds % large[1] // small[1]:.0f}{small[0]}"


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def enumerated(names: Sequence[str]) -> str:
    """`openai`, `openai and claude`, `openai, claude and gemini`."""
    *before, last = names or ("",)
    return f"{', '.join(before)} and {last}" if before else last


def size(number: int) -> str:
    if number < 1_000:
        return counted(number, "byte")
    return f"{number / 1_000:.1f} kB" if number < 1_000_000 else f"{number / 1_000_000:.1f} MB"


def _largest(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for unit, unit_seconds in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= unit_seconds:
            return f"{seconds // unit_seconds}{unit}"
    return f"{seconds}s"
