"""`waybill audit check` and `key`: a file and a public key, and a clear sentence for whatever is wrong with either."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from adapters.evidence.signing import new_signing_key
from tests.domain.evidence.test_proof import KEY, PUBLIC, proof_of
from workers.cli import waybill
from workers.notary_key import PUBLIC_KEY_FILE

POSITION, SIZE = 5, 9


@pytest.fixture
def proof(tmp_path: Path) -> Path:
    path = tmp_path / "event.tlog-proof"
    path.write_text(str(proof_of(POSITION, size=SIZE)), encoding="utf-8")
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / PUBLIC_KEY_FILE).write_text(f"{PUBLIC}\n")
    return folder


def call(*arguments: object, data: Path | None = None) -> Result:
    environment = {
        "WAYBILL_DATA": str(data or "/nowhere"),
        "WAYBILL_URL": "http://127.0.0.1:9",
        "WAYBILL_API_KEY": "wb_x",
    }
    return CliRunner().invoke(waybill, ["audit", *map(str, arguments)], env=environment)


def test_a_proof_is_shown_with_its_event(proof: Path) -> None:
    said = call("check", proof, "--key", PUBLIC)
    assert said.exit_code == 0, said.stderr
    assert "✔ This event is what was stored." in said.stdout
    for shown in ("5", "skill.skill_registered", "over 9 events", f"{PUBLIC.name}+{PUBLIC.id.hex()}", '"number":5'):
        assert shown in said.stdout
    document = json.loads(call("check", proof, "--key", PUBLIC, "--json").stdout)
    assert (document["proved"], document["checkpoint"]["size"]) == (True, SIZE)
    assert document["event"]["envelope"]["data"]["number"] == POSITION


def test_the_key_may_be_in_a_file_or_in_the_data_folder(proof: Path, data: Path) -> None:
    assert call("check", proof, "--key", data / PUBLIC_KEY_FILE).exit_code == 0
    assert call("check", proof, data=data).exit_code == 0
    assert call("key", data=data).stdout == f"{PUBLIC}\n"
    assert json.loads(call("key", "--json", data=data).stdout)["from"] == "folder"


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("nothing", "is neither a public key nor a file with one"),
        (str(PUBLIC)[:-4], "is neither a public key nor a file with one"),
        (str(KEY), "is a notary's secret key"),
        (None, "There is no public key of a notary here"),
    ],
    ids=["no_key", "cut_off", "secret", "none"],
)
def test_what_is_no_key_is_said_to_be_none(proof: Path, key: str | None, told: str) -> None:
    said = call("check", proof, *(("--key", key) if key else ()))
    assert (said.exit_code, told in said.stderr) == (2, True), said.stderr
    assert str(KEY) not in said.output


def test_with_another_key_it_proves_nothing_and_says_whose_it_is(proof: Path) -> None:
    stranger = new_signing_key("waybill-stranger")
    proof.write_text(str(proof_of(POSITION, size=SIZE, key=stranger)), encoding="utf-8")
    said = call("check", proof, "--key", PUBLIC)
    assert said.exit_code == 5
    assert f"is not signed by {PUBLIC.name}+{PUBLIC.id.hex()}" in said.stderr
    assert "waybill-stranger" in said.stderr
    document = json.loads(call("check", proof, "--key", PUBLIC, "--json").stdout)
    assert document["code"] == "unproved:evidence"


def test_a_proof_that_was_cut_off_is_said_to_be_so(proof: Path) -> None:
    written = proof.read_text(encoding="utf-8")
    proof.write_text(written[: len(written) // 2], encoding="utf-8")
    said = call("check", proof, "--key", PUBLIC)
    assert (said.exit_code, "It was cut off, or changed." in said.stderr) == (2, True)


def test_what_is_no_proof_is_said_to_be_none(proof: Path, tmp_path: Path) -> None:
    proof.write_text("nothing of the kind")
    said = call("check", proof, "--key", PUBLIC)
    assert (said.exit_code, "cannot be taken for a proof" in said.stderr) == (2, True)
    proof.write_bytes(b"\xff\xfe")
    said = call("check", proof, "--key", PUBLIC)
    assert (said.exit_code, "it is no text" in said.stderr) == (2, True)
    assert call("check", tmp_path / "none", "--key", PUBLIC).exit_code == 2


def test_what_an_event_says_is_shown_and_not_obeyed(proof: Path) -> None:
    written = call("check", proof, "--key", PUBLIC).stdout
    assert written.isprintable() or "\x1b" not in written


def test_without_a_key_anywhere_and_without_a_server_it_is_said_why() -> None:
    said = call("key")
    assert (said.exit_code, "does not answer" in said.stderr) == (8, True)


@pytest.mark.parametrize("event", ["0", "-1", "x", "1" * 19])
def test_an_event_is_named_by_its_position_or_its_id(event: str, tmp_path: Path) -> None:
    said = call("prove", "--output", tmp_path / "x", "--", event)
    assert (said.exit_code, "is neither a position" in said.stderr) == (2, True)
