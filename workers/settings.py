"""The settings, and the only place that reads the environment."""

import base64
import os
import re
import sysconfig
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

from domain.install_run.policy import Policy
from domain.provider.credential import ENVIRONMENT_PREFIX
from domain.provider.events import ProviderKind
from workers.alert_settings import AlertSettings, read_alerts
from workers.chat_settings import ChosenModel, read_chat_model
from workers.environment_values import read_certificates, read_path, read_port
from workers.evidence_settings import EvidenceSettings, read_evidence
from workers.http_settings import HttpSettings, read_http_settings
from workers.nats_settings import NatsSettings, read_nats
from workers.policy_settings import read_concurrency, read_policy
from workers.private_files import write_private
from workers.slack_settings import SlackSettings, read_slack
from workers.telemetry_settings import TelemetrySettings, read_telemetry
from workers.webhook_settings import WebhookSettings, read_webhooks

HOST_DEFAULT: Final = "127.0.0.1"
PORT_DEFAULT: Final = 8470
URL_DEFAULT: Final = f"http://{HOST_DEFAULT}:{PORT_DEFAULT}"
SECRET_FILE: Final = "secret.key"  # noqa: S105 - the name of a file
SECRET_BYTES: Final = 32
SERVERS_FILE: Final = "servers.env"
CREDENTIALS_FOLDER: Final = "credentials"
LEASE_MARGIN_SECONDS_MAX: Final = 600
GIT_HOST: Final = re.compile(r"[a-z0-9.-]{1,253}(:[0-9]{1,5})?")
LOG_LEVELS: Final = ("debug", "info", "warning", "error")
LOG_FORMATS: Final = ("json", "console")


class SettingsError(Exception):
    """A setting is missing or cannot be used; the message says which, and what to do."""


class Settings(Struct, frozen=True, kw_only=True):
    """`credentials` are the environment variables that a credential reference may name; `git_hosts` are those that skills may
    be fetched from although their addresses are private, `git_ca_file` the authorities to trust instead of the system's.
    `policy` is that of runs that say nothing else; `concurrency` is how many installs one installer has under way at all
    connections of a kind, where it is limited.
    """

    data: Path
    host: str = HOST_DEFAULT
    port: int = PORT_DEFAULT
    postgres_url: str | None = None
    postgres_owner_url: str | None = None
    nats_url: str | None = None
    secret_key: str | None = None
    log_format: str | None = None
    log_level: str = "info"
    noop_providers: bool = False
    credentials: Mapping[str, str] = {}
    git_hosts: frozenset[str] = frozenset()
    git_ca_file: Path | None = None
    failpoint: str | None = None
    policy: Policy = Policy()
    concurrency: Mapping[ProviderKind, int] = {}
    lease_margin_seconds: int | None = None
    nats: NatsSettings = NatsSettings()
    http: HttpSettings = HttpSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    chat_model: ChosenModel | None = None
    slack: SlackSettings | None = None
    webhooks: WebhookSettings = WebhookSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    alerts: AlertSettings = AlertSettings()

    @property
    def credentials_folder(self) -> Path:
        return self.data / CREDENTIALS_FOLDER


class Connection(Struct, frozen=True, kw_only=True):
    """Which server a command speaks to, with which key, and which authorities it trusts instead of the system's."""

    url: str = URL_DEFAULT
    api_key: str | None = None
    ca_file: Path | None = None


def read_settings(
    environment: Mapping[str, str] = os.environ, *, data: Path | None = None, ask_running: bool = True
) -> Settings:
    """Raises SettingsError. `data` goes before WAYBILL_DATA; `ask_running`: a URL that is not set is looked for in the data
    folder of a running `waybill up`.
    """
    data = (data or Path(environment.get("WAYBILL_DATA") or default_data_folder(environment))).absolute()
    running = _running_servers(data) if ask_running else {}
    try:
        policy, concurrency = read_policy(environment), read_concurrency(environment)
        nats = read_nats(environment)
        http = read_http_settings(environment)
        telemetry = read_telemetry(environment)
        chat_model = read_chat_model(environment)
        slack = read_slack(environment)
        webhooks = read_webhooks(environment)
        evidence = read_evidence(environment)
        alerts = read_alerts(environment)
        port = read_port(environment, "WAYBILL_PORT")
        git_ca_file = read_certificates(environment, "WAYBILL_GIT_CA_FILE")
    except ValueError as error:
        raise SettingsError(str(error)) from None
    return Settings(
        data=data,
        host=environment.get("WAYBILL_HOST") or HOST_DEFAULT,
        port=PORT_DEFAULT if port is None else port,
        postgres_url=environment.get("WAYBILL_POSTGRES_URL") or running.get("WAYBILL_POSTGRES_URL"),
        postgres_owner_url=environment.get("WAYBILL_POSTGRES_OWNER_URL") or None,
        nats_url=environment.get("WAYBILL_NATS_URL") or running.get("WAYBILL_NATS_URL"),
        secret_key=environment.get("WAYBILL_SECRET_KEY") or None,
        log_format=_one_of(environment, "WAYBILL_LOG_FORMAT", LOG_FORMATS),
        log_level=_one_of(environment, "WAYBILL_LOG_LEVEL", LOG_LEVELS) or "info",
        noop_providers=environment.get("WAYBILL_NOOP_PROVIDERS") == "1",
        credentials={name: value for name, value in environment.items() if name.startswith(ENVIRONMENT_PREFIX)},
        git_hosts=_git_hosts(environment),
        git_ca_file=git_ca_file,
        failpoint=environment.get("WAYBILL_FAILPOINT") or None,
        policy=policy,
        concurrency=concurrency,
        lease_margin_seconds=_lease_margin_seconds(environment),
        nats=nats,
        http=http,
        telemetry=telemetry,
        chat_model=chat_model,
        slack=slack,
        webhooks=webhooks,
        evidence=evidence,
        alerts=alerts,
    )


def read_connection(environment: Mapping[str, str] = os.environ) -> Connection:
    api_key = (environment.get("WAYBILL_API_KEY") or "").strip()
    ca_file = read_path(environment, "WAYBILL_CA_FILE")
    return Connection(url=environment.get("WAYBILL_URL") or URL_DEFAULT, api_key=api_key or None, ca_file=ca_file)


def default_data_folder(environment: Mapping[str, str]) -> Path:
    """`waybill` in the user's data folder, as the XDG base directory specification has it."""
    return Path(environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "waybill"


def child_environment(settings: Settings, **more: str) -> dict[str, str]:
    """What a part needs to find the same servers and the same data folder."""
    named = {
        "WAYBILL_DATA": str(settings.data),
        "WAYBILL_HOST": settings.host,
        "WAYBILL_PORT": str(settings.port),
        "WAYBILL_POSTGRES_URL": settings.postgres_url or "",
        # No part is the owner of what it works with.
        "WAYBILL_POSTGRES_OWNER_URL": "",
        "WAYBILL_NATS_URL": settings.nats_url or "",
    }
    return {**os.environ, **named, **more}


def unsettled_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What a Waybill may see that must not meet this machine's own: the environment without any of our settings."""
    return {name: value for name, value in environment.items() if not name.startswith("WAYBILL_")}


def write_running_servers(settings: Settings) -> None:
    """Leave the servers' URLs where the other commands find them, for as long as they run."""
    path = settings.data / SERVERS_FILE
    lines = f"WAYBILL_POSTGRES_URL={settings.postgres_url}\nWAYBILL_NATS_URL={settings.nats_url}\n"
    write_private(path, lines)


def forget_running_servers(settings: Settings) -> None:
    (settings.data / SERVERS_FILE).unlink(missing_ok=True)


def secret_keys(settings: Settings) -> str:
    """The keys that seal credentials, newest first, comma-separated: WAYBILL_SECRET_KEY, else a file made on first use."""
    return settings.secret_key or _secret_file(secret_file(settings))


def secret_file(settings: Settings) -> Path:
    return settings.data / SECRET_FILE


def new_secret_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(SECRET_BYTES)).decode()


def write_secret_file(settings: Settings, keys: Sequence[str]) -> None:
    """The newest key first. Whatever happens meanwhile, the file holds either the former keys or these."""
    write_private(secret_file(settings), ",".join(keys))


def shared_folder() -> Path:
    """Where `nats.conf` and `examples/` are: the root of a checkout, or `share/waybill` of an installation."""
    checkout = Path(__file__).resolve().parents[1]
    if (checkout / "pyproject.toml").is_file():
        return checkout
    return Path(sysconfig.get_path("data")) / "share" / "waybill"


def _lease_margin_seconds(environment: Mapping[str, str]) -> int | None:
    text = environment.get("WAYBILL_LEASE_MARGIN_SECONDS") or None
    if text is not None and not (text.isdecimal() and 1 <= int(text) <= LEASE_MARGIN_SECONDS_MAX):
        raise SettingsError(f"WAYBILL_LEASE_MARGIN_SECONDS must be a number from 1 to {LEASE_MARGIN_SECONDS_MAX}.")
    return int(text) if text else None


def _git_hosts(environment: Mapping[str, str]) -> frozenset[str]:
    hosts = frozenset(
        host.strip() for host in environment.get("WAYBILL_GIT_HOSTS", "").lower().split(",") if host.strip()
    )
    for host in hosts:
        if not GIT_HOST.fullmatch(host):
            raise SettingsError("WAYBILL_GIT_HOSTS must be names or name:port, between commas.")
    return hosts


def _one_of(environment: Mapping[str, str], name: str, words: tuple[str, ...]) -> str | None:
    word = environment.get(name, "").lower()
    if word and word not in words:
        raise SettingsError(f"{name} must be one of: {', '.join(words)}.")
    return word or None


def _secret_file(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(FileExistsError):
            write_private(path, new_secret_key(), exclusive=True)
    return path.read_text()


def _running_servers(data: Path) -> dict[str, str]:
    try:
        lines = (data / SERVERS_FILE).read_text().splitlines()
    except FileNotFoundError:
        return {}
    return dict(line.split("=", 1) for line in lines if "=" in line)
