"""The bodies of answers: what the read models show, and the little that an answer adds to it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

from msgspec import Struct

from domain.chat.intent import Intent, Language, Parser
from domain.chat.plan import Skipped, StepRefused
from domain.chat.reasons import Reason
from domain.errors import Code
from domain.events import Recorded
from domain.install_run.events import SkillPin, Target
from domain.install_run.policy import Policy
from domain.install_run.preflight import Refusal
from projections.install_runs import InstallRun
from projections.providers import Provider
from projections.read_model import ReadModel
from projections.rows import Row
from projections.skills import Skill, SkillVersion, SkillWithVersions
from queries.alert_view import Alert
from queries.api_key_view import ApiKey
from queries.chat_action_view import ChatAction
from queries.installation_view import Installation

Resource = TypeVar("Resource", bound=Struct)


class SkillAnswer(SkillWithVersions, frozen=True, kw_only=True, rename="camel"):
    """`stale`: the read side had not come as far as what is stored."""

    stale: bool


class RegisteredSkill(Skill, frozen=True, kw_only=True, rename="camel"):
    """`registered` is the version that the sent bytes are, which need not be the latest."""

    registered: SkillVersion


class ProviderAnswer(Provider, frozen=True, kw_only=True, rename="camel"):
    """`stale`: the read side had not come as far as what is stored."""

    stale: bool


class InstallationAnswer(Installation, frozen=True, kw_only=True, rename="camel"):
    """`stale`: the read side had not come as far as what is stored."""

    stale: bool


class InstallRunAnswer(InstallRun, frozen=True, kw_only=True, rename="camel"):
    """`stale`: the read side had not come as far as what is stored."""

    stale: bool


class RequestedInstallRun(InstallRun, frozen=True, kw_only=True, rename="camel"):
    """`reused`: this run was active already and does exactly what was asked for."""

    reused: bool


class ApiKeyAnswer(ApiKey, frozen=True, kw_only=True, rename="camel"):
    """`stale`: the read side had not come as far as what is stored."""

    stale: bool


class AlertAnswer(Alert, frozen=True, kw_only=True, rename="camel"):
    """`stale`: the read side had not come as far as what is stored."""

    stale: bool


class IssuedApiKey(ApiKey, frozen=True, kw_only=True, rename="camel"):
    """`key` is what opens the door; None if it was told before, to whoever sent this request first."""

    key: str | None


class ChatActionAnswer(ChatAction, frozen=True, kw_only=True, rename="camel"):
    """`stale`: the read side had not come as far as what is stored."""

    stale: bool


class ChatConfirmation(Struct, frozen=True, kw_only=True, rename="camel"):
    """`token` says that `plan`, in words, is meant; it is worth nothing to others, and to nobody after `expires_at`."""

    token: str
    expires_at: datetime
    plan: str


class ChatAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """`accepted`: it was answered or done, or would be if it were not a dry run. `candidates` are names that exist and come close
    to what was said. `chat_action_id` is None where nothing was stored.
    """

    accepted: bool
    reason: Reason | None
    intent: Intent
    run_ids: tuple[UUID, ...]
    reply: str
    confirmation: ChatConfirmation | None
    chat_action_id: UUID | None
    parser: Parser
    language: Language
    candidates: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    refusals: tuple[StepRefused, ...]


class TargetPreview(Struct, frozen=True, kw_only=True, rename="camel"):
    """`code` and `message` are those of the first refusal. `paused`: it would wait until the connection is resumed.
    `installed_version` is live there now; the run `active_run_id` comes before.
    """

    provider: Target
    accepted: bool
    code: Code | None
    message: str | None
    refusals: tuple[Refusal, ...]
    paused: bool
    installed_version: int | None
    active_run_id: UUID | None


class InstallRunPreview(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a dry run answers with: nothing was stored, and no provider was asked."""

    dry_run: Literal[True] = True
    skill: SkillPin
    policy: Policy
    targets: tuple[TargetPreview, ...]


def as_stored(model: ReadModel[Row], history: Sequence[Recorded]) -> Row:
    """What the read model is going to show of a stream, folded from the events themselves.

    A write answers with this, so that its answer does not depend on how far the read side has come.
    """
    (row,) = model.fold(history, touched=model.touched(history), stored=())
    return row


def shown_as(kind: type[Resource], item: Struct, **more: Any) -> Resource:
    """The item without the fields that `kind` does not have, and with those that only the answer knows."""
    names = (name for name in kind.__struct_fields__ if name not in more)
    return kind(**{name: getattr(item, name) for name in names}, **more)
