"""The folders of one Postgres: makes the cluster, its access rules and its socket's place; whom the server runs as.

    folder/            0700, ours            lock, url, server.log
      access/          ours                  pg_hba.conf, pg_ident.conf: written at every start, out of the server's reach
      pgdata/          the server's user     the cluster; appears by rename once initdb has finished
      run/             the server's user     the socket, unless its path would be too long: then a folder in the temp dir

Who may connect: the socket's folder lets in only us, and Postgres asks the kernel who calls (`peer`): our user or root. Either
may be whichever role it says: the roles keep the program from mistakes, and not this user from the data.

As root the server runs as `nobody`, which must enter neither our data folder nor its parents, whatever their permissions.
So we open the three inner folders and it inherits them as descriptors: it sees `/proc/self/fd/N` as its data folder.
Everything stays in the data folder, and other processes of `nobody` reach neither data nor socket. (Linux only.)
"""

import contextlib
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from adapters.embedded.server_process import EmbeddedServerError, FolderInUseError, is_alive

VERSION = 18
INITDB_SECONDS = 120.0
INITDB_OPTIONS = (
    "--username=postgres",
    "--auth=peer",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",  # sorts the same on every system, for ever
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    "--no-instructions",
)
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
SOCKET_PATH_BYTES_MAX = 100  # the kernel's limit is 104 (macOS) or 108 (Linux)
SOCKET_PATH = re.compile(r"[A-Za-z0-9_./+-]+")  # a comma would mean "or", both in the URL and in Postgres' own setting


@dataclass(frozen=True)
class Account:
    """Whom the server's processes run as; None for both: as we do."""

    user: int | None
    group: int | None

    @property
    def owner(self) -> int:
        return os.geteuid() if self.user is None else self.user


@dataclass(frozen=True)
class Seen:
    """A folder as the server sees it, and the descriptors that it must inherit for that."""

    path: str
    descriptors: tuple[int, ...]


@dataclass(frozen=True)
class SocketFolder:
    """`remove` goes when the server ends: nothing of ours stays in the temp dir."""

    path: Path
    remove: tuple[Path, ...]


def server_account() -> Account:
    if os.geteuid() != 0:
        return Account(None, None)
    if not Path("/proc/self/fd").is_dir():
        raise EmbeddedServerError("embedded Postgres cannot run as root on this system: run Waybill as a normal user")
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError as error:
        raise EmbeddedServerError("root cannot run Postgres, and there is no user `nobody` to run it as") from error
    return Account(entry.pw_uid, entry.pw_gid)


def as_seen(path: Path, account: Account, stack: contextlib.ExitStack) -> Seen:
    """The stack closes our descriptor; the server's own stays."""
    if account.user is None:
        return Seen(str(path), ())
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    stack.callback(os.close, descriptor)
    return Seen(f"/proc/self/fd/{descriptor}", (descriptor,))


def ensure_cluster(folder: Path, *, binaries: Path, account: Account, lock: int) -> None:
    """`lock` is inherited by initdb, so that a killed Waybill's initdb still holds the folder until it ends."""
    data = folder / "pgdata"
    if not data.exists():
        _create_cluster(folder, binaries=binaries, account=account, lock=lock)
    owner = data.stat().st_uid
    if owner != account.owner:
        raise EmbeddedServerError(
            f"{data} belongs to user id {owner}, but Postgres would run as user id {account.owner}"
        )
    version = (data / "PG_VERSION").read_text().strip()
    if version != str(VERSION):
        raise EmbeddedServerError(f"{data} was written by Postgres {version}; this is Postgres {VERSION}")
    _check_leftover(data)


def write_access_rules(folder: Path) -> Path:
    access = folder / "access"
    access.mkdir(exist_ok=True)
    access.chmod(0o755)  # the folder above keeps everybody else out
    try:
        callers = {pwd.getpwuid(os.geteuid()).pw_name, "root"}
    except KeyError as error:
        raise EmbeddedServerError(
            f"user id {os.geteuid()} has no name on this system, and Postgres asks for it"
        ) from error
    rules = "local all all peer map=waybill\nlocal replication all peer map=waybill\n"
    names = "".join(f'waybill "{name}" all\n' for name in sorted(callers))
    for name, text in (("pg_hba.conf", rules), ("pg_ident.conf", names)):
        (access / name).write_text(f"# Written by Waybill at every start.\n{text}")
        (access / name).chmod(0o644)
    return access


def socket_folder(folder: Path, account: Account) -> SocketFolder:
    run = folder / "run"
    shutil.rmtree(run, ignore_errors=True)
    if _is_socket_path(run):
        _make_folder(run, account)
        return SocketFolder(run, ())
    outer = Path(tempfile.mkdtemp(prefix="waybill-"))
    inner = outer / "run"
    if not _is_socket_path(inner):
        outer.rmdir()
        raise EmbeddedServerError(
            f"no place for a socket: both {run} and {inner} are too long or hold unusual characters"
        )
    _make_folder(inner, account)
    return SocketFolder(inner, (outer,))


def _is_socket_path(folder: Path) -> bool:
    path = str(folder / ".s.PGSQL.5432")
    return len(path) <= SOCKET_PATH_BYTES_MAX and SOCKET_PATH.fullmatch(path) is not None


def _make_folder(path: Path, account: Account) -> None:
    path.mkdir(mode=0o700)
    if account.user is not None and account.group is not None:
        try:
            os.chown(path, account.user, account.group, follow_symlinks=False)
        except OSError as error:
            raise EmbeddedServerError(f"cannot hand {path} to the user that Postgres runs as: {error}") from error


def _create_cluster(folder: Path, *, binaries: Path, account: Account, lock: int) -> None:
    fresh = folder / "pgdata.new"
    shutil.rmtree(fresh, ignore_errors=True)
    _make_folder(fresh, account)
    with contextlib.ExitStack() as stack:
        seen = as_seen(fresh, account, stack)
        try:
            done = subprocess.run(  # noqa: S603 - the wheel's own program
                [binaries / "initdb", "-D", seen.path, *INITDB_OPTIONS],
                env=ENVIRONMENT,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=INITDB_SECONDS,
                check=False,
                start_new_session=True,
                pass_fds=(lock, *seen.descriptors),
                user=account.user,
                group=account.group,
                extra_groups=None if account.user is None else [],
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise EmbeddedServerError(f"cannot run initdb: {error}") from error
    if done.returncode != 0:
        raise EmbeddedServerError(f"initdb failed for {folder}:\n{done.stdout.decode(errors='replace').strip()}")
    fresh.rename(folder / "pgdata")
    parent = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(parent)
    os.close(parent)


def _check_leftover(data: Path) -> None:
    """We hold the lock, so a postmaster.pid is of a killed run, or of somebody who started Postgres here by hand.

    Postgres judges it well, but for one case, usual in containers: the old pid now belongs to another process of ours.
    """
    leftover = data / "postmaster.pid"
    try:
        pid = int(leftover.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return
    if not is_alive(pid) or not Path("/proc/self/cwd").exists():
        return
    try:
        serves_us = Path(f"/proc/{pid}/cwd").samefile(data)
    except FileNotFoundError:  # it ended just now, or waits as a zombie
        serves_us = False
    except PermissionError:
        return
    if serves_us:
        raise FolderInUseError(f"a Postgres that Waybill did not start (process {pid}) serves {data}; stop it first")
    leftover.unlink(missing_ok=True)
