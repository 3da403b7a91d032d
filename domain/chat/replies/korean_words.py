"""Korean for what the domain knows as a word: statuses, roles, what was done."""

from collections.abc import Sequence
from typing import Final

from domain.chat.replies.particles import Particle, followed
from domain.install_run.events import RunKind
from domain.install_run.state import RunStatus, TargetStatus

# Said of an install, a removal or a rollback: 설치에 성공했어요.
STATUSES: Final[dict[RunStatus, str]] = {
    RunStatus.QUEUED: " 작업이 아직 시작되지 않았어요",
    RunStatus.RUNNING: " 작업이 진행 중이에요",
    RunStatus.SUCCESS: "에 성공했어요",
    RunStatus.FAILED: "에 실패했어요",
    RunStatus.PARTIAL_FAILED: "에 일부 실패했어요",
}
TARGET_STATUSES: Final[dict[TargetStatus, str]] = {
    TargetStatus.QUEUED: "대기 중",
    TargetStatus.RUNNING: "진행 중",
    TargetStatus.SUCCESS: "완료",
    TargetStatus.FAILED: "실패",
}
KINDS: Final[dict[RunKind, str]] = {"install": "설치", "uninstall": "제거", "rollback": "롤백"}
DRIFTS: Final = {
    "missing": "지금은 그곳에 없어요",
    "changed": "지금은 그곳에 다른 것이 있어요",
    "unknown": "아직 그대로인지는 확인되지 않았어요",
}
DEEDS: Final = {
    "skill.registered": "등록했어요",
    "skill.version_published": "새 버전으로 등록했어요",
    "skill.labelled": "라벨을 붙였어요",
    "skill.archived": "보관 처리했어요",
    "skill.unarchived": "다시 쓰도록 했어요",
    "provider.connected": "연결했어요",
    "provider.reconfigured": "변경했어요",
    "provider.credential_changed": "새 인증 정보로 변경했어요",
    "provider.verified": "검증했어요",
    "provider.verification_failed": "검증했지만 실패했어요",
    "provider.activated": "사용하도록 했어요",
    "provider.deactivated": "사용하지 않도록 했어요",
    "provider.paused": "일시 중지했어요",
    "provider.resumed": "재개했어요",
    "install_run.queued": "요청했어요",
    "install_run.cancel_requested": "취소했어요",
    "install_run.retried": "재시도했어요",
    "install_run.rollback_requested": "롤백했어요",
}
PAIR_DEEDS: Final = {
    "install_run.queued": "{place}에 {skill} 설치하도록 요청했어요",
    "installation.changed": "{place}에 {skill} 설치했어요",
    "installation.removed": "{place}에서 {skill} 제거했어요",
}
NOUNS: Final = {
    "skill": "스킬",
    "provider": "연결",
    "install_run": "실행",
    "installation": "설치본",
    "api_key": "API 키",
    "chat": "대화 명령",
}


def enumerated(words: Sequence[str]) -> str:
    """`openai`, `openai와 claude`, `openai, claude와 gemini`."""
    *before, end = words or ("",)
    return ", ".join([*before[:-1], followed(before[-1], Particle.AND)]) + f" {end}" if before else end
