"""What chat says in English."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from domain.chat.decisions import CONFIRMATION_LASTS
from domain.chat.replies import english_found, english_plans, english_reasons
from domain.chat.replies.english_words import counted, enumerated
from domain.chat.replies.voice import Voice
from domain.chat.replies.wording import listed, moment, quoted, shown


def _asks(lines: list[str]) -> str:
    return f"Shall I {lines[0]}?" if len(lines) == 1 else f"Shall I do these {len(lines)} things?\n{listed(lines)}"


def _holds(expires_at: datetime | None) -> str:
    until = f", until {moment(expires_at)}" if expires_at is not None else ""
    minutes = counted(int(CONFIRMATION_LASTS.total_seconds()) // 60, "minute")
    return f"Nothing is done before you confirm it. The token for that is good for {minutes}{until}."


def _would_do(lines: list[str]) -> str:
    return f"This would {lines[0]}." if len(lines) == 1 else f"This would do {len(lines)} things:\n{listed(lines)}"


def _doubts(words: Sequence[str]) -> str:
    said, _ = shown(words)
    return f"I am not sure that I read {enumerated([quoted(word) for word in said])} right."


def _joined(runs: Sequence[str]) -> str:
    return f"At just this there was already run {enumerated(runs)}."


ENGLISH: Final = Voice(
    wanted=english_plans.wanted,
    asks=_asks,
    holds=_holds,
    would_do=_would_do,
    done=english_plans.done,
    undone=english_plans.undone,
    joined=_joined,
    left_out=english_plans.left_out,
    found=english_found.found,
    refused=english_reasons.refused,
    doubts=_doubts,
    and_more=lambda number: f"and {number} more",
    leaves_out="Left out:",
    dry_run="Dry run: nothing was done.",
    asks_first="You would be asked first whether it is meant.",
    only_looks="This would only look something up.",
    nothing="There was nothing to do.",
)
