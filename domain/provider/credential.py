"""What a person may give as a credential: a reference to follow on the server, or the secret itself."""

import re
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from domain.errors import CredentialRefused, Problem
from domain.provider.events import CredentialRef

ENVIRONMENT_PREFIX: Final = "WAYBILL_CREDENTIAL_"
SECRET_CHARS_MAX: Final = 4096


# A dataclass, because it can keep the secret out of its repr; a struct cannot.
@dataclass(frozen=True, kw_only=True, slots=True)
class GivenCredential:
    """What becomes of a credential that was given: the `reference` to keep, and the `secret` to seal as `id` if it is one."""

    id: UUID
    reference: CredentialRef
    secret: str | None = field(default=None, repr=False)


def accept_credential(text: str, new_id: UUID) -> GivenCredential:
    """Raises CredentialRefused."""
    if reference := parse_credential(text):
        return GivenCredential(id=new_id, reference=reference)
    stored = CredentialRef(source="stored", name=str(new_id))
    return GivenCredential(id=new_id, reference=stored, secret=text.strip())


def parse_credential(text: str) -> CredentialRef | None:
    """The reference that the text is, or None if it is a secret. Raises CredentialRefused for what can be neither."""
    text = text.strip()
    source, separator, name = text.partition(":")
    if separator and source == "env":
        if not re.fullmatch(ENVIRONMENT_PREFIX + "[A-Z0-9_]{1,100}", name):
            raise _refused(f"an environment variable must be named {ENVIRONMENT_PREFIX}... in capitals")
        return CredentialRef(source="env", name=name)
    if separator and source == "file":
        if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,100}", name):
            raise _refused("a file must be a plain name inside the server's credentials folder")
        return CredentialRef(source="file", name=name)
    if not re.fullmatch(rf"[!-~]{{1,{SECRET_CHARS_MAX}}}", text):
        raise _refused(f"a secret must be 1 to {SECRET_CHARS_MAX} printable ASCII characters without white space")
    return None


def _refused(message: str) -> CredentialRefused:
    return CredentialRefused(
        f"The credential cannot be used: {message}.", problems=(Problem(pointer="/credential", message=message),)
    )
