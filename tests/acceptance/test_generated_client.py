"""A client that a generator makes from the OpenAPI document alone installs a skill, from its registration to the end of the run."""

import importlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final
from uuid import uuid4

import httpx2
import pytest

from domain.install_run.state import RunStatus
from tests.kit.waiting import wait_until
from workers.terminal.trial import Trial

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

PACKAGE: Final = "generated_waybill"
GENERATE_SECONDS: Final = 60
RUN_SECONDS: Final = 60.0
# The generator knows only JSON by name; what it makes is not formatted, since nobody reads it.
SETTINGS: Final = {
    "content_type_overrides": {
        "application/problem+json": "application/json",
        "application/zip": "application/octet-stream",
    },
    "post_hooks": [],
}
TEXT: Final = "---\nname: {name}\ndescription: Does a thing.\n---\n\n# A thing\n"


class Generated:
    """The generated package; its functions are in modules named after the operations."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Any:
        """A class among the models."""
        return getattr(_module("models"), name)

    def call(self, operation: str, *arguments: str, **more: Any) -> Any:
        """The answer as the client understands it; `operation` is `tag.name`."""
        return _module(f"api.{operation}").sync_detailed(*arguments, client=self.client, **more)


@pytest.fixture(scope="module")
def package(waybill: Trial, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Generated from what the running server says of itself."""
    folder = tmp_path_factory.mktemp("generated")
    document = httpx2.get(f"{waybill.url}/openapi.json", trust_env=False).raise_for_status()
    (folder / "openapi.json").write_bytes(document.content)
    (folder / "settings.json").write_text(json.dumps(SETTINGS))
    command = [sys.executable, "-P", "-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"]
    options = {"--path": "openapi.json", "--config": "settings.json", "--output-path": PACKAGE}
    ended = subprocess.run(
        [*command, *(word for option in options.items() for word in option)],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=GENERATE_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    sys.path.insert(0, str(folder))
    yield folder / PACKAGE
    sys.path.remove(str(folder))


@pytest.fixture
def generated(package: Path, waybill: Trial) -> Iterator[Generated]:
    make = _module("client").AuthenticatedClient
    with make(base_url=waybill.url, token=waybill.api_key, httpx_args={"trust_env": False}) as client:
        yield Generated(client)


def test_it_installs_a_skill_and_reads_what_became_of_it(generated: Generated) -> None:
    name = f"generated-{uuid4().hex[:8]}"
    file = generated.InlineFile(path="SKILL.md", content=TEXT.format(name=name))
    registered = generated.call("skills.register_skill", body=generated.NewSkill(files=[file]))
    assert (registered.status_code, registered.parsed.name, registered.parsed.registered.version) == (201, name, 1)
    asked = generated.NewInstallRun(skill=name, providers=["openai"], policy=generated.PolicyChoice(attempts_max=2))
    queued = generated.call("install_runs.queue_install_run", body=asked, idempotency_key=str(uuid4()))
    assert (queued.status_code, queued.parsed.reused, queued.parsed.policy.attempts_max) == (202, False, 2)
    run_id = queued.parsed.id

    def ended() -> bool:
        shown = generated.call("install_runs.get_install_run", run_id)
        return RunStatus(shown.parsed.status).ended

    wait_until(ended, RUN_SECONDS)
    run = generated.call("install_runs.get_install_run", run_id).parsed
    assert (run.status, run.targets[0].status, run.skill.name) == ("success", "success", name)
    history = generated.call("install_runs.get_run_history", run_id).parsed
    assert history.items[0].event == "RunQueued"
    assert "RunSucceeded" in {event.event for event in history.items}
    live = generated.call("installations.list_installations", skill=name).parsed.items
    assert [(one.provider.name, one.run_id, one.remote.id) for one in live] == [
        ("openai", run_id, run.targets[0].receipt.remote_id)
    ]


def test_it_reads_what_would_become_of_a_run_and_downloads_what_it_registered(generated: Generated) -> None:
    name = f"generated-{uuid4().hex[:8]}"
    file = generated.InlineFile(path="SKILL.md", content=TEXT.format(name=name))
    generated.call("skills.register_skill", body=generated.NewSkill(files=[file]))
    asked = generated.NewInstallRun(skill=name, providers=["openai", "claude"], dry_run=True)
    preview = generated.call("install_runs.queue_install_run", body=asked).parsed
    assert isinstance(preview, generated.InstallRunPreview)
    assert [(target.provider.name, target.accepted) for target in preview.targets] == [
        ("openai", True),
        ("claude", True),
    ]
    bundle = generated.call("skills.download_skill_version", name, "latest")
    assert bundle.parsed.payload.read()[:2] == b"PK"


def test_it_sends_a_zip_as_a_form(generated: Generated) -> None:
    name = f"generated-{uuid4().hex[:8]}"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(f"{name}/SKILL.md", TEXT.format(name=name))
    content.seek(0)
    upload = generated.RegisterSkillFilesUpload(archive=_module("types").File(payload=content, file_name="skill.zip"))
    registered = generated.call("skills.register_skill", body=upload)
    assert (registered.status_code, registered.parsed.name) == (201, name)
    assert registered.parsed.registered.origin.source == "archive"


def test_it_reads_an_error_as_a_problem(generated: Generated) -> None:
    refused = generated.call("install_runs.get_install_run", str(uuid4()))
    assert isinstance(refused.parsed, generated.ProblemDocument)
    assert (refused.status_code, refused.parsed.code, refused.parsed.retryable) == (
        404,
        "not_found:install_runs",
        False,
    )
    assert refused.headers["X-Request-ID"] == refused.parsed.request_id
    invalid = generated.NewInstallRun(skill="", providers=["openai"])
    problem = generated.call("install_runs.queue_install_run", body=invalid).parsed
    assert (problem.code, [one.pointer for one in problem.errors]) == ("bad_request:api", ["/skill"])


def test_it_has_a_function_for_every_operation(package: Path, waybill: Trial) -> None:
    document = httpx2.get(f"{waybill.url}/openapi.json", trust_env=False).json()
    named = {
        operation["operationId"].lower() for methods in document["paths"].values() for operation in methods.values()
    }
    functions = {path.stem.replace("_", "") for path in (package / "api").glob("*/*.py") if path.stem != "__init__"}
    assert functions == named


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{PACKAGE}.{name}")
