"""What answers about chat look like, for the OpenAPI document."""

from typing import Final
from uuid import UUID

from adapters.http.openapi_example_facts import (
    AT,
    CORRELATION_ID,
    DIGEST,
    OPENAI_ID,
    OPERATOR,
    REQUEST_ID,
    RUN_ID,
    SKILL_ID,
    SKILL_NAME,
)
from adapters.http.resources import ChatAnswer
from domain.chat.intent import Action, Intent, Language
from domain.chat.plan import InstallStep, PinnedProvider, Plan
from domain.chat.state import ChatStatus
from queries.chat_action_view import ChatAction

SAID: Final = Intent(action=Action.INSTALL, skills=(SKILL_NAME,), ref="stable", providers=("openai",))
PLAN: Final = Plan(
    steps=(
        InstallStep(
            run_id=RUN_ID,
            skill_id=SKILL_ID,
            skill=SKILL_NAME,
            version=2,
            digest=DIGEST,
            providers=(PinnedProvider(id=OPENAI_ID, name="openai"),),
        ),
    )
)
CHAT_ACTION: Final = ChatAction(
    id=UUID("019d33dd-8e3f-7a11-9c01-6b2f0d5e4a37"),
    at=AT,
    actor=OPERATOR,
    language=Language.KOREAN,
    parser="grammar",
    status=ChatStatus.ACCEPTED,
    intent=SAID,
    plan=PLAN,
    run_ids=(RUN_ID,),
    request_id=REQUEST_ID,
    correlation_id=CORRELATION_ID,
    position=43,
    text="openai에 kbo-results@stable 설치해줘",
)
CHAT: Final = ChatAnswer(
    accepted=True,
    reason=None,
    intent=SAID,
    run_ids=(RUN_ID,),
    reply="openai에 kbo-results 버전 2를 설치합니다.",
    confirmation=None,
    chat_action_id=CHAT_ACTION.id,
    parser="grammar",
    language=Language.KOREAN,
    candidates=(),
    skipped=(),
    refusals=(),
)
