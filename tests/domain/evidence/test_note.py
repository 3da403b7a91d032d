import pytest

from adapters.evidence.signing import public_of, read_signing_key, signer_of, verify_ed25519
from domain.evidence.note import (
    NOTE_CHARS_MAX,
    Note,
    NoteError,
    Signature,
    parse_note,
    parse_signing_key,
    parse_verifying_key,
    sign_note,
)

# The example that the specification and its first implementation have in common.
PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNATURE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
NOTE = f"{TEXT}\n{SIGNATURE}"
OTHERS = "— Elsewhere x08goxLl8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotp\n"


def test_the_example_of_the_specification_is_signed_and_checked() -> None:
    key = parse_signing_key(PRIVATE)
    assert str(sign_note(TEXT, key, signer_of(key.seed))) == NOTE
    assert parse_note(NOTE).text == TEXT
    assert parse_note(NOTE).signed_by(parse_verifying_key(PUBLIC), verify_ed25519)


def test_keys_are_written_as_they_are_read() -> None:
    assert str(parse_verifying_key(PUBLIC)) == PUBLIC
    assert str(parse_signing_key(f"{PRIVATE}\n")) == PRIVATE
    assert str(public_of(read_signing_key(PRIVATE))) == PUBLIC


def test_a_signing_key_is_not_shown_by_accident() -> None:
    key = parse_signing_key(PRIVATE)
    secret = PRIVATE.rpartition("+")[2]
    assert "PeterNeumann+c74f20a3" in repr(key)
    assert secret not in repr(key)
    assert repr(key.seed) not in repr(key)


def test_signatures_of_others_are_passed_over() -> None:
    key = parse_verifying_key(PUBLIC)
    assert parse_note(f"{TEXT}\n{OTHERS}{SIGNATURE}").signed_by(key, verify_ed25519)
    assert not parse_note(f"{TEXT}\n{OTHERS}").signed_by(key, verify_ed25519)


@pytest.mark.parametrize(
    "note",
    [
        pytest.param(NOTE.replace("answer", "Answer"), id="another text"),
        pytest.param(NOTE.replace("x08go/ZJ", "x08go/ZK"), id="another signature"),
        pytest.param(NOTE.replace("x08go", "x08gp"), id="another key's id"),
        pytest.param(NOTE.replace("— PeterNeumann", "— PeterNeuman"), id="another name"),
    ],
)
def test_what_was_not_signed_by_the_key_is_not(note: str) -> None:
    assert not parse_note(note).signed_by(parse_verifying_key(PUBLIC), verify_ed25519)


def test_a_signature_that_is_too_short_is_nobodys() -> None:
    key = parse_verifying_key(PUBLIC)
    note = Note(TEXT, (Signature(key.name, key.id, b"short"),))
    assert not note.signed_by(key, lambda *_: True)


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("", id="nothing"),
        pytest.param(TEXT, id="no signature"),
        pytest.param(f"{TEXT}\n", id="no signature behind the empty line"),
        pytest.param(NOTE.removesuffix("\n"), id="no end"),
        pytest.param(f"{TEXT}{SIGNATURE}", id="no empty line"),
        pytest.param(NOTE.replace("—", "-"), id="a hyphen for the dash"),
        pytest.param(NOTE.replace("PeterNeumann x", "PeterNeumann  x"), id="two spaces"),
        pytest.param(NOTE.replace("x08go", "x08g!"), id="no base64"),
        pytest.param(f"{TEXT}\n— PeterNeumann x08gow==\n", id="only the key's id"),
        pytest.param("x" * NOTE_CHARS_MAX + NOTE, id="too long"),
    ],
)
def test_what_is_no_note_is_refused(written: str) -> None:
    with pytest.raises(NoteError):
        parse_note(written)


@pytest.mark.parametrize("place", range(len(PUBLIC)))
def test_a_public_key_with_one_wrong_character_is_refused(place: int) -> None:
    wrong = PUBLIC[:place] + chr(ord(PUBLIC[place]) + 1) + PUBLIC[place + 1 :]
    with pytest.raises(NoteError):
        parse_verifying_key(wrong)


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(PUBLIC, id="a public key"),
        pytest.param(PRIVATE.replace("+AY", "+BY"), id="of another kind"),
        pytest.param(PRIVATE[:-4], id="too short"),
        pytest.param(PRIVATE.replace("+c74f20a3", ""), id="no id"),
        pytest.param(PRIVATE.replace("Peter", "Peter "), id="a name with a space"),
        pytest.param(f"x{PRIVATE}", id="something before it"),
    ],
)
def test_what_is_no_signing_key_is_refused_and_not_repeated(written: str) -> None:
    with pytest.raises(NoteError) as refused:
        parse_signing_key(written)
    assert PRIVATE[-20:-4] not in str(refused.value)


def test_a_signing_key_whose_id_is_not_its_own_is_refused() -> None:
    with pytest.raises(NoteError, match="not copied in full"):
        read_signing_key(PRIVATE.replace("c74f20a3", "c74f20a4"))
