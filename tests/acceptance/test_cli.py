"""The command line against a running Waybill: what people and scripts see, and which exit code they get."""

import itertools
import json
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.acceptance.conftest import CommandLine, Sandbox, write_skill
from tests.acceptance.gate import Gate
from workers.terminal.trial import Trial

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

NOWHERE = "http://127.0.0.1:1"


def test_a_new_skill_is_registered_and_in_the_next_list(cli: CommandLine, skill: Path) -> None:
    added = cli("skills", "add", skill)
    assert (added.code, added.out.rstrip().rpartition(": ")[2]) == (0, "registered"), added
    assert f"{skill.name} v1" in added.out
    listed = cli("skills", "list", "--q", skill.name, "--json")
    assert [item["name"] for item in listed.json["items"]] == [skill.name]


def test_the_same_bytes_are_the_same_version_and_others_the_next(cli: CommandLine, skill: Path) -> None:
    cli("skills", "add", skill)
    assert "the same bytes were registered before" in cli("skills", "add", skill).out
    (skill / "scripts" / "thing.py").write_text("print('another thing')\n")
    again = cli("skills", "add", skill, "--json").json
    assert [item["version"] for item in again["items"]] == [2]
    shown = cli("skills", "show", skill.name)
    assert (shown.code, "scripts/thing.py" in shown.out) == (0, True)


def test_several_folders_are_added_in_one_command(cli: CommandLine, tmp_path: Path) -> None:
    folders = [write_skill(tmp_path), write_skill(tmp_path)]
    added = cli("skills", "add", *folders, "--json")
    assert [item["name"] for item in added.json["items"]] == [folder.name for folder in folders]


def test_a_bad_skill_is_refused_with_the_file_that_is_wrong(cli: CommandLine, skill: Path) -> None:
    (skill / "SKILL.md").write_text("---\nname: Not A Name\n---\n")
    refused = cli("skills", "add", skill)
    assert (refused.code, refused.out) == (2, "")
    assert "(unprocessable:skills)" in refused.err
    assert "SKILL.md: " in refused.err
    assert "/files/" not in refused.err


def test_a_folder_without_a_skill_never_leaves_this_machine(cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("SKILL.md")
    refused = cli("skills", "add", tmp_path, "--json", WAYBILL_URL=NOWHERE)
    assert (refused.code, refused.json["code"]) == (2, "unprocessable:skills")


def test_an_install_is_followed_to_its_end(cli: CommandLine, registered: str, sandbox: Sandbox) -> None:
    installed = cli("install", registered, "--on", "openai", "--wait")
    assert installed.code == 0, installed
    assert f"{registered} v1 is live at openai." in installed.out
    assert "✔ success" in installed.err
    assert len(sandbox.live(registered)) == 1


def test_json_has_the_run_as_it_ended(cli: CommandLine, registered: str) -> None:
    run = cli("install", f"{registered}@v1", "--on", "openai", "--wait", "--json").json
    assert (run["status"], run["skill"]["ref"], run["targets"][0]["attempts"]) == ("success", "v1", 1)


def test_without_waiting_the_run_goes_on(cli: CommandLine, registered: str) -> None:
    queued = cli("install", registered, "--on", "openai", "--json")
    assert (queued.code, queued.json["reused"]) == (0, False)
    assert f"waybill runs watch {queued.json['id']}" in queued.err


def test_a_refused_install_says_why_in_words(cli: CommandLine, registered: str, sandbox: Sandbox) -> None:
    sandbox.fault("status", status=429, code="insufficient_quota")
    failed = cli("install", registered, "--on", "openai", "--wait")
    assert failed.code == 5, failed
    assert f"{registered} v1 could not be installed at openai (quota_exceeded:provider)." in failed.out
    assert "raise its limit or pay" in failed.out
    assert sandbox.live(registered) == []
    listed = cli("runs", "list", "--skill", registered, "--status", "failed", "--code", "quota_exceeded:provider")
    assert "quota_exceeded:provider" in listed.out


def test_a_run_in_flight_is_joined_or_refused(cli: CommandLine, registered: str, gate: tuple[str, Gate]) -> None:
    name, provider = gate
    first = cli("install", registered, "--on", name, "--json").json
    joined = cli("install", registered, "--on", name, "--json")
    assert (joined.code, joined.json["id"], joined.json["reused"]) == (0, first["id"], True)
    refused = cli("install", registered, "--on", name, "--on-duplicate", "reject")
    assert (refused.code, f"conflicting run: {first['id']}" in refused.err) == (2, True)
    late = cli("runs", "watch", first["id"], "--timeout", "0.1")
    assert (late.code, "It goes on." in late.err) == (7, True)
    provider.open()
    ended = cli("runs", "watch", first["id"])
    assert (ended.code, "(invalid_skill:provider)" in ended.out) == (5, True)


def test_watching_tells_every_change_once(cli: CommandLine, registered: str, gate: tuple[str, Gate]) -> None:
    name, provider = gate
    run = cli("install", registered, "--on", name, "--json").json
    people = cli.start("runs", "watch", run["id"])
    programs = cli.start("runs", "watch", run["id"], "--json")
    with people, programs:
        assert people.stdout is not None
        assert programs.stdout is not None
        told, states = [people.stdout.readline()], [json.loads(programs.stdout.readline())]
        assert states[0]["status"] in {"queued", "running"}
        provider.open()
        told += people.stdout.readlines()
        states += [json.loads(line) for line in programs.stdout.readlines()]
    assert (people.returncode, programs.returncode) == (5, 5)
    changes = [line.split("  ", 1)[1].rstrip() for line in told[: told.index(f"run        {run['id']}\n")]]
    assert len(changes) == len(set(changes))
    assert changes[-2:] == ["run  ✘ failed", f"{name}  ✘ failed  invalid_skill:provider"]
    assert states[-1]["status"] == "failed"
    assert all(before != after for before, after in itertools.pairwise(states))


def test_who_stops_watching_is_told_how_to_go_on(cli: CommandLine, registered: str, gate: tuple[str, Gate]) -> None:
    run = cli("install", registered, "--on", gate[0], "--json").json
    with cli.start("runs", "watch", run["id"]) as watching:
        assert watching.stdout is not None
        watching.stdout.readline()
        watching.send_signal(signal.SIGINT)
        _, said = watching.communicate()
    assert watching.returncode == 130
    assert said == f"\nThe run goes on. Follow it again: waybill runs watch {run['id']}\n"


def test_the_history_tells_the_run_in_order(cli: CommandLine, registered: str) -> None:
    run = cli("install", registered, "--on", "openai", "--wait", "--json").json
    events = [event["event"] for event in cli("history", run["id"], "--json").json["items"]]
    assert events[0] == "RunQueued"
    assert events[-1] == "RunSucceeded"
    told, table, sentence = (part.splitlines() for part in cli("history", run["id"]).out.split("\n\n"))
    assert len(told) == len(events) + 1
    assert f"{registered} v1 for openai" in told[1]
    assert "ticket" in next(line for line in told if "ProviderStarted" in line)
    assert [line.split()[0] for line in table] == ["TARGET", "openai"]
    assert sentence[0].startswith("The run was queued for")


def test_the_audit_log_is_filtered(cli: CommandLine, registered: str) -> None:
    entries = cli("audit", "list", "--target", f"skill:{registered}", "--since", "1h", "--json").json["items"]
    assert [entry["action"] for entry in entries] == ["skill.version_published", "skill.registered"]
    assert {entry["actor"]["kind"] for entry in entries} == {"api_key"}


def test_a_list_is_as_long_as_asked_for_and_says_that_there_is_more(cli: CommandLine) -> None:
    listed = cli("skills", "list", "--limit", "1", "--json")
    assert len(listed.json["items"]) == 1
    assert "There are more" in listed.err


def test_providers_are_listed_and_shown_without_their_credential(cli: CommandLine) -> None:
    listed = cli("providers", "list")
    assert (listed.code, "✔ active" in listed.out) == (0, True)
    shown = cli("providers", "show", "openai", "--json").json
    assert (shown["name"], "credential" in shown) == ("openai", False)


def test_a_provider_that_cannot_be_verified_is_connected_inactive(cli: CommandLine, skill: Path) -> None:
    arguments = ("providers", "connect", f"away-{skill.name}", "--kind", "openai", "--base-url", NOWHERE)
    away = cli(*arguments, "--credential-stdin", stdin="sk-some-key")
    assert away.code == 5, away
    assert "✘ inactive" in away.out
    assert "offline:provider" in away.out
    taken = cli(*arguments, "--credential-stdin", stdin="sk-some-key")
    assert (taken.code, "(conflict:providers)" in taken.err) == (2, True)


def test_a_secret_is_no_argument(cli: CommandLine) -> None:
    refused = cli("providers", "connect", "x", "--kind", "openai", "--credential", "sk-in-the-shell-history")
    assert (refused.code, refused.out) == (2, "")
    assert "--credential-stdin" in refused.err
    assert "sk-in-the-shell-history" not in refused.err
    nothing = cli("providers", "connect", "x", "--kind", "openai")
    assert (nothing.code, "--credential-stdin" in nothing.err) == (2, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("install", "no-such-skill", "--on", "openai"),
        ("install", "plain-english", "--on", "no-such-provider"),
        ("install", "plain-english@99", "--on", "openai"),
        ("skills", "show", "no-such-skill"),
        ("runs", "show", "00000000-0000-7000-8000-000000000000"),
        ("runs", "watch", "00000000-0000-7000-8000-000000000000"),
        ("history", "00000000-0000-7000-8000-000000000000"),
        ("providers", "show", "no-such-provider"),
    ],
    ids=" ".join,
)
def test_what_does_not_exist_is_4(cli: CommandLine, arguments: tuple[str, ...]) -> None:
    missing = cli(*arguments, "--json")
    assert (missing.code, missing.json["status"]) == (4, 404)
    assert missing.json["requestId"] in missing.err


def test_without_the_right_key_it_is_3(cli: CommandLine) -> None:
    wrong = cli("runs", "list", "--json", WAYBILL_API_KEY="wb_wrong")
    assert (wrong.code, wrong.json["code"]) == (3, "unauthorized:auth")
    none = cli("runs", "list", WAYBILL_API_KEY="")
    assert (none.code, "WAYBILL_API_KEY" in none.err) == (3, True)


def test_a_server_that_is_away_is_8(cli: CommandLine) -> None:
    away = cli("runs", "list", "--url", NOWHERE, "--json")
    assert (away.code, away.json["code"]) == (8, "offline:api")
    assert "waybill up" in away.err


def test_something_else_at_that_address_is_said_to_be_that(cli: CommandLine, waybill: Trial) -> None:
    other = cli("runs", "list", "--url", waybill.sandbox_url)
    assert (other.code, "not in Waybill's words" in other.err) == (1, True)


def test_nothing_is_asked_for_twice_and_the_caller_is_named(cli: CommandLine) -> None:
    seen: list[tuple[str, str | None, str | None]] = []

    class Busy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append((self.path, self.headers["User-Agent"], self.headers["X-Request-ID"]))
            self.close_connection = True

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        cut = cli("install", "a", "--on", "openai", "--json", WAYBILL_URL=f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        thread.join()
    assert (cut.code, "may have been carried out" in cut.json["detail"]) == (8, True)
    assert seen == [("/api/install-runs", f"waybill/{cli('--version').out.split()[-1]}", cut.json["requestId"])]
