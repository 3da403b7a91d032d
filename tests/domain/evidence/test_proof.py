"""A proof proves one event to whoever has the notary's public key, and whatever is done to it, it proves nothing."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters.evidence.signing import new_signing_key, public_of, signer_of, verify_ed25519
from domain.evidence.leaf import StoredEvent
from domain.evidence.merkle import node_hash, prove_inclusion
from domain.evidence.note import NoteError, SigningKey, sign_note
from domain.evidence.proof import FORM, PATH_MAX, PROOF_CHARS_MAX, Proof, parse_proof
from tests.domain.evidence.logs import log_of, signed

KEY = new_signing_key("waybill-00000000")
PUBLIC = public_of(KEY)
SIZE_MAX = 70
few = settings(max_examples=50, deadline=None)


def subtree_of(events: list[StoredEvent]) -> Callable[[int, int], bytes]:
    def subtree(level: int, index: int) -> bytes:
        if level == 0:
            return events[index].leaf
        return node_hash(subtree(level - 1, 2 * index), subtree(level - 1, 2 * index + 1))

    return subtree


def proof_of(position: int, *, size: int, key: SigningKey = KEY, origin: str | None = None) -> Proof:
    events = log_of(size)
    checkpoint = replace(signed(events, size), origin=origin or key.name)
    return Proof(
        event=events[position - 1],
        path=prove_inclusion(position - 1, size, subtree_of(events)),
        note=sign_note(str(checkpoint), key, signer_of(key.seed)),
    )


@st.composite
def proofs(draw: st.DrawFn) -> Proof:
    size = draw(st.integers(1, SIZE_MAX))
    return proof_of(draw(st.integers(1, size)), size=size)


def refused(written: str) -> str:
    """With what words: when it is read, or when it is checked."""
    with pytest.raises(NoteError) as told:
        parse_proof(written).check(PUBLIC, verify_ed25519)
    return str(told.value)


@few
@given(proof=proofs())
def test_it_is_read_as_it_was_written_and_proves_its_event(proof: Proof) -> None:
    read = parse_proof(str(proof))
    assert read == proof
    checkpoint = read.check(PUBLIC, verify_ed25519)
    assert checkpoint.size >= proof.event.position


def test_it_is_written_as_c2sp_has_it() -> None:
    lines = str(proof_of(2, size=3)).split("\n")
    assert lines[0] == FORM == "c2sp.org/tlog-proof@v1"
    assert lines[1].startswith("extra ")
    assert lines[2] == "index 1"
    assert (len(lines[3]), len(lines[4]), lines[5]) == (44, 44, "")
    assert lines[6:8] == ["waybill-00000000", "3"]


@few
@given(proof=proofs(), data=st.data())
def test_with_any_character_changed_it_proves_nothing(proof: Proof, data: st.DataObject) -> None:
    written = str(proof)
    place = data.draw(st.integers(0, len(written) - 1))
    changed = "A" if written[place] != "A" else "B"
    refused(f"{written[:place]}{changed}{written[place + 1 :]}")


@few
@given(proof=proofs(), data=st.data())
def test_cut_off_anywhere_it_proves_nothing(proof: Proof, data: st.DataObject) -> None:
    written = str(proof)
    refused(written[: data.draw(st.integers(0, len(written) - 1))])


@few
@given(proof=proofs(), other=proofs())
def test_another_event_on_the_same_way_proves_nothing(proof: Proof, other: Proof) -> None:
    forged = replace(proof, event=replace(proof.event, state=b"something else"))
    assert "is not the one" in refused(str(forged))
    longer = replace(proof, path=(*proof.path, bytes(32)))
    assert "is not the one" in refused(str(longer))
    if other.path != proof.path:
        assert "is not the one" in refused(str(replace(proof, path=other.path)))


def test_the_words_tell_what_is_wrong() -> None:
    stranger = new_signing_key("waybill-stranger")
    assert f"is not signed by {PUBLIC.name}+{PUBLIC.id.hex()}" in refused(str(proof_of(1, size=2, key=stranger)))
    assert "that of another log, waybill-else" in refused(str(proof_of(1, size=2, origin="waybill-else")))
    assert "one begins with c2sp.org/tlog-proof@v1" in refused("nothing of the kind")
    assert "its index is not the event's" in refused(str(proof_of(1, size=2)).replace("index 0", "index 1"))
    assert "not an event" in refused(str(proof_of(1, size=2)).replace("extra ", "extra AAAA"))


def test_it_is_written_in_one_way_only() -> None:
    written = str(proof_of(1, size=2))
    path = written.split("\n")[3]
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    same_bytes = path[:-2] + digits[digits.index(path[-2]) ^ 1] + "="
    assert "not exactly how a proof is written" in refused(written.replace(path, same_bytes))


def test_it_is_bounded() -> None:
    proof = proof_of(1, size=2)
    assert "this is not a proof" in refused(str(replace(proof, path=(bytes(32),) * (PATH_MAX + 1))))
    assert "this is not a proof" in refused("x" * (PROOF_CHARS_MAX + 1))
