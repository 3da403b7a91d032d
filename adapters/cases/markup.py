"""HTML and SVG, element by element: whatever is not markup of ours is text, and shown as such."""

from html import escape
from typing import Final

# These have no content, and no end tag.
EMPTY: Final = frozenset({"meta", "rect", "circle", "path", "line", "use"})


class Markup(str):
    """Made by `tag` and `joined`, of text that was escaped."""

    __slots__ = ()


Child = str | Markup | None
Attribute = str | int | float | None


def tag(element: str, *children: Child, **attributes: Attribute) -> Markup:
    """`class_` is `class`, and `aria_label` `aria-label`. An attribute that is None is left out."""
    said = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_written(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    if element in EMPTY and not children:
        return Markup(f"<{element}{said}/>")
    return Markup(f"<{element}{said}>{joined(*children)}</{element}>")


def joined(*children: Child) -> Markup:
    return Markup("".join(_safe(child) for child in children if child is not None))


def visible(text: str) -> str:
    """What does not print, or turns the direction of what follows, is shown as its escape; lines stay lines."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode() for char in text
    )


def _safe(child: str) -> str:
    return child if isinstance(child, Markup) else escape(visible(child))


def _written(value: str | float) -> str:
    """Places on a drawing need no more than two digits."""
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return escape(visible(str(value)))
