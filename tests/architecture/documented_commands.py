"""The command lines of `waybill` in the documents, and what of one there is not."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from workers.cli import waybill

QUOTED: Final = re.compile(r"`(waybill [^`]+)`")
FENCE: Final = "```"
# Where one command ends and another may begin.
SEPARATORS: Final = re.compile(r"\s*(?:;|\|\|?|&&|\$\()\s*")
COMMENT: Final = re.compile(r"(?:^|\s)#.*$")
REDIRECTED: Final = re.compile(r"\s[<>].*$")


def commands_in(document: Path) -> Iterator[str]:
    """Those in indented or fenced blocks, and those that are quoted in a sentence."""
    fenced = False
    for line in document.read_text(encoding="utf-8").splitlines():
        if line.startswith(FENCE):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            yield from _commands_of(line)
        else:
            for quoted in QUOTED.findall(line):
                yield from _commands_of(quoted)


def _commands_of(line: str) -> Iterator[str]:
    for part in SEPARATORS.split(COMMENT.sub("", line.strip())):
        if part.startswith("waybill "):
            yield REDIRECTED.sub("", part).removesuffix(")").strip()


def missing(line: str) -> str | None:
    """What of a command line there is not."""
    group: click.Command = waybill
    words = shlex.split(line)[1:]
    context = click.Context(group)
    while isinstance(group, click.Group) and words and not words[0].startswith("-"):
        try:
            _, command, words = group.resolve_command(context, words)
        except click.UsageError:
            return f"no command {words[0]}"
        if command is None:
            return f"no command {words[0]}"
        group = command
    known = {
        option for parameter in group.get_params(context) for option in (*parameter.opts, *parameter.secondary_opts)
    }
    strange = [word for word in words if word.startswith("-") and word.partition("=")[0] not in known]
    return f"no option {strange[0]}" if strange else None
