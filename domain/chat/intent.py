"""What a sentence comes to: one action, and what it is about, by the names of what exists."""

from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

from msgspec import Struct

# Which of the two understood a sentence: the rules, or a language model behind them.
Parser = Literal["grammar", "model"]


class Language(StrEnum):
    """That of a message, in which it is answered."""

    KOREAN = "ko"
    ENGLISH = "en"


class Action(StrEnum):
    """What is wanted. `none`: nothing that is done here, or nothing at all."""

    INSTALL = "install"
    STATUS = "status"
    LIST = "list"
    SHOW = "show"
    CANCEL = "cancel"
    RETRY = "retry"
    ROLLBACK = "rollback"
    UNINSTALL = "uninstall"
    VERIFY = "verify"
    WHO = "who"
    HELP = "help"
    NONE = "none"

    @property
    def changes(self) -> bool:
        """Whether it does something, where the others only look."""
        return self in CHANGING


CHANGING: Final = frozenset(
    {Action.INSTALL, Action.CANCEL, Action.RETRY, Action.ROLLBACK, Action.UNINSTALL, Action.VERIFY}
)


class Listed(StrEnum):
    """What a list is of."""

    SKILLS = "skills"
    PROVIDERS = "providers"
    RUNS = "runs"
    INSTALLATIONS = "installations"


class Intent(Struct, frozen=True, kw_only=True, rename="camel"):
    """Names of skills and providers that exist; `ref` picks the version as it was said, None if nothing was said about it, or not
    the same of all skills. `listed` is what a list is of.
    """

    action: Action
    skills: tuple[str, ...] = ()
    ref: str | None = None
    providers: tuple[str, ...] = ()
    run_id: UUID | None = None
    listed: Listed | None = None


NOTHING: Final = Intent(action=Action.NONE)
