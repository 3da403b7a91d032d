"""What chat says in Korean."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from domain.chat.decisions import CONFIRMATION_LASTS
from domain.chat.replies import korean_found, korean_plans, korean_reasons
from domain.chat.replies.voice import Voice
from domain.chat.replies.wording import listed, moment, quoted, shown


def _asks(lines: list[str]) -> str:
    return f"{lines[0]}할까요?" if len(lines) == 1 else f"다음 {len(lines)}가지를 할까요?\n{listed(lines)}"


def _holds(expires_at: datetime | None) -> str:
    until = f", {moment(expires_at)}까지" if expires_at is not None else ""
    minutes = int(CONFIRMATION_LASTS.total_seconds()) // 60
    return f"확인해 주시기 전에는 아무것도 하지 않아요. 확인 토큰은 {minutes}분 동안{until} 쓸 수 있어요."


def _would_do(lines: list[str]) -> str:
    return (
        f"실행하면 이렇게 돼요: {lines[0]}"
        if len(lines) == 1
        else f"실행하면 다음 {len(lines)}가지를 해요:\n{listed(lines)}"
    )


def _doubts(words: Sequence[str]) -> str:
    said, _ = shown(words)
    return f"{', '.join(quoted(word) for word in said)} 부분은 제대로 이해했는지 확실하지 않아요."


def _joined(runs: Sequence[str]) -> str:
    return f"똑같은 작업을 이미 하고 있던 실행: {', '.join(runs)}"


KOREAN: Final = Voice(
    wanted=korean_plans.wanted,
    asks=_asks,
    holds=_holds,
    would_do=_would_do,
    done=korean_plans.done,
    undone=korean_plans.undone,
    joined=_joined,
    left_out=korean_plans.left_out,
    found=korean_found.found,
    refused=korean_reasons.refused,
    doubts=_doubts,
    and_more=lambda number: f"외 {number}개",
    leaves_out="제외한 것:",
    dry_run="시험 삼아 살펴봤을 뿐, 아무것도 하지 않았어요.",
    asks_first="실제로는 먼저 여쭤볼 거예요.",
    only_looks="조회만 하고 아무것도 바꾸지 않아요.",
    nothing="할 일이 없었어요.",
)
