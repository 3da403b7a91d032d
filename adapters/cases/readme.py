"""What is said in a case to somebody who has only that."""

from typing import Final

TEXT: Final = """This is a case of Waybill: what its record says of an incident, with the proofs that it was not changed.

Look at it         open report.html in a browser. It needs no network, and asks for none.
Check it           waybill incident open CASE.zip --key KEY
                   It needs no server, no database and no settings. KEY is the notary's public key, from a place that
                   you trust; without it, the one in this case is taken, and printed for you to compare.

manifest.json           what the case is of, when and by whom it was exported, and the sha256 of every other file here
report.html             all of this for people
events/stored.jsonl     the events exactly as they are stored; `state` is the stored envelope in base64. Of an event that
                        holds the hash of a key or of somebody's words there is only its leaf
events/readable.jsonl   the same events as the API shows them
read-models/*.jsonl     what the lists of Waybill said of these things
software.json           what ran the API, version by version
settings.json           its settings, without what is secret
proofs/checkpoint       the root of the Merkle tree over the whole store, signed (C2SP tlog-checkpoint)
proofs/inclusion.jsonl  for each event the hashes that lead from its leaf to that root (RFC 9162, 2.1.3)
proofs/notary.vkey      the public key that checks the signature

To check an event without Waybill: its entry is the five lines `waybill.event/1`, position, stream, version and topic,
each ended by a line feed, and then the bytes of `state`. Its leaf is SHA-256(0x00, entry), at the index position - 1.
Hash it together with its path (SHA-256(0x01, left, right)) and compare the result with the root in the checkpoint.
"""
