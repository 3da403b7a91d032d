"""What an English sentence is made of, once it is known which part every word plays."""

from typing import Final

from msgspec import Struct

from domain.chat.grammar.english.verbs import Form
from domain.chat.grammar.english.words import Part
from domain.chat.intent import Action
from domain.install_run.state import RunStatus

NAMING: Final = frozenset({Part.NAME, Part.PROVIDER, Part.RUN_ID, Part.MENTION})


class Item(Struct, frozen=True, kw_only=True):
    """One word or several that play a part together.

    `text` is as it was said. Verbs have an `action` and a `form`; a name or provider may have a `ref`, and a ref is one;
    `statuses` are those of a word for runs. `definite`: "the", "my" or the like stands before it. `quoted`: it was, and is a
    name. `slip`: it is a guess.
    """

    part: Part
    text: str
    action: Action | None = None
    form: Form | None = None
    ref: str | None = None
    statuses: tuple[RunStatus, ...] = ()
    definite: bool = False
    quoted: bool = False
    slip: bool = False

    @property
    def word(self) -> str:
        """What it says, if it is a word and not the name of something."""
        return "" if self.part in NAMING else self.text

    def is_mark(self, *marks: str) -> bool:
        return self.part is Part.MARK and self.text in marks
