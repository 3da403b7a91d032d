"""Skills that a test registers, and the ways to send them."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

from domain.skill.bundle import BundleFile, digest_of, manifest_of
from tests.adapters.http.serving import Api

SCRIPT = bytes(range(256))
Files = Mapping[str, bytes]


def skill_of(name: str, text: str = "one") -> dict[str, bytes]:
    return {
        "SKILL.md": f"---\nname: {name}\ndescription: Does a thing.\n---\n\n{text}\n".encode(),
        "scripts/run.bin": SCRIPT,
    }


def digest(files: Files) -> str:
    return digest_of(manifest_of(BundleFile(path=path, content=content) for path, content in files.items()))


def zipped(files: Files, *, folder: str = "") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(f"{folder}{path}", content)
    return buffer.getvalue()


def as_form(files: Files, *, folder: str = "") -> list[tuple[str, tuple[str, bytes]]]:
    return [("files", (f"{folder}{path}", content)) for path, content in files.items()]


async def register(api: Api, name: str, *texts: str) -> dict[str, Any]:
    """A version for each text; the last answer."""
    answer: dict[str, Any] = {}
    for text in texts or ("one",):
        answer = (await api.admin.post("/api/skills", files=as_form(skill_of(name, text)))).json()
    return answer
