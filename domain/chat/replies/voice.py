"""What has to be said in each language."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from domain.chat.facts import Found
from domain.chat.outcome import Outcome
from domain.chat.plan import AnyStep, Plan, Skipped
from domain.errors import Code


class Voice(Struct, frozen=True, kw_only=True):
    """`wanted` are the lines of a plan, with every version and name, and `asks` whether they are meant, and `holds` until when that
    can be confirmed; `done` and `undone` are
    what became of a step, and `joined` the runs that were at it already. `refused` says why nothing was done.
    """

    wanted: Callable[[Plan], list[str]]
    asks: Callable[[list[str]], str]
    holds: Callable[[datetime | None], str]
    would_do: Callable[[list[str]], str]
    done: Callable[[AnyStep], str]
    undone: Callable[[AnyStep, Code], str]
    joined: Callable[[list[str]], str]
    left_out: Callable[[Skipped], str]
    found: Callable[[Found], str]
    refused: Callable[[Outcome], str]
    doubts: Callable[[tuple[str, ...]], str]
    and_more: Callable[[int], str]
    leaves_out: str
    dry_run: str
    asks_first: str
    only_looks: str
    nothing: str
