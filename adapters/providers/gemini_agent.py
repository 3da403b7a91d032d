"""What an agent of ours looks like at Gemini: its id, the marker by which it is known, and the files mounted in it."""

import base64
import hashlib
import re
from typing import Final

from domain.installation.events import Receipt
from domain.ports import Intent
from domain.skill.bundle import Bundle, BundleFile

AGENT_ID: Final = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
ID_CHARS_MAX: Final = 63
ID_HASH_CHARS: Final = 10
VERSION_CHARS: Final = 12
MARKER: Final = re.compile(r"inst:([0-9a-f-]{36}) sha256:[0-9a-f]{12}")


def receipt_for(intent: Intent) -> Receipt:
    """The id is the same for every attempt of a run, so that a create that is repeated meets itself, and has no prefix that
    Google reserves; as version, the beginning of the digest.
    """
    run = hashlib.sha256(f"{intent.installation_id} {intent.run_id}".encode()).hexdigest()[:ID_HASH_CHARS]
    ending = f"-v{intent.version}-{run}"
    name = f"wb-{re.sub(r'[^a-z0-9]+', '-', intent.skill_name.lower())}"
    agent_id = name[: ID_CHARS_MAX - len(ending)].rstrip("-") + ending
    version = intent.digest.removeprefix("sha256:")[:VERSION_CHARS]
    return Receipt(remote_id=agent_id, remote_version=version)


def marker_for(intent: Intent) -> str:
    """What stands as its description: an agent has no other place for it."""
    return f"inst:{intent.installation_id} sha256:{receipt_for(intent).remote_version}"


def installation_of(description: str) -> str | None:
    """Of an agent of ours."""
    marker = MARKER.fullmatch(description)
    return marker[1] if marker else None


def is_marked(description: str, receipt: Receipt) -> bool:
    """Whether an agent's description is one that was written with the receipt's bytes."""
    return f"sha256:{receipt.remote_version}" in description.split()


def environment_of(bundle: Bundle) -> dict[str, object]:
    return {"type": "remote", "sources": [_source(bundle.name, file) for file in bundle.files]}


def _source(skill_name: str, file: BundleFile) -> dict[str, str]:
    """As text where the bytes are text."""
    inline = {"type": "inline", "target": f".agents/skills/{skill_name}/{file.path}"}
    try:
        text = file.content.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        return inline | {"content": base64.b64encode(file.content).decode(), "encoding": "base64"}
    return inline | {"content": text}
