"""An event as it stands in the store, byte for byte, and the leaf that it is in the Merkle tree."""

import re
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.evidence.merkle import leaf_hash

FORM: Final = b"waybill.event/1"
ENTRY: Final = re.compile(
    rb"waybill\.event/1\n(?P<position>[1-9][0-9]{0,18})\n(?P<stream>[0-9a-f-]{36})\n(?P<version>[1-9][0-9]{0,18})\n"
    rb"(?P<topic>[^\n]*)\n(?P<state>.*)",
    re.DOTALL,
)


class StoredEvent(Struct, frozen=True, kw_only=True):
    """The columns of the event table. `state` is the JSON envelope, exactly as it was written."""

    position: int
    stream: UUID
    version: int
    topic: str
    state: bytes

    @property
    def entry(self) -> bytes:
        """What is hashed: a line each for form, position, stream, version and topic, then the envelope."""
        place = f"\n{self.position}\n{self.stream}\n{self.version}\n{self.topic}\n"
        return FORM + place.encode() + self.state

    @property
    def leaf(self) -> bytes:
        """The hash of this event in the tree, at index `position - 1`."""
        return leaf_hash(self.entry)

    def at(self, position: int) -> "StoredEvent":
        """The same event, as if it stood somewhere else."""
        return replace(self, position=position)


def parse_entry(entry: bytes) -> StoredEvent:
    """Raises ValueError if it is not exactly how an event is written."""
    found = ENTRY.fullmatch(entry)
    if found is None:
        raise ValueError("not an event as Waybill writes it for its proofs")
    event = StoredEvent(
        position=int(found["position"]),
        stream=UUID(found["stream"].decode()),
        version=int(found["version"]),
        topic=found["topic"].decode(),
        state=found["state"],
    )
    if event.entry != entry:
        raise ValueError("not an event as Waybill writes it for its proofs")
    return event
