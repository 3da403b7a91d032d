"""Which part used how much processor time, from /proc; where there is none, nothing is said."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

PROC: Final = Path("/proc")
TICK_SECONDS: Final = 1 / os.sysconf("SC_CLK_TCK")


class Process(Struct, frozen=True):
    """`ticks` are its own, `inherited` those of its children that have ended."""

    parent: int
    ticks: int
    inherited: int


def family(root: int) -> set[int]:
    """A process with all its descendants."""
    processes = _processes()
    found = {root}
    # Parents come before children but for wrapped numbers; as many rounds as there are generations.
    while grown := {pid for pid, process in processes.items() if process.parent in found} - found:
        found |= grown
    return found


def parent_of(pid: int) -> int | None:
    process = _process(pid)
    return process.parent if process else None


def children_by_command(root: int, words: Mapping[str, str]) -> dict[str, int]:
    """The process below `root` whose command line has the word, by name."""
    found = {}
    for pid in sorted(family(root)):
        command = _command(pid)
        for name, word in words.items():
            if word in command:
                found[name] = pid
    return found


def seconds_used(parts: Mapping[str, int]) -> dict[str, float]:
    """Processor seconds of each process and all below it, since they began."""
    processes = _processes()
    used = {}
    for name, root in parts.items():
        members = [processes[pid] for pid in family(root) if pid in processes]
        used[name] = sum(member.ticks + member.inherited for member in members) * TICK_SECONDS
    return used


def difference(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    return {name: round(after[name] - before.get(name, 0.0), 2) for name in after}


def _processes() -> dict[int, Process]:
    if not PROC.is_dir():
        return {}
    pids = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdecimal()]
    return {pid: process for pid in pids if (process := _process(pid)) is not None}


def _process(pid: int) -> Process | None:
    try:
        # The command's name stands in brackets and may hold anything; the numbers come behind it.
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return Process(int(fields[1]), int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14]))


def _command(pid: int) -> str:
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
