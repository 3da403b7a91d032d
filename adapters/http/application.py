"""What the routes may call."""

from collections.abc import Awaitable, Callable, Mapping

from msgspec import Struct

from commands.connect_provider import ConnectProvider, ProviderConnection
from commands.queue_install_run import QueuedRun, QueueInstallRun
from commands.register_skill import RegisterSkill, SkillRegistration
from domain.events import Context
from domain.ports import EventStore
from domain.provider.events import ProviderKind
from queries.reading import Reader


class Application(Struct, frozen=True, kw_only=True):
    """The commands, the read side, and the streams. `base_urls`: the kinds that can be connected, and where they are."""

    register_skill: Callable[[RegisterSkill, Context], Awaitable[SkillRegistration]]
    connect_provider: Callable[[ConnectProvider, Context], Awaitable[ProviderConnection]]
    queue_install_run: Callable[[QueueInstallRun, Context], Awaitable[QueuedRun]]
    reader: Reader
    store: EventStore
    base_urls: Mapping[ProviderKind, str]
