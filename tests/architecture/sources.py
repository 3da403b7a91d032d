"""The repository's text files as the architecture tests see them: everything that .gitignore does not leave out."""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Final

ROOT: Final = Path(__file__).parents[2]
ROOMS: Final = ("domain", "projections", "commands", "queries", "workers", "adapters")


@dataclass(frozen=True)
class Source:
    """One file: `path` is relative to the repository, with `/`."""

    path: PurePosixPath
    text: str

    @property
    def room(self) -> str:
        return self.path.parts[0]

    @property
    def is_python(self) -> bool:
        return self.path.suffix == ".py"

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def at(self, line: int, finding: str) -> str:
        return f"{self.path}:{line} {finding}"


@cache
def tree_of(source: Source) -> ast.Module:
    return ast.parse(source.text, filename=str(source.path))


@cache
def all_sources() -> tuple[Source, ...]:
    return tuple(_read(ROOT))


def python_sources(*rooms: str) -> tuple[Source, ...]:
    """Every Python file, or those of some rooms."""
    return tuple(source for source in all_sources() if source.is_python and (not rooms or source.room in rooms))


def _read(root: Path) -> Iterator[Source]:
    ignored = _ignore_patterns(root)
    for folder, names, files in os.walk(root):
        inside = PurePosixPath(Path(folder).relative_to(root).as_posix())
        names[:] = sorted(name for name in names if not _is_ignored(f"{inside / name}/", ignored))
        for name in sorted(files):
            if _is_ignored(str(inside / name), ignored):
                continue
            try:
                yield Source(inside / name, Path(folder, name).read_text(encoding="utf-8"))
            except UnicodeDecodeError:
                continue


def _ignore_patterns(root: Path) -> tuple[str, ...]:
    written = (root / ".gitignore").read_text(encoding="utf-8").split()
    return (".git/", ".git", *written)


def _is_ignored(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(path, pattern) or fnmatch(path, f"*/{pattern}") for pattern in patterns)
