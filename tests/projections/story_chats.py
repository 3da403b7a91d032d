"""What people say in the stories, and what becomes of it, as the domain decides it."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final
from uuid import NAMESPACE_OID, UUID, uuid5

from domain.chat import decisions
from domain.chat.events import ChatCommandReceived, ChatEvent
from domain.chat.intent import Action, Intent, Language
from domain.chat.plan import InstallStep, PinnedProvider, Plan, Skipped, StepRefused
from domain.chat.reasons import Reason
from domain.chat.state import CHAT_ACTION, ChatAction, ChatStatus
from domain.errors import Code
from domain.events import Actor, Role
from domain.provider.state import provider_stream
from domain.skill.state import skill_stream
from tests.kit.facts import NOON
from tests.projections.telling import Telling

ANNA: Final = Actor(kind="api_key", id="anna", name="Anna", role=Role.OPERATOR)
TOKEN: Final = "ab" * 32
PLAN: Final = Plan(
    steps=(
        InstallStep(
            run_id=uuid5(NAMESPACE_OID, "run of chat"),
            skill_id=skill_stream("kbo-results"),
            skill="kbo-results",
            version=1,
            digest=f"sha256:{1:064x}",
            providers=(PinnedProvider(id=provider_stream("openai"), name="openai"),),
        ),
    ),
    skipped=(Skipped(skill="kbo-results", provider="gemini", reason=Reason.PROVIDER_INACTIVE),),
)
REFUSALS: Final = (StepRefused(step=0, code=Code.CONFLICT_SKILL),)
RECEIVED: Final = ChatCommandReceived(
    caller=ANNA.id,
    language=Language.KOREAN,
    parser="grammar",
    intent=Intent(action=Action.INSTALL, skills=("kbo-results",), providers=("openai", "gemini")),
    text_sha256="cd" * 32,
    plan=PLAN,
)


class Chats:
    """The chat actions of one story."""

    def __init__(self, story: Telling) -> None:
        self._story = story
        self._said: list[UUID] = []

    def say(self, *, asks: bool = False) -> UUID:
        action_id = uuid5(NAMESPACE_OID, f"chat action {len(self._said)}")
        self._said.append(action_id)
        ask = TOKEN if asks else None
        self._add(action_id, decisions.receive(None, RECEIVED, ask=ask, now=NOON))
        return action_id

    def steps(self) -> list[Callable[[], object]]:
        """What may happen now."""
        return [
            self.say,
            partial(self.say, asks=True),
            *(step for action_id in self._said for step in self._steps_of(action_id, self._state(action_id))),
        ]

    def confirm(self, action_id: UUID) -> None:
        state = self._state(action_id)
        self._add(action_id, decisions.confirm(state, caller=ANNA.id, token_sha256=TOKEN, now=NOON))

    def ask_again(self, action_id: UUID) -> None:
        self._add(action_id, decisions.ask_again(self._state(action_id), token_sha256=TOKEN, now=NOON))

    def accept(self, action_id: UUID) -> None:
        run_ids = (PLAN.steps[0].run_id,) if isinstance(PLAN.steps[0], InstallStep) else ()
        self._add(action_id, decisions.accept(self._state(action_id), run_ids=run_ids, refusals=REFUSALS))

    def reject(self, action_id: UUID, reason: Reason = Reason.REFUSED, code: Code | None = None) -> None:
        refusals = REFUSALS if reason is Reason.REFUSED else ()
        self._add(action_id, decisions.reject(self._state(action_id), reason=reason, code=code, refusals=refusals))

    def erase(self, action_id: UUID) -> None:
        self._add(action_id, decisions.erase(self._state(action_id), by=ANNA))

    def _steps_of(self, action_id: UUID, state: ChatAction) -> list[Callable[[], object]]:
        steps: list[Callable[[], object]] = [] if state.erased else [partial(self.erase, action_id)]
        if state.status is ChatStatus.WAITING:
            steps += [partial(self.confirm, action_id), partial(self.ask_again, action_id)]
            steps.append(partial(self.reject, action_id, Reason.DECLINED))
        elif not state.status.ended:
            steps += [partial(self.accept, action_id), partial(self.reject, action_id)]
        return steps

    def _state(self, action_id: UUID) -> ChatAction:
        state = self._story.state(action_id, CHAT_ACTION)
        assert state is not None
        return state

    def _add(self, action_id: UUID, events: Sequence[ChatEvent]) -> None:
        self._story.add(action_id, *events, actor=ANNA)
