"""What was heard in a sentence, before anybody looked whether such things exist. Grammar and language model both give this."""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from domain.chat.intent import Action, Language, Listed
from domain.chat.reasons import Reason
from domain.install_run.state import RunStatus

MESSAGE_CHARS_MAX: Final = 1000
NAMES_MAX: Final = 50


class Deed(StrEnum):
    """What "who did it" asks after."""

    INSTALL = "install"
    UNINSTALL = "uninstall"
    CANCEL = "cancel"
    RETRY = "retry"
    ROLLBACK = "rollback"
    REGISTER = "register"
    CONNECT = "connect"
    VERIFY = "verify"


class Name(Struct, frozen=True):
    """A name as somebody wrote it, in lower case and without what a language hangs on to it; `ref` is the one written next to
    it.
    """

    text: str
    ref: str | None = None


class Pick(Struct, frozen=True):
    """Those of these names; or `every` one there is, but not the `excepted` ones."""

    names: tuple[Name, ...] = ()
    every: bool = False
    excepted: tuple[str, ...] = ()


class RunPick(Struct, frozen=True):
    """Runs by their ids or how these begin (8 hex digits or more); or the `last` one of whoever asks; or `every` one that fits."""

    ids: tuple[str, ...] = ()
    last: bool = False
    every: bool = False


class Said(Struct, frozen=True, kw_only=True):
    """`skills` and `providers` are what must be one, by the place or the particle it has; `either` could be both.

    `ref` is for all skills without one of their own. `statuses` narrow runs down ("failed runs"). `listed` is what a list is of,
    `deed` what "who" asks after; None if it was not said.

    `obstacle`: why nothing may come of it whatever exists: `not_understood`, `negated`, `question`, `several_actions`. `unsure`
    are words that were understood by guess, or not at all though they might matter, and `polite` is a request in the form of a
    question: what changes something is then never done without asking.
    """

    language: Language
    action: Action
    skills: Pick = Pick()
    providers: Pick = Pick()
    either: Pick = Pick()
    ref: str | None = None
    runs: RunPick = RunPick()
    statuses: tuple[RunStatus, ...] = ()
    listed: Listed | None = None
    deed: Deed | None = None
    obstacle: Reason | None = None
    unsure: tuple[str, ...] = ()
    polite: bool = False
