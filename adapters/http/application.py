"""What the routes may call."""

from collections.abc import Awaitable, Callable, Mapping

from msgspec import Struct

from commands.connect_provider import ConnectProvider, ProviderConnection
from commands.queue_install_run import PreviewedRun, QueuedRun, QueueInstallRun
from commands.register_skill import RegisterSkill, SkillRegistration
from commands.uninstall_skill import UninstallRun, UninstallSkill
from domain.events import Context
from domain.ports import EventStore
from domain.provider.events import ProviderKind
from queries.reading import Reader


class Application(Struct, frozen=True, kw_only=True):
    """The commands, the read side, and the streams. `base_urls`: the kinds that can be connected, and where they are."""

    register_skill: Callable[[RegisterSkill, Context], Awaitable[SkillRegistration]]
    connect_provider: Callable[[ConnectProvider, Context], Awaitable[ProviderConnection]]
    queue_install_run: Callable[[QueueInstallRun, Context], Awaitable[QueuedRun]]
    preview_install_run: Callable[[QueueInstallRun, Context], Awaitable[PreviewedRun]]
    uninstall_skill: Callable[[UninstallSkill, Context], Awaitable[UninstallRun]]
    reader: Reader
    store: EventStore
    base_urls: Mapping[ProviderKind, str]
