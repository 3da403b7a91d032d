"""The files of a version, fetched and compared with its digest."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from domain.errors import SkillTooLarge
from domain.skill.bundle import BUNDLE_BYTES_MAX, FILES_MAX, Allowance, BundleFile, digest_of, manifest_of
from domain.skill.events import ManifestEntry
from domain.skill.paths import PATH_BYTES_MAX, fault_of
from domain.skill.specification import NAME
from workers.terminal.client import Client
from workers.terminal.failures import Failure, failure

MEDIA_TYPE: Final = "application/zip"
# A zip says the path of a file twice, and a little more.
BYTES_MAX: Final = BUNDLE_BYTES_MAX + FILES_MAX * (2 * PATH_BYTES_MAX + 512)
LOCATION: Final = re.compile(r".*/versions/([1-9][0-9]{0,8})/bundle")


class Fetched(Struct, frozen=True, kw_only=True):
    """A version as it was registered; `archive` is the zip that it came in."""

    name: str
    version: int
    digest: str
    files: tuple[BundleFile, ...]
    archive: bytes

    @property
    def manifest(self) -> tuple[ManifestEntry, ...]:
        return manifest_of(self.files)


def fetch_version(client: Client, skill: str, ref: str) -> Fetched:
    """Raises Failure, also for bytes that are not those of the version's digest."""
    fetched = client.download("skills", skill, "versions", ref, "bundle", media_type=MEDIA_TYPE, bytes_max=BYTES_MAX)
    location = LOCATION.fullmatch(fetched.location)
    try:
        with zipfile.ZipFile(io.BytesIO(fetched.content)) as archive:
            name = _top_folder(archive)
            files = tuple(_files(archive, name))
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        raise _broken("is not a zip that can be read") from error
    except SkillTooLarge as error:
        raise _broken("holds more than a skill may") from error
    if location is None or digest_of(manifest_of(files)) != fetched.etag:
        raise _broken("is not what was registered: its digest is another")
    return Fetched(name=name, version=int(location[1]), digest=fetched.etag, files=files, archive=fetched.content)


def _top_folder(archive: zipfile.ZipFile) -> str:
    names = {entry.filename.partition("/")[0] for entry in archive.infolist()}
    if len(names) != 1 or not NAME.fullmatch(name := names.pop()):
        raise _broken("has not one folder that is named like a skill")
    return name


def _files(archive: zipfile.ZipFile, name: str) -> Iterator[BundleFile]:
    """Believes nothing that would let a file leave the folder, or that would not end. Raises Failure, SkillTooLarge."""
    allowance = Allowance()
    for entry in archive.infolist():
        path = entry.filename.removeprefix(f"{name}/")
        if fault_of(path):
            raise _broken("holds a path that leaves the skill's folder")
        with archive.open(entry) as opened:
            content = opened.read(allowance.next_file_bytes_max + 1)
        allowance.take_file(len(content), path=path)
        yield BundleFile(path=path, content=content)


def _broken(what: str) -> Failure:
    detail = f"What came from the server {what}. Nothing was kept."
    return failure("bad_response:api", detail, title="Not what was registered")
