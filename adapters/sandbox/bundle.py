"""What a provider accepts as an uploaded skill: one folder with one SKILL.md at its root, whose frontmatter names that folder."""

import io
import re
import zipfile
import zlib
from typing import Any, NamedTuple

import yaml
from msgspec import Struct

from adapters.sandbox.dialect import ProviderError

FILES_MAX = 500
FILE_BYTES_MAX = 25_000_000
ZIP_BYTES_MAX = 50_000_000
# Not a rule of the provider's: it keeps a small zip from filling the sandbox's memory.
UNPACKED_BYTES_MAX = 200_000_000
FRONTMATTER_BYTES_MAX = 64_000
NAME_LENGTH_MAX = 64
DESCRIPTION_LENGTH_MAX = 1024

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
FRONTMATTER = re.compile(rb"\A---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
# Kept in every archive, so that the same files make the same bytes.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


class Part(NamedTuple):
    """One uploaded file: `path` is the file name the client gave it."""

    path: str
    content_type: str
    content: bytes


class Bundle(Struct, frozen=True, kw_only=True):
    """`archive` is a zip with the files at the paths they were uploaded with."""

    name: str
    description: str
    archive: bytes


def refused(message: str, *, status: int = 400) -> ProviderError:
    return ProviderError(status, message, param="files")


def read_bundle(parts: list[Part]) -> Bundle:
    files = _unzip(parts[0].content) if len(parts) == 1 and _is_zip(parts[0]) else _by_path(parts)
    folder = _folder_of(files)
    manifests = [path for path in files if path.rpartition("/")[2].lower() == "skill.md"]
    if len(manifests) != 1:
        raise refused(f"A skill must have exactly one SKILL.md file; found {len(manifests)}.")
    if manifests[0].count("/") != 1:
        raise refused(f"SKILL.md must be at the root of the skill's directory, not at '{manifests[0]}'.")
    name, description = _frontmatter_of(files[manifests[0]])
    if name != folder:
        raise refused(f"The skill's name '{name}' must match its directory '{folder}'.")
    return Bundle(name=name, description=description, archive=_zip(files))


def _is_zip(part: Part) -> bool:
    return part.content_type == "application/zip" or part.path.lower().endswith(".zip")


def _by_path(parts: list[Part]) -> dict[str, bytes]:
    if len(parts) > FILES_MAX:
        raise refused(f"A skill may have at most {FILES_MAX} files.")
    files: dict[str, bytes] = {}
    for part in parts:
        _check(part.path, len(part.content), files)
        files[part.path] = part.content
    return files


def _unzip(content: bytes) -> dict[str, bytes]:
    if len(content) > ZIP_BYTES_MAX:
        raise refused(f"The zip is larger than {ZIP_BYTES_MAX} bytes.", status=413)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _read_entries(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise refused("The file is not a zip that can be read.") from error


def _read_entries(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > FILES_MAX:
        raise refused(f"A skill may have at most {FILES_MAX} files.")
    files: dict[str, bytes] = {}
    left = UNPACKED_BYTES_MAX
    for entry in entries:
        if entry.external_attr >> 28 == 0xA:
            raise refused(f"'{entry.filename}' is a symbolic link.")
        with archive.open(entry) as file:
            data = file.read(FILE_BYTES_MAX + 1)
        left -= len(data)
        if left < 0:
            raise refused(f"The unpacked files are larger than {UNPACKED_BYTES_MAX} bytes.", status=413)
        _check(entry.orig_filename, len(data), files)
        files[entry.orig_filename] = data
    return files


def _check(path: str, size: int, files: dict[str, bytes]) -> None:
    steps = path.split("/")
    if "\\" in path or CONTROL.search(path) or any(step in {"", ".", ".."} for step in steps):
        raise refused(f"'{path}' is not a valid path inside a skill.")
    if path in files:
        raise refused(f"Duplicate file path '{path}'.")
    if size > FILE_BYTES_MAX:
        raise refused(f"'{path}' is larger than {FILE_BYTES_MAX} bytes.", status=413)


def _folder_of(files: dict[str, bytes]) -> str:
    folders = {path.partition("/")[0] for path in files}
    if len(folders) != 1 or any("/" not in path for path in files):
        raise refused("All files must be under a single top-level directory")
    return folders.pop()


def _frontmatter_of(manifest: bytes) -> tuple[str, str]:
    """The name and the description."""
    found = FRONTMATTER.match(manifest)
    if not found or len(found[1]) > FRONTMATTER_BYTES_MAX:
        raise refused("SKILL.md must start with YAML frontmatter between '---' lines.")
    try:
        fields: Any = yaml.safe_load(found[1].decode())
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise refused("The frontmatter of SKILL.md is not valid YAML.") from error
    name = fields.get("name") if isinstance(fields, dict) else None
    description = fields.get("description") if isinstance(fields, dict) else None
    if not isinstance(name, str) or len(name) > NAME_LENGTH_MAX or not NAME.fullmatch(name):
        raise refused(f"SKILL.md needs a 'name' of 1-{NAME_LENGTH_MAX} lowercase letters, digits and single hyphens.")
    if not isinstance(description, str) or not 1 <= len(description.strip()) <= DESCRIPTION_LENGTH_MAX:
        raise refused(f"SKILL.md needs a 'description' of 1-{DESCRIPTION_LENGTH_MAX} characters.")
    return name, description


def _zip(files: dict[str, bytes]) -> bytes:
    """Stored without compression: a sandbox on the same machine has nothing to save, and the event loop waits for it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path, ZIP_TIME), content)
    return packed.getvalue()
