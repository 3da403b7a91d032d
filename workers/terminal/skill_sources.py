"""What a person names as a skill on the command line: a folder, a zip or a git repository, made ready to be sent."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import rich_click as click
from msgspec import Struct

from adapters.sources.folder import read_folder
from domain.errors import SkillInvalid, SkillTooLarge, WaybillError
from domain.skill.bundle import InlineFile
from workers.terminal.client import ANSWER_SECONDS, Payload, json_payload
from workers.terminal.failures import Failure, broken_rule
from workers.terminal.wording import counted

GIT: Final = "https://"
# Larger than any zip of 50 MB of files; the server has the last word.
ARCHIVE_BYTES_MAX: Final = 64 * 1024 * 1024
# The server has a minute to fetch a repository, and others may be before it.
FETCH_SECONDS: Final = 180.0


class Given(Struct, frozen=True, kw_only=True):
    """`said` is what was named, `doing` what is going on while it is sent. `places` are what JSON pointers into the request mean
    to whoever named it; `/files/3` is the path of the fourth of `files`.
    """

    said: str
    doing: str
    payload: Payload
    files: tuple[str, ...] = ()
    places: Mapping[str, str] = {}
    answer_seconds: float = ANSWER_SECONDS


def read_given(said: str, *, ref: str | None, path: str | None) -> Given:
    """`ref` and `path` are for a repository only. Raises UsageError, Failure, SkillInvalid, SkillTooLarge."""
    if said.startswith(GIT):
        return _repository(said, ref=ref, path=path)
    if "://" in said or said.startswith("git@"):
        raise click.UsageError(f"{said}: a repository is named by its {GIT} URL.")
    if ref is not None or path is not None:
        raise click.UsageError("--ref and --path are for a git URL.")
    local = Path(said)
    if local.is_dir():
        return given_files(read_files(local), said=said)
    if local.suffix.lower() == ".zip" and local.is_file():
        return _archive(local)
    hint = " Name the folder that holds it." if local.name == "SKILL.md" else ""
    what = "is neither a folder nor a .zip" if local.exists() else "does not exist"
    raise click.UsageError(f"{said} {what}.{hint}")


def read_files(folder: Path) -> tuple[InlineFile, ...]:
    """Raises Failure."""
    try:
        return read_folder(folder)
    except (SkillInvalid, SkillTooLarge) as error:
        raise refused(error, said=str(folder)) from error


def refused(error: WaybillError, *, said: str, files: Sequence[InlineFile] = ()) -> Failure:
    """What was found before anything was sent, in the same words as when the server finds it."""
    failure = broken_rule(error)
    paths = [file.path for file in files]
    return Failure(with_places(failure.document, {"/files": said}, files=paths), exit_code=failure.exit_code)


def given_files(files: Sequence[InlineFile], *, said: str) -> Given:
    return Given(
        said=said,
        doing=f"Sending {counted(len(files), 'file')} of {said}",
        payload=json_payload({"files": files}),
        files=tuple(file.path for file in files),
        places={"/files": said},
    )


def with_places(document: dict[str, Any], places: Mapping[str, str], *, files: Sequence[str] = ()) -> dict[str, Any]:
    """A person knows `scripts/a.py`; that it was `/files/3` of the request says nothing to them. Programs still get both."""
    errors = document.get("errors")
    if not isinstance(errors, list):
        return document
    return {**document, "errors": [_with_place(error, places, files) for error in errors]}


def _with_place(error: Any, places: Mapping[str, str], files: Sequence[str]) -> Any:
    match error:
        case {"pointer": str(pointer)}:
            place = places.get(pointer) or _file_at(pointer, files)
            return error if place is None else {**error, "path": place}
    return error


def _file_at(pointer: str, files: Sequence[str]) -> str | None:
    if not pointer.startswith("/files/"):
        return None
    index = pointer.split("/")[2]
    return files[int(index)] if index.isdecimal() and int(index) < len(files) else None


def _repository(url: str, *, ref: str | None, path: str | None) -> Given:
    git = {name: value for name, value in (("url", url), ("ref", ref), ("path", path)) if value is not None}
    return Given(
        said=url,
        doing=f"The server fetches {url}",
        payload=json_payload({"git": git}),
        places={
            "/git/url": url,
            "/git/ref": f"--ref {ref or ''}".rstrip(),
            "/git/path": f"--path {path or ''}".rstrip(),
        },
        answer_seconds=FETCH_SECONDS,
    )


def _archive(path: Path) -> Given:
    try:
        with path.open("rb") as file:
            content = file.read(ARCHIVE_BYTES_MAX + 1)
    except OSError as error:
        raise SkillInvalid(f"{path} cannot be read: {error.strerror}.") from error
    if len(content) > ARCHIVE_BYTES_MAX:
        raise SkillTooLarge(f"{path} has more than {ARCHIVE_BYTES_MAX} bytes.")
    boundary = uuid4().hex
    head = (
        'Content-Disposition: form-data; name="archive"; filename="skill.zip"\r\nContent-Type: application/zip\r\n\r\n'
    )
    form = f"--{boundary}\r\n{head}".encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return Given(
        said=str(path),
        doing=f"Sending {path}",
        payload=Payload(content=form, content_type=f"multipart/form-data; boundary={boundary}"),
        places={"/archive": str(path)},
    )
