"""`waybill skills download`: the files of a version, proven to be those that were registered, and never over other files."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import rich_click as click

from domain.skill.bundle import BundleFile
from workers.terminal.command import Terminal, api_command
from workers.terminal.new_files import cannot_write, there_already, write_new
from workers.terminal.skill_bundle import Fetched, fetch_version
from workers.terminal.skill_refs import split_ref
from workers.terminal.wording import counted, pinned, printable, short_digest


@click.command("download")
@click.argument("skill", metavar="SKILL[@REF]")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR|FILE.zip",
    help="The folder to put the skill's folder into, or the zip to write. [default: this folder]",
)
@api_command
def download(terminal: Terminal, *, skill: str, output: Path) -> None:
    """Download the files of a version of SKILL, exactly as they were registered.

    They are written into a folder that is named like the skill, or with a FILE.zip into that. What is there already is never
    written over. REF picks the version: latest (unless given), a label, a number (3 or v3), or the first 8 or more digits of a
    digest; what arrives is compared with the digest of that version.
    """
    name, ref = split_ref(skill)
    with terminal.screen.busy(f"Downloading {skill}"):
        fetched = fetch_version(terminal.client, name, ref or "latest")
    try:
        written = write_zip(output, fetched) if output.suffix == ".zip" else write_folder(output, fetched)
    except OSError as error:
        raise cannot_write(Path(error.filename or output), f"cannot be written: {error.strerror}") from error
    document = {
        "name": fetched.name,
        "version": fetched.version,
        "digest": fetched.digest,
        "path": str(written),
        "files": [{"path": entry.path, "size": entry.size, "sha256": entry.sha256} for entry in fetched.manifest],
    }
    what = f"{pinned(fetched.name, fetched.version)} ({short_digest(fetched.digest)})"
    terminal.screen.show(
        document, f"{what}: {counted(len(fetched.files), 'file')} in {printable(str(written))}, as registered"
    )


def write_zip(path: Path, fetched: Fetched) -> Path:
    """Raises Failure if something is there, OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_new(path, fetched.archive)
    return path


def write_folder(parent: Path, fetched: Fetched) -> Path:
    """All of it or nothing, in a folder of its own under `parent`. Raises Failure if something is there, OSError."""
    target = parent / fetched.name
    if target.exists() or target.is_symlink():
        raise there_already(target, another="another folder with --output")
    parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{fetched.name}-", dir=parent))
    try:
        _write_files(unfinished / fetched.name, fetched.files)
        (unfinished / fetched.name).rename(target)
    finally:
        shutil.rmtree(unfinished)
    return target


def _write_files(folder: Path, files: Sequence[BundleFile]) -> None:
    folder.mkdir()
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as opened:
            opened.write(file.content)
