"""A tree of causes, line by line: beside each event its position, its time, and how long after its cause it came."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from workers.terminal.cause_wording import actor_of, linked, slowness_of, spell, words_of
from workers.terminal.replay_answers import CauseNode
from workers.terminal.wording import clock

GAP: Final = "  "
CRITICAL: Final = "● "
BESIDE: Final = "○ "
# Where a line goes on below.
HANGING: Final = "  "
LINK: Final = "↳ "
# What stands before the tree: the position, the time, and how long after its cause.
CELLS: Final = 3
TEXT_WIDTH_MIN: Final = 20


class CauseLine:
    """`left` are the cells before the tree, `guide` is drawn before the text, `below` before the lines on which it goes on."""

    def __init__(self, left: Sequence[Text], guide: str, below: str, text: Text) -> None:
        self.left = left
        self.guide = guide
        self.below = below
        self.text = text


class CauseLines:
    """What follows from one thing alone stands right below it; only where several things follow the tree has branches."""

    def __init__(self, roots: Sequence[CauseNode]) -> None:
        self._lines: list[CauseLine] = []
        for root in roots:
            if self._lines:
                self._lines.append(CauseLine([Text()] * CELLS, "", "", Text()))
            self._lines += lines_of(root)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = list(zip(*(line.left for line in self._lines), strict=True))
        widths = [max(cell_len(cell.plain) for cell in column) for column in columns]
        left_width = sum(widths) + len(GAP) * len(widths)
        for line in self._lines:
            left = Text()
            for cell, width in zip(line.left, widths, strict=True):
                left.append(" " * (width - cell_len(cell.plain))).append_text(cell).append(GAP)
            room = options.max_width - left_width - cell_len(line.below)
            folded = [line.text]
            if console.is_terminal:
                folded = list(line.text.wrap(console, max(room, TEXT_WIDTH_MIN), overflow="fold"))
            for number, text in enumerate(folded):
                start = left if number == 0 else Text(" " * left_width)
                whole = start + Text(line.guide if number == 0 else line.below, style="dim") + text
                whole.rstrip()
                whole.no_wrap, whole.overflow = True, "ignore"
                yield whole


def lines_of(
    node: CauseNode, *, above: CauseNode | None = None, before: str = "", branch: str = ""
) -> Iterator[CauseLine]:
    """`before` are the guides of what is above, `branch` is drawn where the node itself hangs."""
    below = before + {"├─ ": "│  ", "└─ ": "   "}.get(branch, "")
    bar = "│ " if node.children and len(node.children) > 1 else HANGING
    text = words_of(node).append_text(actor_of(node, above)).append_text(slowness_of(node))
    yield CauseLine(_left(node), before + branch + (CRITICAL if node.critical else BESIDE), below + bar, text)
    for link in node.also:
        yield CauseLine(
            [Text()] * CELLS, below + bar + LINK, below + bar + HANGING, Text(linked(link, before=node), style="cyan")
        )
    if len(node.children) == 1:
        yield from lines_of(node.children[0], above=node, before=below)
        return
    for number, child in enumerate(node.children, start=1):
        branch = "└─ " if number == len(node.children) else "├─ "
        yield from lines_of(child, above=node, before=below, branch=branch)


def _left(node: CauseNode) -> list[Text]:
    took = "" if node.after_seconds is None or node.because == "together" else f"+{spell(node.after_seconds)}"
    return [
        Text(str(node.position), style="dim"),
        Text(clock(node.at)),
        Text(took, style="bold yellow" if node.slow else "dim"),
    ]
