"""How a version is picked: by number, by label, by digest, or the latest one."""

import re
from typing import Final

LATEST: Final = "latest"
# Refs that say what they are wherever they stand.
LATEST_WORDS: Final = frozenset({"latest", "newest", "최신", "최신판", "최신버전"})
# Labels that are so common that they need no "version" beside them.
LABELS: Final = frozenset({"stable", "beta", "alpha", "canary", "nightly"})

_NUMBERED: Final = re.compile(r"(?:v|ver\.?|version|#)([0-9]{1,9})")
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_LABEL: Final = re.compile(r"[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{8,64}|(?=[0-9a-f]*[0-9])[0-9a-f]{8,64}")


def numbered(text: str) -> str | None:
    """`v2` and `ver2` are `v2`: a word that is a version by itself. A number alone is none."""
    match = _NUMBERED.fullmatch(text)
    return f"v{match[1]}" if match else None


def number(text: str) -> str | None:
    """`3` beside the word for "version"."""
    return text if _NUMBER.fullmatch(text) else None


def plain_ref(text: str) -> str | None:
    """A word that is a ref wherever it stands: `v2`, `latest`, `최신`, `stable`."""
    if text in LATEST_WORDS:
        return LATEST
    return text if text in LABELS else numbered(text)


def ref_beside_version(text: str) -> str | None:
    """A word that is a ref because "version" stands beside it: any number, label or digest, too."""
    if (plain := plain_ref(text)) is not None:
        return plain
    return text if _NUMBER.fullmatch(text) or _LABEL.fullmatch(text) or _DIGEST.fullmatch(text) else None


def written_ref(text: str) -> str:
    """What stands behind an `@`, as it is looked up."""
    return LATEST if text in LATEST_WORDS else text
