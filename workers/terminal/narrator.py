"""Tells the demo's story: numbers its chapters, and says which command does what is shown."""

from rich.console import Console, RenderableType
from rich.text import Text

from workers.terminal.screen import put


class Mismatch(Exception):  # noqa: N818 - house style: it reads as a fact
    """A step did not do what it should have done; the message says what that was."""


class Narrator:
    def __init__(self, console: Console) -> None:
        self.console = console
        self._chapters = 0

    def chapter(self, title: str) -> None:
        self._chapters += 1
        self.tell(Text.assemble(("\n", ""), (f"{self._chapters}. {title}", "bold")))

    def command(self, line: str) -> None:
        """One of ours."""
        self.shell(f"waybill {line}")

    def shell(self, line: str) -> None:
        self.tell(Text.assemble(("$ ", "dim"), (line, "cyan")))

    def tell(self, renderable: RenderableType) -> None:
        put(self.console, renderable)


def expect(truth: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Raises Mismatch."""
    if not truth:
        raise Mismatch(f"It should have been so that {what}.")
