"""Writes files that hold secrets: for this user's eyes only, whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

DRAFT_BYTES: Final = 8


def write_private(path: Path, text: str, *, exclusive: bool = False) -> None:
    """It is on the disk before anything rests on it. `exclusive`: raises FileExistsError rather than replace a file."""
    draft = path.with_name(f".{path.name}.{os.urandom(DRAFT_BYTES).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        # Root may do this for the servers' user, who has to read it.
        with suppress(FileNotFoundError, PermissionError):
            former = path.stat()
            os.fchown(file.fileno(), former.st_uid, former.st_gid)
        file.flush()
        os.fsync(file.fileno())
    try:
        if exclusive:
            os.link(draft, path)
        else:
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
