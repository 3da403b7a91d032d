"""Proofs over HTTP: for whoever may see the event, as soon as it is sealed, and checked with nothing but the file."""

import asyncio
import json
from base64 import b64decode
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
from click.testing import CliRunner, Result

from adapters.evidence.signing import new_signing_key, public_of, verify_ed25519
from domain.access.events import ApiKeyIssued
from domain.events import Recorded, Role
from domain.evidence.checkpoint import parse_checkpoint
from domain.evidence.merkle import continues
from domain.evidence.note import parse_note
from domain.evidence.proof import parse_proof
from domain.skill.events import SkillRegistered
from tests.adapters.http.serving import Api
from tests.kit.sealing import seal
from workers.cli import waybill

pytestmark = pytest.mark.anyio

KEY = new_signing_key("waybill-12345678")
PUBLIC = public_of(KEY)


@pytest.fixture(scope="module")
async def size(api: Api, module_database: str) -> int:
    """So many events are sealed, and one more is there."""
    with_nothing_sealed = await api.admin.get("/api/checkpoint")
    refused_with(with_nothing_sealed, 409, "conflict:evidence")
    assert with_nothing_sealed.headers["Retry-After"] == "1"
    await api.register("kbo-results")
    await api.register("npb-results")
    return await seal(module_database, KEY, leave_out=1)


def refused_with(answer: httpx2.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def event_of(api: Api, kind: type) -> Recorded:
    return next(recorded for recorded in await api.events() if isinstance(recorded.event, kind))


async def test_the_newest_checkpoint_is_a_note_that_the_notary_signed(api: Api, size: int) -> None:
    answer = await api.clients[Role.VIEWER].get("/api/checkpoint")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert answer.headers["Waybill-Notary-Key"] == str(PUBLIC)
    note = parse_note(answer.text)
    assert note.signed_by(PUBLIC, verify_ed25519)
    assert parse_checkpoint(note.text).size == size


async def test_a_former_checkpoint_is_seen_to_be_its_beginning(api: Api, size: int, module_database: str) -> None:
    former = parse_checkpoint(parse_note((await api.admin.get("/api/checkpoint")).text).text)
    grown = await seal(module_database, KEY)
    answer = (await api.admin.get(f"/api/checkpoint/consistency?formerSize={former.size}")).json()
    checkpoint = parse_checkpoint(parse_note(answer["note"]).text)
    path = [b64decode(hashed) for hashed in answer["hashes"]]
    assert (answer["formerSize"], checkpoint.size, answer["publicKey"]) == (size, grown, str(PUBLIC))
    assert continues(former.root, checkpoint.root, former=former.size, size=grown, path=path)
    await seal(module_database, KEY, leave_out=grown - size)
    for wrong in ("", "?formerSize=0", "?formerSize=1000000", "?formerSize=x"):
        refused_with(await api.admin.get(f"/api/checkpoint/consistency{wrong}"), 400, "bad_request:api")


async def test_a_proof_is_had_by_id_or_position_and_proves_the_event(api: Api, size: int) -> None:
    event = await event_of(api, SkillRegistered)
    by_id = await api.clients[Role.VIEWER].get(f"/api/events/{event.id}/proof")
    by_position = await api.clients[Role.VIEWER].get(f"/api/events/{event.position}/proof")
    assert by_id.text == by_position.text
    assert (by_id.status_code, by_id.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert f"waybill-event-{event.position}.tlog-proof" in by_id.headers["Content-Disposition"]
    proof = parse_proof(by_id.text)
    assert proof.check(PUBLIC, verify_ed25519).size == size
    assert (proof.event.position, proof.event.stream, proof.event.topic) == (event.position, event.stream, event.topic)
    assert json.loads(proof.event.state)["id"] == str(event.id)


async def test_what_is_about_access_is_for_admins(api: Api, size: int) -> None:
    event = await event_of(api, ApiKeyIssued)
    for role in (Role.VIEWER, Role.OPERATOR):
        refused_with(await api.clients[role].get(f"/api/events/{event.id}/proof"), 403, "forbidden:auth")
    assert (await api.admin.get(f"/api/events/{event.id}/proof")).status_code == 200


async def test_what_is_not_sealed_yet_is_had_a_moment_later(api: Api, size: int) -> None:
    answer = await api.admin.get(f"/api/events/{size + 1}/proof")
    refused_with(answer, 409, "conflict:evidence")
    assert answer.headers["Retry-After"] == "1"


UNKNOWN = "6dc7b113-d88f-4776-a5ce-cba3aa6230ca"


@pytest.mark.parametrize("event", ["0", "999999", "9" * 18, "9" * 30, "none", str(UUID(int=7)), UNKNOWN])
async def test_what_is_not_there_is_not_found(api: Api, size: int, event: str) -> None:
    refused_with(await api.admin.get(f"/api/events/{event}/proof"), 404, "not_found:events")


async def command(api: Api, *arguments: str, data: Path) -> Result:
    """What the real command says with an admin's key."""
    key = api.admin.headers["Authorization"].removeprefix("Bearer ")
    environment = {"WAYBILL_URL": api.url, "WAYBILL_API_KEY": key, "WAYBILL_DATA": str(data)}
    return await asyncio.to_thread(CliRunner().invoke, waybill, list(arguments), env=environment)


async def test_the_commands_prove_and_check_with_nothing_but_the_file(api: Api, size: int, tmp_path: Path) -> None:
    event = await event_of(api, SkillRegistered)
    file = tmp_path / "event.tlog-proof"
    proved = await command(api, "audit", "prove", str(event.id), "-o", str(file), data=tmp_path)
    assert proved.exit_code == 0, proved.output
    assert f"Event {event.position} (skill.skill_registered) is proved" in proved.stdout
    again = await command(api, "audit", "prove", str(event.id), "-o", str(file), data=tmp_path)
    assert (again.exit_code, "is there already" in again.stderr) == (2, True)

    said = await command(api, "audit", "key", "--json", data=tmp_path)
    # The server's log is before and behind it: it runs in this process.
    assert json.JSONDecoder().raw_decode(said.stdout, said.stdout.index("{\n"))[0] == {
        "key": str(PUBLIC),
        "name": PUBLIC.name,
        "id": PUBLIC.id.hex(),
        "from": "server",
    }
    assert "compare it with the notary's own" in said.stderr
    checked = CliRunner().invoke(waybill, ["audit", "check", str(file), "--key", str(PUBLIC), "--json"])
    document = json.loads(checked.stdout)
    assert (checked.exit_code, document["proved"], document["event"]["position"]) == (0, True, event.position)
    assert document["event"]["envelope"]["id"] == str(event.id)


async def test_what_the_server_refuses_the_command_says(api: Api, size: int, tmp_path: Path) -> None:
    file = tmp_path / "none"
    missing = await command(api, "audit", "prove", "999999", "-o", str(file), data=tmp_path)
    assert (missing.exit_code, "not_found:events" in missing.stderr, file.exists()) == (4, True, False)
