"""Faults of those who ask: the same thing at once, against each other, and gone before the answer."""

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import urlsplit
from uuid import UUID

import httpx2

from domain.chat.events import ChatCommandAccepted
from domain.install_run.events import RunQueued, RunRetried
from tests.chaos.client import KINDS, QUICK, at_once
from tests.chaos.stage import Stage
from workers.failpoints import Failpoint

EQUAL_REQUESTS = 100
RACES = 6
LEAVERS = 20
PLANNED = 3
SENDS_MAX = 200


def one_key_many_requests(stage: Stage) -> Iterator[None]:
    """A hundred equal requests with one key at once are one run."""
    (skill,) = stage.skills(1)
    body = {"skill": skill, "providers": list(KINDS), "policy": QUICK}
    key = f"{stage.name}-key"

    def ask(_: int) -> httpx2.Response:
        return stage.client.ask("/api/install-runs", body, key=key)

    answers = at_once(ask, range(EQUAL_REQUESTS), clients=EQUAL_REQUESTS)
    codes = {answer.status_code for answer in answers}
    assert codes <= {httpx2.codes.ACCEPTED, httpx2.codes.CONFLICT}, codes
    accepted = [answer for answer in answers if answer.is_success]
    assert len({answer.json()["id"] for answer in accepted}) == 1
    replayed = sum("idempotency-replayed" in answer.headers for answer in accepted)
    stage.happened(replayed, "no answer was a replayed one")
    stage.note(f"{len(accepted)} answers, {replayed} replayed")
    other = stage.client.request("POST", "/api/install-runs", {**body, "providers": ["openai"]}, key=key)
    assert other.status_code == httpx2.codes.UNPROCESSABLE_CONTENT
    yield
    assert stage.count(RunQueued) == 1
    assert stage.statuses([UUID(accepted[0].json()["id"])]) == {"success"}


def answer_lost(stage: Stage) -> Iterator[None]:
    """The API is killed when the run is stored and its answer not sent: who asks again with the key gets that run."""
    (skill,) = stage.skills(1)
    key = f"{stage.name}-key"
    body = {"skill": skill, "providers": list(KINDS), "policy": QUICK}
    _kill_api(stage, Failpoint.RUN_QUEUED, lambda: stage.client.ask("/api/install-runs", body, key=key))
    run = stage.client.install(skill, key=key)
    yield
    assert stage.count(RunQueued) == 1
    assert stage.statuses([run]) == {"success"}


def said_and_cut_off(stage: Stage) -> Iterator[None]:
    """The API is killed in the middle of a plan that somebody confirmed: who confirms again gets the rest of it, and no run twice."""
    skills = stage.skills(PLANNED)
    message = f"install {', '.join(skills)} on openai and claude"
    asked = stage.client.post("/api/chat-ops", {"message": message})
    assert asked["reason"] == "confirmation_required", asked
    confirm = {"confirm": asked["confirmation"]["token"]}
    key = f"{stage.name}-key"
    _kill_api(stage, Failpoint.CHAT_STEP_DONE, lambda: stage.client.request("POST", "/api/chat-ops", confirm, key=key))
    stage.wait_for(stage.client.ready, "the API did not come up again")
    answers = [stage.client.post("/api/chat-ops", confirm, key=key), stage.client.post("/api/chat-ops", confirm)]
    assert all(answer["accepted"] for answer in answers), answers
    runs = [UUID(run) for run in answers[0]["runIds"]]
    assert answers[1]["runIds"] == answers[0]["runIds"]
    assert len(set(runs)) == PLANNED
    yield
    assert stage.count(RunQueued) == PLANNED
    assert stage.count(ChatCommandAccepted) == 1
    assert stage.statuses(runs) == {"success"}


def cancel_races(stage: Stage) -> Iterator[None]:
    """Cancelled at the moment when they run: one end each, whichever it is."""
    skills = stage.skills(RACES)
    for kind in KINDS:
        stage.sandbox.fault("hang", kind, times=RACES, delaySeconds=0.2)
    runs = stage.install(skills)

    def cancel(run: UUID) -> int:
        stage.lapse(stage.random.uniform(0, 1.0))
        return stage.client.request("POST", f"/api/install-runs/{run}/cancel").status_code

    codes = at_once(cancel, [*runs, *runs], clients=RACES * 2)
    assert set(codes) <= {200, 202, 409}, codes
    stage.happened(202 in codes, "nothing was cancelled")
    stage.note(f"{codes.count(202)} cancelled, {codes.count(200)} again, {codes.count(409)} too late")
    yield


def double_retry(stage: Stage) -> Iterator[None]:
    """Many ask at once for what failed to be tried again: one new run."""
    skills = stage.skills(1)
    stage.sandbox.fault("status", "openai", status=413)
    (run,) = stage.install(skills)
    stage.end([run])
    assert stage.statuses([run]) == {"partial_failed"}
    answers = at_once(lambda _: stage.client.ask(f"/api/install-runs/{run}/retry"), range(RACES), clients=RACES)
    assert {answer.status_code for answer in answers} <= {200, 202}
    retries = {UUID(answer.json()["id"]) for answer in answers}
    assert len(retries) == 1
    yield
    assert stage.statuses(list(retries)) == {"success"}
    assert stage.count(RunRetried) == 1


def client_gone(stage: Stage) -> Iterator[None]:
    """Whoever asks hangs up before the answer: either there is a run, which asking again with the key gives, or nothing."""
    skills = stage.skills(LEAVERS)
    for skill in skills:
        _hang_up(stage, skill, key=f"{skill}-key")
    runs = at_once(lambda skill: stage.client.install(skill, key=f"{skill}-key"), skills)
    yield
    assert len(set(runs)) == LEAVERS
    assert stage.count(RunQueued) == LEAVERS
    assert stage.statuses(runs) == {"success"}


def _kill_api(stage: Stage, failpoint: Failpoint, send: Callable[[], object]) -> None:
    """While it carries out what is sent, which may be sent again; then it is started once more."""
    stage.cluster.restart("api", WAYBILL_FAILPOINT=f"{failpoint}:kill")
    stage.wait_for(stage.client.ready, "the API did not come up")
    for _ in range(SENDS_MAX):
        # Connections to the API before this one fail, and each takes a request with it.
        with suppress(httpx2.TransportError):
            send()
        if stage.cluster.parts["api"].was_killed:
            break
    stage.happened(stage.cluster.parts["api"].was_killed, "the API did not come to the failpoint")
    stage.cluster.restart("api")


def _hang_up(stage: Stage, skill: str, *, key: str) -> None:
    """The whole request or a part of it, and not a byte of the answer read."""
    request = stage.client.written(
        "/api/install-runs", {"skill": skill, "providers": list(KINDS), "policy": QUICK}, key=key
    )
    cut = len(request) if stage.random.random() < 0.7 else stage.random.randrange(1, len(request))
    address = urlsplit(stage.client.url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(request[:cut])
        stage.lapse(stage.random.uniform(0, 0.02))
