"""What the routes may call."""

from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from msgspec import Struct

from adapters.http.live import Live
from adapters.http.pages import Cursors
from commands.archive_skill import ArchiveSkill, SkillArchiving
from commands.beginning import BegunRun
from commands.cancel_run import CancelRun, RunCancelling
from commands.change_provider import ChangeProvider
from commands.connect_provider import ConnectProvider, ProviderConnection
from commands.converse import Converse, Conversed
from commands.erase_chat_text import EraseChatText
from commands.issue_api_key import IssueApiKey
from commands.label_skill import LabelSkill, SkillLabelling
from commands.pause_provider import PauseProvider, ResumeProvider
from commands.queue_install_run import PreviewedRun, QueuedRun, QueueInstallRun
from commands.record_export import RecordExport
from commands.register_skill import RegisterSkill, SkillRegistration
from commands.retry_run import RetryRun
from commands.revoke_api_key import RevokeApiKey
from commands.rollback_run import RollbackRun
from commands.uninstall_skill import UninstallSkill
from commands.verify_installation import VerifyInstallations
from commands.verify_provider import VerifyProvider
from domain.alert.deliveries import Deliveries
from domain.chat.texts import ChatTexts
from domain.events import Context
from domain.evidence.case import CaseScope
from domain.evidence.ports import StoredEvents, Tiles
from domain.idempotency import IdempotencyKeys
from domain.install_run.policy import Policy
from domain.ports import BundleStore, EventStore
from domain.provider.events import ProviderKind
from queries.reading import Reader


class Application(Struct, frozen=True, kw_only=True):
    """The commands, the read side, the streams, the bytes of the skills, the words of chat, and the keys of requests that may come
    again.

    `base_urls`: the kinds that can be connected, and where they are. `default_policy` is that of a run whose request does not
    say otherwise. `run_queued` is called when a run is stored and its answer not yet sent.
    """

    register_skill: Callable[[RegisterSkill, Context], Awaitable[SkillRegistration]]
    label_skill: Callable[[LabelSkill, Context], Awaitable[SkillLabelling]]
    archive_skill: Callable[[ArchiveSkill, Context], Awaitable[SkillArchiving]]
    connect_provider: Callable[[ConnectProvider, Context], Awaitable[ProviderConnection]]
    change_provider: Callable[[ChangeProvider, Context], Awaitable[UUID]]
    verify_provider: Callable[[VerifyProvider, Context], Awaitable[UUID]]
    pause_provider: Callable[[PauseProvider, Context], Awaitable[UUID]]
    resume_provider: Callable[[ResumeProvider, Context], Awaitable[UUID]]
    queue_install_run: Callable[[QueueInstallRun, Context], Awaitable[QueuedRun]]
    preview_install_run: Callable[[QueueInstallRun, Context], Awaitable[PreviewedRun]]
    uninstall_skill: Callable[[UninstallSkill, Context], Awaitable[BegunRun]]
    cancel_run: Callable[[CancelRun, Context], Awaitable[RunCancelling]]
    retry_run: Callable[[RetryRun, Context], Awaitable[BegunRun]]
    rollback_run: Callable[[RollbackRun, Context], Awaitable[BegunRun]]
    verify_installations: Callable[[VerifyInstallations, Context], Awaitable[None]]
    converse: Callable[[Converse, Context], Awaitable[Conversed]]
    erase_chat_text: Callable[[EraseChatText, Context], Awaitable[UUID]]
    chat_texts: ChatTexts
    reader: Reader
    store: EventStore
    bundles: BundleStore
    idempotency_keys: IdempotencyKeys
    deliveries: Deliveries
    stored: StoredEvents
    tiles: Tiles
    base_urls: Mapping[ProviderKind, str]
    default_policy: Policy
    run_queued: Callable[[], None]
    issue_api_key: Callable[[IssueApiKey, Context], Awaitable[str | None]]
    revoke_api_key: Callable[[RevokeApiKey, Context], Awaitable[None]]
    record_export: Callable[[RecordExport, Context], Awaitable[int]]
    export_incident: Callable[[CaseScope, Context], Awaitable[bytes]]
    cursors: Cursors
    live: Live
