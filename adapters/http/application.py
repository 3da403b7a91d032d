"""What the routes may call."""

from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from msgspec import Struct

from commands.archive_skill import ArchiveSkill, SkillArchiving
from commands.change_provider import ChangeProvider
from commands.connect_provider import ConnectProvider, ProviderConnection
from commands.label_skill import LabelSkill, SkillLabelling
from commands.queue_install_run import PreviewedRun, QueuedRun, QueueInstallRun
from commands.register_skill import RegisterSkill, SkillRegistration
from commands.uninstall_skill import UninstallRun, UninstallSkill
from commands.verify_installation import VerifyInstallations
from commands.verify_provider import VerifyProvider
from domain.events import Context
from domain.ports import BundleStore, EventStore
from domain.provider.events import ProviderKind
from queries.reading import Reader


class Application(Struct, frozen=True, kw_only=True):
    """The commands, the read side, the streams, and the bytes of the skills. `base_urls`: the kinds that can be connected, and where they are."""

    register_skill: Callable[[RegisterSkill, Context], Awaitable[SkillRegistration]]
    label_skill: Callable[[LabelSkill, Context], Awaitable[SkillLabelling]]
    archive_skill: Callable[[ArchiveSkill, Context], Awaitable[SkillArchiving]]
    connect_provider: Callable[[ConnectProvider, Context], Awaitable[ProviderConnection]]
    change_provider: Callable[[ChangeProvider, Context], Awaitable[UUID]]
    verify_provider: Callable[[VerifyProvider, Context], Awaitable[UUID]]
    queue_install_run: Callable[[QueueInstallRun, Context], Awaitable[QueuedRun]]
    preview_install_run: Callable[[QueueInstallRun, Context], Awaitable[PreviewedRun]]
    uninstall_skill: Callable[[UninstallSkill, Context], Awaitable[UninstallRun]]
    verify_installations: Callable[[VerifyInstallations, Context], Awaitable[None]]
    reader: Reader
    store: EventStore
    bundles: BundleStore
    base_urls: Mapping[ProviderKind, str]
