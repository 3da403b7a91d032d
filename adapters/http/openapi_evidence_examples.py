"""What answers about the evidence look like, for the OpenAPI document."""

from base64 import b64encode
from typing import Final
from uuid import UUID

from adapters.http.checkpoint import LogConsistency
from adapters.http.openapi_example_facts import AT
from domain.evidence.checkpoint import Checkpoint
from domain.evidence.merkle import HASH_BYTES
from domain.evidence.note import SIGNATURE_BYTES, Note, Signature, VerifyingKey

KEY: Final = VerifyingKey("waybill-5f0c21ab", bytes(range(HASH_BYTES)))
CHECKPOINT: Final = Checkpoint(
    origin=KEY.name,
    size=4711,
    root=bytes(reversed(range(HASH_BYTES))),
    store=UUID("0af76519-16cd-43dd-8448-eb211c80319c"),
    at=AT,
)
NOTE: Final = Note(str(CHECKPOINT), (Signature(KEY.name, KEY.id, bytes(range(SIGNATURE_BYTES))),))
CONSISTENCY: Final = LogConsistency(
    former_size=4096,
    note=str(NOTE),
    public_key=str(KEY),
    hashes=(b64encode(bytes(range(HASH_BYTES))).decode(),),
)
