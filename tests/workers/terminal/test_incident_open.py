"""A case is checked and shown where there is nothing else, and what does not hold ends in exit code 5."""

import io
import json
import subprocess
import sys
import zipfile
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters.cases.forms import MANIFEST, STORED
from adapters.evidence.signing import new_signing_key, public_of
from tests.architecture.sources import ROOT
from tests.kit.cases import KEY, PUBLIC, an_incident, case_of, with_tickets, zipped
from workers.terminal.incident_open import open_case
from workers.terminal.notary_keys import KEY_BYTES_MAX

EVENTS: Final = tuple(with_tickets(an_incident().events))
CASE: Final = case_of(EVENTS, runs=[EVENTS[5].stream])
ZIP: Final = zipped(CASE, EVENTS)
HOSTILE: Final = "\x1b]0;owned\x07\x1b[31mkbo\u202e"


@pytest.fixture
def case(tmp_path: Path) -> Path:
    path = tmp_path / "case.zip"
    path.write_bytes(ZIP)
    return path


def opened(path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(open_case, [str(path), *arguments])


def document(result: Result) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(result.stdout)
    return read


def test_one_that_holds_is_shown(case: Path) -> None:
    result = opened(case)
    assert result.exit_code == 0, result.output
    for said in (
        "kbo-results v1 at openai, claude and gemini",
        "✔ This case holds: nothing in it was changed since it was sealed.",
        "too_large:provider  gemini  The skill is too large. The skill is larger than this provider takes",
        "ProviderSucceeded       admin  claude: skill_claude version 1",
        "✘ failed   1         10.6 s   400 ms   1.0 s",
    ):
        assert said in result.stdout
    assert "Compare it with one from a place you trust" in result.stderr
    assert str(PUBLIC) in result.stderr


def test_with_a_key_from_elsewhere_nothing_is_left_to_compare(case: Path, tmp_path: Path) -> None:
    file = tmp_path / "notary.vkey"
    file.write_text(f"{PUBLIC}\n")
    for key in (str(PUBLIC), str(file)):
        result = opened(case, "--key", key)
        assert result.exit_code == 0, result.output
        assert "is signed by the key that you gave" in result.stdout
        assert "Compare it" not in result.stderr


def test_the_wrong_key_says_so(case: Path) -> None:
    result = opened(case, "--key", str(public_of(new_signing_key(KEY.name))))
    assert result.exit_code == 5
    assert "✘ This case does not hold: do not rely on it." in result.stdout
    assert "the checkpoint is not signed by waybill-7e57ca5e+" in result.stdout


@pytest.mark.parametrize("key", ["nonsense", "waybill+00000000+AQ==", ""])
def test_what_is_no_key_is_wrong_usage(case: Path, key: str) -> None:
    result = opened(case, "--key", key)
    assert result.exit_code == 2
    assert "neither a public key nor a file with one" in result.stderr


def test_a_file_that_is_no_key_is_not_read_for_ever(case: Path, tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(b"x" * (2 * KEY_BYTES_MAX))
    assert opened(case, "--key", str(file)).exit_code == 2


def test_what_was_changed_is_told_and_ends_with_5(case: Path) -> None:
    wrong = replace(CASE.events[17], stored=replace(CASE.events[17].stored, state=b"{}"))
    case.write_bytes(zipped(replace(CASE, events=(*CASE.events[:17], wrong, *CASE.events[18:])), EVENTS))
    result = opened(case)
    assert result.exit_code == 5
    assert "event 18 is not the one that was sealed" in result.stdout
    told = opened(case, "--json")
    assert told.exit_code == 5
    assert document(told)["holds"] is False
    failed = [check["name"] for check in document(told)["checks"] if not check["passed"]]
    assert "events" in failed


def test_as_json_it_is_all_there(case: Path) -> None:
    told = document(opened(case, "--json", "--key", str(PUBLIC)))
    assert (told["holds"], told["keyGiven"]) == (True, True)
    assert [event["position"] for event in told["events"]] == [event.position for event in EVENTS]
    assert told["runs"][0]["status"] == "partial_failed"


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"hello", "It is not a zip that can be read"), (ZIP[:-30], "It is not a zip that can be read")],
    ids=["foreign", "cut"],
)
def test_what_is_no_case_is_refused_in_a_sentence(case: Path, content: bytes, said: str) -> None:
    case.write_bytes(content)
    result = opened(case)
    assert (result.exit_code, result.stdout) == (5, "")
    assert said in result.stderr
    assert document(opened(case, "--json"))["code"] == "bad_case:evidence"


def test_what_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    result = opened(tmp_path / "nowhere.zip")
    assert result.exit_code == 2
    assert "No such file" in result.stderr


def test_the_report_is_written_anew_and_over_nothing(case: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    assert opened(case, "--html", str(report)).exit_code == 0
    written = report.read_text()
    assert "Checked: nothing in this case was changed since it was sealed." in written
    result = opened(case, "--html", str(report))
    assert result.exit_code == 2
    assert "is there already" in result.stderr
    assert report.read_text() == written


def test_a_report_that_came_with_the_case_is_not_believed(case: Path, tmp_path: Path) -> None:
    forged = ZIP.replace(b"<title>", b"<xitle>")
    case.write_bytes(forged)
    assert opened(case).exit_code == 5
    report = tmp_path / "report.html"
    opened(case, "--html", str(report))
    assert not report.exists() or "<xitle>" not in report.read_text()


def test_many_events_are_cut_and_said_to_be(case: Path) -> None:
    result = opened(case, "--limit", "5")
    assert "RunPartiallyFailed" not in result.stdout
    assert "There are 18 more events: --limit 23, or --html FILE" in result.stderr
    assert "POSITION" not in opened(case, "--limit", "0").stdout


def test_names_do_not_take_over_the_terminal(case: Path) -> None:
    events = tuple(an_incident(skill="kbo-results", message=HOSTILE).events)
    named = replace(case_of(events), exported=replace(CASE.exported, name=HOSTILE, by=HOSTILE))
    case.write_bytes(zipped(named, events))
    result = opened(case)
    assert result.exit_code == 0
    assert not {"\x1b", "\x07", "\u202e"} & set(result.output)
    assert "\\x1b[31mkbo" in result.stdout


def test_it_needs_nothing_but_the_program_and_opens_a_browser(case: Path, tmp_path: Path) -> None:
    """No settings, no home, no server: nothing of this is there."""
    program = "from workers.cli import main; main()"
    ran = subprocess.run(
        [sys.executable, "-c", program, "incident", "open", str(case), "--browser"],
        env={
            "PYTHONPATH": str(ROOT),
            "HOME": str(tmp_path / "nowhere"),
            "WAYBILL_POSTGRES_URL": "nonsense",
            "BROWSER": f"{sys.executable} -c 'import sys; print(sys.argv[1])' %s",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    assert "This case holds" in ran.stdout
    assert case.with_suffix(".html").as_uri() in ran.stdout
    assert case.with_suffix(".html").read_text().startswith("<!DOCTYPE html>")


JSON: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.text(max_size=8)
    | st.sampled_from(
        (
            "2026-11-22T12:00:00",
            "0001-01-01T00:00:00+23:59",
            "9999-12-31T23:59:59-23:59",
            "2026-11-22T12:00:00Z",
            str(EVENTS[5].stream),
            "RunQueued",
        )
    ),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(("id", "targets", "at")), inner, max_size=2)
    ),
    max_leaves=4,
)


def places_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, one in inner for place in places_in(one, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    value[path[0]] = put(value[path[0]], path[1:], new)
    return value


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_somebody_wrote_into_it_is_checked_or_refused(case: Path, data: st.DataObject) -> None:
    """An event, the manifest, or any other of its files: there is a verdict, and no defect of ours."""
    with zipfile.ZipFile(io.BytesIO(ZIP)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = data.draw(
        st.sampled_from([STORED, STORED, MANIFEST, "events/readable.jsonl", "read-models/install_runs.jsonl"])
    )
    lines = members[name].splitlines() if name.endswith(".jsonl") else [members[name]]
    number = data.draw(st.integers(0, len(lines) - 1))
    line: Any = json.loads(lines[number])
    if name == STORED and data.draw(st.booleans()):
        state = json.loads(b64decode(line["state"]))
        changed = put(state, data.draw(st.sampled_from(places_in(state))), data.draw(JSON))
        line["state"] = b64encode(json.dumps(changed).encode()).decode()
    else:
        line = put(line, data.draw(st.sampled_from(places_in(line))), data.draw(JSON))
    lines[number] = json.dumps(line).encode()
    with zipfile.ZipFile(case, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, b"\n".join(lines) if member == name else content)
    report = case.with_name("report.html")
    report.unlink(missing_ok=True)
    result = opened(case, "--html", str(report))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code in (0, 5), result.output
