"""Rows under headers, and labels with values: fitted into the width of a terminal, or one line each where a program reads them."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

GAP: Final = "  "
INDENT_BELOW: Final = 4
LINES_MAX: Final = 40
ELLIPSIS: Final = " …"

Cell = str | Text


class Grid:
    """Columns are as wide as what is in them, and are never cut: people copy from them.

    The last one gets the width that is left, folded at spaces. If its longest word has no place there, the last `tail` columns
    go below, on lines of their own; without a `tail` the word is broken. `last_lines_max` cuts the last one with an ellipsis.
    """

    def __init__(
        self,
        headers: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        *,
        tail: int = 1,
        last_lines_max: int = LINES_MAX,
    ) -> None:
        self._head = [[Text(header, style="bold") for header in headers]] if headers else []
        self._rows = [[cell if isinstance(cell, Text) else Text(cell) for cell in row] for row in rows]
        self._tail = tail
        self._last_lines_max = last_lines_max

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = self._head + self._rows
        if not rows:
            return
        widths = [max(_width(cell) for cell in column) for column in zip(*rows, strict=True)]
        left = options.max_width - sum(widths[:-1]) - len(GAP) * (len(widths) - 1)
        if not console.is_terminal:
            yield from (_joined(row, widths) for row in rows)
        elif left >= min(widths[-1], self._least_width()):
            for row in rows:
                yield from self._beside(console, row, widths, left)
        else:
            for row in rows:
                yield from self._below(console, row, widths, options.max_width)

    def _beside(self, console: Console, row: list[Text], widths: list[int], left: int) -> Iterator[Text]:
        first, *further = self._folded(console, row[-1], left)
        yield _joined([*row[:-1], first], widths)
        blank = [Text() for _ in row[:-1]]
        for line in further:
            yield _joined([*blank, line], widths)

    def _below(self, console: Console, row: list[Text], widths: list[int], width: int) -> Iterator[Text]:
        yield _joined(row[: -self._tail], widths)
        tail = Text(GAP).join(cell for cell in row[-self._tail :] if cell.plain)
        for line in self._folded(console, tail, width - INDENT_BELOW):
            if line.plain:
                line.pad_left(INDENT_BELOW)
                yield _whole(line)

    def _folded(self, console: Console, cell: Text, width: int) -> list[Text]:
        lines = list(cell.wrap(console, max(width, 1), overflow="fold")) or [Text()]
        for line in lines:
            line.rstrip()
        if len(lines) > self._last_lines_max:
            lines = lines[: self._last_lines_max]
            lines[-1] = _shortened(lines[-1], width)
        return lines

    def _least_width(self) -> int:
        """What the last column needs beside the others: its longest word, or its header if it may be cut."""
        if self._tail == 0:
            return 0
        rows = self._rows if self._last_lines_max == LINES_MAX else self._head
        return max((cell_len(word) for row in rows for word in row[-1].plain.split()), default=0)


def facts(pairs: Sequence[tuple[str, Cell]]) -> Grid:
    """Labels and values, one pair a line."""
    return Grid((), [(Text(label, style="dim"), value) for label, value in pairs], tail=0)


def _shortened(line: Text, width: int) -> Text:
    """Ends with an ellipsis, before which it loses its last word if there is no room for both."""
    room = width - cell_len(ELLIPSIS)
    if _width(line) > room:
        space = line.plain.rfind(" ")
        line = line[:space] if space > 0 else line
        line.truncate(room)
    return line.append(ELLIPSIS)


def _joined(cells: Sequence[Text], widths: Sequence[int]) -> Text:
    line = Text()
    for cell, width in zip(cells, widths, strict=False):
        line.append_text(cell).append(" " * (width - _width(cell)) + GAP)
    line.rstrip()
    return _whole(line)


def _whole(line: Text) -> Text:
    """A line that is wider than the terminal is the terminal's to wrap; nothing is lost."""
    line.no_wrap = True
    line.overflow = "ignore"
    return line


def _width(cell: Text) -> int:
    return cell_len(cell.plain)
