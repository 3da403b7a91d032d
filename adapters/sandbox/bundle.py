"""What a provider accepts as an uploaded skill: files, or a zip of them, with a SKILL.md whose frontmatter names the skill."""

import io
import re
import zipfile
import zlib
from typing import Any, NamedTuple

import yaml
from msgspec import Struct

from adapters.sandbox.dialect import ProviderError

# Not a rule of any provider's: it keeps a small zip from filling the sandbox's memory.
UNPACKED_BYTES_MAX = 200_000_000
FRONTMATTER_BYTES_MAX = 64_000
NAME_LENGTH_MAX = 64
DESCRIPTION_LENGTH_MAX = 1024

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
TAG = re.compile(r"<[^>]+>")
FRONTMATTER = re.compile(rb"\A---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
# Kept in every archive, so that the same files make the same bytes.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


class UploadRules(Struct, frozen=True, kw_only=True):
    """What one provider takes; sizes in bytes, `unpacked_bytes_max` of all files together.

    `folder_required`: the files stand in one folder of the skill's name, and no second SKILL.md among them; else they may
    stand at the root or in one folder of any name. `reserved_words` may not stand anywhere in the name; `markup`: the
    description may hold tags.
    """

    files_max: int
    file_bytes_max: int
    zip_bytes_max: int
    unpacked_bytes_max: int = UNPACKED_BYTES_MAX
    folder_required: bool = True
    reserved_words: tuple[str, ...] = ()
    markup: bool = True


class Part(NamedTuple):
    """One uploaded file: `path` is the file name the client gave it."""

    path: str
    content_type: str
    content: bytes


class Bundle(Struct, frozen=True, kw_only=True):
    """`archive` is a zip with the files in one folder of the skill's name."""

    name: str
    description: str
    archive: bytes


def refused(message: str, *, status: int = 400) -> ProviderError:
    return ProviderError(status, message, param="files")


def read_bundle(parts: list[Part], rules: UploadRules) -> Bundle:
    files = _unzip(parts[0].content, rules) if len(parts) == 1 and _is_zip(parts[0]) else _by_path(parts, rules)
    folder = _folder_of(files) if rules.folder_required else _folder_if_any(files)
    name, description = _frontmatter_of(files[_manifest_in(folder, files, rules)])
    if rules.folder_required and f"{name}/" != folder:
        raise refused(f"The skill's name '{name}' must match its directory '{folder.rstrip('/')}'.")
    reserved = next((word for word in rules.reserved_words if word in name), None)
    if reserved:
        raise refused(f"The skill's name cannot contain the reserved word '{reserved}'.")
    if not rules.markup and TAG.search(description):
        raise refused("The skill's description cannot contain XML tags.")
    placed = {f"{name}/{path.removeprefix(folder)}": content for path, content in files.items()}
    return Bundle(name=name, description=description, archive=_zip(placed))


def _is_zip(part: Part) -> bool:
    return part.content_type == "application/zip" or part.path.lower().endswith(".zip")


def _by_path(parts: list[Part], rules: UploadRules) -> dict[str, bytes]:
    if len(parts) > rules.files_max:
        raise refused(f"A skill may have at most {rules.files_max} files.")
    files: dict[str, bytes] = {}
    left = rules.unpacked_bytes_max
    for part in parts:
        left = _take(part.path, part.content, files, rules=rules, left=left)
    return files


def _unzip(content: bytes, rules: UploadRules) -> dict[str, bytes]:
    if len(content) > rules.zip_bytes_max:
        raise refused(f"The zip is larger than {rules.zip_bytes_max} bytes.", status=413)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _read_entries(archive, rules)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise refused("The file is not a zip that can be read.") from error


def _read_entries(archive: zipfile.ZipFile, rules: UploadRules) -> dict[str, bytes]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > rules.files_max:
        raise refused(f"A skill may have at most {rules.files_max} files.")
    files: dict[str, bytes] = {}
    left = rules.unpacked_bytes_max
    for entry in entries:
        if entry.external_attr >> 28 == 0xA:
            raise refused(f"'{entry.filename}' is a symbolic link.")
        with archive.open(entry) as file:
            data = file.read(rules.file_bytes_max + 1)
        left = _take(entry.orig_filename, data, files, rules=rules, left=left)
    return files


def _take(path: str, content: bytes, files: dict[str, bytes], *, rules: UploadRules, left: int) -> int:
    """How many bytes more there may be."""
    steps = path.split("/")
    if "\\" in path or CONTROL.search(path) or any(step in {"", ".", ".."} for step in steps):
        raise refused(f"'{path}' is not a valid path inside a skill.")
    if path in files:
        raise refused(f"Duplicate file path '{path}'.")
    if len(content) > left:
        raise refused(f"The files, unpacked, are larger than {rules.unpacked_bytes_max} bytes.", status=413)
    if len(content) > rules.file_bytes_max:
        raise refused(f"'{path}' is larger than {rules.file_bytes_max} bytes.", status=413)
    files[path] = content
    return left - len(content)


def _folder_of(files: dict[str, bytes]) -> str:
    """With its slash."""
    folder = _folder_if_any(files)
    if not folder:
        raise refused("All files must be under a single top-level directory")
    return folder


def _folder_if_any(files: dict[str, bytes]) -> str:
    """With its slash; empty if the files have not one in common."""
    folders = {path.partition("/")[0] for path in files}
    return f"{folders.pop()}/" if len(folders) == 1 and all("/" in path for path in files) else ""


def _manifest_in(folder: str, files: dict[str, bytes], rules: UploadRules) -> str:
    """The path of the SKILL.md."""
    expected = f"{folder}SKILL.md"
    if not rules.folder_required:
        if expected not in files:
            raise refused("SKILL.md file must be exactly in the top-level folder.")
        return expected
    manifests = [path for path in files if path.rpartition("/")[2].lower() == "skill.md"]
    if len(manifests) != 1:
        raise refused(f"A skill must have exactly one SKILL.md file; found {len(manifests)}.")
    if manifests[0].count("/") != 1:
        raise refused(f"SKILL.md must be at the root of the skill's directory, not at '{manifests[0]}'.")
    return manifests[0]


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
