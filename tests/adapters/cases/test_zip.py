"""A case goes into a zip and comes out as it was; what is no case, or would not end, is refused in words."""

import io
import stat
import tracemalloc
import zipfile
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
import pytest

from adapters.cases import reading, writing
from adapters.cases.forms import MANIFEST, MEMBERS_MAX, PATHS, REPORT, STORED
from adapters.cases.reading import CaseRefused, OpenedCase, read_case
from domain.access.events import ApiKeyIssued
from domain.access.state import key_stream
from domain.errors import EvidenceTooLarge
from domain.events import Role
from domain.evidence.case import FORM
from tests.kit.cases import an_incident, case_of, zipped

EVENTS: Final = tuple(an_incident())
CASE: Final = case_of(EVENTS, sealed=len(EVENTS) - 1)
ZIP: Final = zipped(CASE, EVENTS)
SMALL_BYTES: Final = 300_000

Members = dict[str, bytes]


def unpacked(content: bytes = ZIP) -> Members:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(members: Mapping[str, bytes], *, compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def opened(change: Callable[[Members], None]) -> OpenedCase:
    members = unpacked()
    change(members)
    return read_case(packed(members))


def test_it_comes_out_as_it_went_in() -> None:
    found = read_case(ZIP)
    assert found.case == CASE
    assert found.faults == ()
    assert [event["position"] for event in found.readable] == [event.position for event in EVENTS]


def test_the_same_case_is_the_same_bytes() -> None:
    assert zipped(case_of(EVENTS, sealed=len(EVENTS) - 1), EVENTS) == ZIP
    with zipfile.ZipFile(io.BytesIO(ZIP)) as archive:
        for entry in archive.infolist():
            assert entry.date_time == writing.NO_TIME
            assert entry.external_attr >> 16 == stat.S_IFREG | 0o644
            assert entry.compress_type == zipfile.ZIP_STORED


def test_one_that_somebody_packed_again_is_read_as_well() -> None:
    assert read_case(packed(unpacked(), compression=zipfile.ZIP_DEFLATED)).case == CASE


def test_more_than_goes_into_one_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "BYTES_MAX", 1_000)
    with pytest.raises(EvidenceTooLarge, match=r"1,000 at most go into one file; ask for less time"):
        zipped(CASE, EVENTS)


def test_every_file_that_was_changed_left_out_or_added_is_told() -> None:
    members = unpacked() | {
        "settings.json": b"{}",
        "read-models/skills.jsonl": b"",
        "settings.json\n": b"{}",
    }
    members[REPORT] += b" "
    assert read_case(packed(members)).faults == (
        "'report.html' is not what was exported: its sha256 is another",
        "'settings.json' is not what was exported: its sha256 is another",
        "'read-models/skills.jsonl' is not what was exported: its sha256 is another",
        "'settings.json\\n' was added",
    )
    members["settings.json"] = unpacked()["settings.json"].replace(b"info", b"none")
    assert "'settings.json' is not what was exported: its sha256 is another" in read_case(packed(members)).faults
    del members[REPORT]
    assert "'report.html' is missing" in read_case(packed(members)).faults


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a zip that can be read"),
        (b"%PDF-1.7 and so on", "not a zip that can be read"),
        (ZIP[: len(ZIP) // 2], "not a zip that can be read"),
        (ZIP.replace(b"Waybill", b"waybill", 1), "not a zip that can be read: Bad CRC-32"),
        (packed({"letter.txt": b"hello"}), "no case of Waybill: it has no manifest.json"),
        (packed({MANIFEST: b"{}"}), f"the form '', and this Waybill reads {FORM}: open it with a newer one"),
        (packed({MANIFEST: b'{"form":"waybill.case/2"}'}), "the form 'waybill.case/2'"),
        (packed({MANIFEST: b'{"form":"waybill.case/1"}'}), "manifest.json cannot be read"),
        (packed({MANIFEST: b"\xff"}), "manifest.json cannot be read"),
        (packed({str(number): b"" for number in range(MEMBERS_MAX + 1)}), "a case has at most 64"),
    ],
    ids=["empty", "pdf", "cut", "crc", "foreign", "no form", "newer", "half", "no text", "many"],
)
def test_what_is_no_case_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(CaseRefused) as refused:
        read_case(content)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("member", "content", "said"),
    [
        (STORED, b"{", "line 1"),
        (
            STORED,
            b'{"position":1,"stream":"7e57ca5e-0000-4000-8000-000000000000","version":1,"topic":"a.b"}\n',
            "nor a leaf",
        ),
        (PATHS, b'{"position":1,"path":["AAAA"]}\n', "nor a leaf"),
        (
            PATHS,
            b'{"position":1,"path":[' + b",".join([b'"' + b"A" * 43 + b'="'] * 65) + b"]}\n",
            "more than 64 hashes",
        ),
        (STORED, b"\n" * 10_001, "10,001 lines"),
        ("events/readable.jsonl", b"[]\n", "line 1"),
        ("settings.json", b"[]", "settings.json cannot be read"),
        ("proofs/checkpoint", b"\xff", "no text in UTF-8"),
    ],
    ids=["no json", "neither", "short", "long", "lines", "list", "settings", "note"],
)
def test_what_cannot_be_read_says_where(member: str, content: bytes, said: str) -> None:
    with pytest.raises(CaseRefused) as refused:
        opened(lambda members: members.update({member: content}))
    assert member in str(refused.value) or STORED in str(refused.value)
    assert said in str(refused.value)


def test_events_out_of_order_are_refused() -> None:
    def turn(members: Members) -> None:
        members[STORED] = b"\n".join(reversed(members[STORED].splitlines()))

    with pytest.raises(CaseRefused, match="not in the order of their positions"):
        opened(turn)


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BYTES_MAX", SMALL_BYTES)
    bomb = packed(unpacked() | {"zeros": bytes(50 * SMALL_BYTES)}, compression=zipfile.ZIP_DEFLATED)
    assert len(bomb) < SMALL_BYTES
    tracemalloc.start()
    with pytest.raises(CaseRefused, match="unpacks to more than the 300,000 bytes"):
        read_case(bomb)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 10 * SMALL_BYTES
    with pytest.raises(CaseRefused, match="larger than a case can be"):
        read_case(bytes(2 * SMALL_BYTES))


def test_a_size_that_lies_does_not_help(monkeypatch: pytest.MonkeyPatch) -> None:
    """The directory says that there is one byte, and there are many."""
    monkeypatch.setattr(reading, "BYTES_MAX", SMALL_BYTES)
    content = packed({MANIFEST: bytes(10 * SMALL_BYTES)}, compression=zipfile.ZIP_DEFLATED)
    size = (10 * SMALL_BYTES).to_bytes(4, "little")
    with pytest.raises(CaseRefused):
        read_case(content.replace(size, (1).to_bytes(4, "little")))


def test_one_name_twice_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(MANIFEST, unpacked()[MANIFEST])
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr(MANIFEST, b"{}")
    with pytest.raises(CaseRefused, match=r"'manifest.json' twice"):
        read_case(buffer.getvalue())


def test_an_encrypted_one_is_refused() -> None:
    flagged = bytearray(packed({MANIFEST: b"{}"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        flagged[flagged.index(signature) + offset] |= 1
    with pytest.raises(CaseRefused, match="It is encrypted"):
        read_case(bytes(flagged))


def test_a_case_without_a_checkpoint_is_read() -> None:
    def change(members: Members) -> None:
        del members["proofs/checkpoint"], members["proofs/notary.vkey"]

    found = opened(change)
    assert (found.case.note, found.case.public_key) == (None, None)
    assert len(found.faults) == 2


def test_the_manifest_names_every_other_file() -> None:
    members = unpacked()
    manifest = msgspec.json.decode(members[MANIFEST])
    assert {member["path"] for member in manifest["members"]} == members.keys() - {MANIFEST}


def test_of_what_is_withheld_there_is_only_the_leaf() -> None:
    story = an_incident()
    secret = "5e" * 32
    story.add(key_stream("anna"), ApiKeyIssued(key_id="anna", name="Anna", role=Role.VIEWER, secret_sha256=secret))
    content = zipped(case_of(story.events), story.events)
    *_, last = read_case(content).case.events
    assert (last.stored.state, last.stored.topic) == (b"", "access.api_key_issued")
    assert last.withheld == case_of(story.events).events[-1].withheld
    assert secret.encode() not in content
    assert b64encode(secret.encode())[2:-2] not in content
