"""What the notary signs: how many events there were, and the root of the tree over them (C2SP tlog-checkpoint)."""

import re
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from domain.evidence.merkle import HASH_BYTES
from domain.evidence.note import NoteError

BODY: Final = re.compile(
    r"(?P<origin>[^\n]+)\n(?P<size>0|[1-9][0-9]{0,18})\n(?P<root>[A-Za-z0-9+/]{43}=)\n"
    r"store (?P<store>[0-9a-f-]{36})\ntime (?P<at>[0-9T:.-]+Z)\n"
)


class Checkpoint(Struct, frozen=True, kw_only=True):
    """`size` is the position of the last event in it. `origin` names the log, and is the name of the key that signs.

    `store` is the store's epoch, which a restored copy is given anew: what was signed of the store before it was set back goes
    on being true of that one. `store` and `at` travel as extension lines.
    """

    origin: str
    size: int
    root: bytes
    store: UUID
    at: datetime

    def __str__(self) -> str:
        """The text that is signed."""
        time = self.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        root = b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\nstore {self.store}\ntime {time}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Of the text of a note whose signature was checked. Raises NoteError."""
    found = BODY.fullmatch(text)
    try:
        if found is not None:
            checkpoint = Checkpoint(
                origin=found["origin"],
                size=int(found["size"]),
                root=b64decode(found["root"], validate=True),
                store=UUID(found["store"]),
                at=datetime.fromisoformat(found["at"]),
            )
            if str(checkpoint) == text and len(checkpoint.root) == HASH_BYTES:
                return checkpoint
    except ValueError:
        pass
    raise NoteError("this is not a checkpoint of Waybill")
