"""The command line: its table of contents."""

import rich_click as click

from workers.terminal.contents import Contents, Entry
from workers.terminal.screen import survive_any_encoding


@click.group(cls=Contents, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="waybill", message="%(prog)s %(version)s")
@click.rich_config({"theme": "default-slim"})
def waybill() -> None:
    """Register Agent Skills, install them at providers, and prove afterwards what happened.

    Exit codes: 0 ok, 1 unexpected, 2 wrong usage or request, 3 no access, 4 not found, 5 run or verification failed, 6 failed
    at some providers, 7 took too long, 8 server unreachable.
    """


waybill.add_chapter(
    "Begin",
    (
        Entry("demo", "workers.terminal.demo:demo", "See the whole story on sandbox providers, in a minute."),
        Entry("up", "workers.processes:up_command", "Run everything: Postgres, NATS, the API and the workers."),
    ),
)
waybill.add_chapter(
    "Use",
    (
        Entry("skills", "workers.terminal.skills:skills", "Register skills and look at them."),
        Entry("providers", "workers.terminal.providers:providers", "Connect providers and look after the connections."),
        Entry("install", "workers.terminal.install:install", "Install a skill at one or more providers."),
        Entry("runs", "workers.terminal.runs:runs", "Look at install runs and follow them."),
        Entry(
            "installations",
            "workers.terminal.installations:installations",
            "See what is live where, ask whether it still is, and remove it.",
        ),
        Entry("chat", "workers.terminal.chat:chat", "Say what you want, in English or Korean."),
        Entry(
            "chat-actions",
            "workers.terminal.chat_actions:chat_actions",
            "See what was said and what came of it, and erase the words.",
        ),
        Entry("history", "workers.terminal.history:history", "Show every event of a run."),
        Entry("replay", "workers.terminal.replay:replay", "See how a run was at any moment, and why it went so."),
        Entry("audit", "workers.terminal.audit:audit", "See who did what to what, and how it went."),
        Entry("incident", "workers.terminal.incident:incident", "Take a case of what happened with you, and open one."),
    ),
)
waybill.add_chapter(
    "Look after it",
    (
        Entry("doctor", "workers.terminal.doctor:doctor", "Look whether everything that Waybill rests on is well."),
        Entry(
            "alerts",
            "workers.terminal.alerts:alerts",
            "See and follow what needs a person; alone: the part that finds it.",
        ),
        Entry(
            "projections",
            "workers.terminal.projections:projections",
            "See whether the read models are right, and build them again.",
        ),
        Entry("keys", "workers.terminal.keys:keys", "Issue API keys, look at them and revoke them."),
        Entry(
            "credentials",
            "workers.terminal.credentials:credentials",
            "Change the key that stored credentials are encrypted with.",
        ),
    ),
)
waybill.add_chapter(
    "Build on it",
    (
        Entry("openapi", "workers.terminal.openapi:openapi", "Print the API's contract as OpenAPI 3.1."),
        Entry("asyncapi", "workers.terminal.asyncapi:asyncapi", "Print what Waybill says on NATS as AsyncAPI 3."),
        Entry(
            "fixtures", "workers.terminal.fixtures:fixtures", "Write a request and an answer for every case of the API."
        ),
    ),
)
waybill.add_chapter(
    "Run the parts apart",
    (
        Entry("api", "workers.processes:api_command", "Serve the HTTP API."),
        Entry("relay", "workers.processes:relay_command", "Publish the events on NATS and issue the work tickets."),
        Entry("installer", "workers.processes:installer_command", "Install at the providers."),
        Entry("projector", "workers.processes:projector_command", "Keep the read models up to date."),
        Entry("scheduler", "workers.processes:scheduler_command", "See to retries and timeouts when they are due."),
        Entry("watchdog", "workers.processes:watchdog_command", "Find what stands still and have it go on."),
        Entry("notary", "workers.processes:notary_command", "Sign what the store has, outside the database."),
        Entry("sandbox", "workers.processes:sandbox_command", "Serve sandbox providers."),
        Entry("migrate", "workers.processes:migrate_command", "Bring the database up to date."),
        Entry("recover", "workers.processes:recover_command", "Say that the database was set back to an older state."),
        Entry("nats-env", "workers.terminal.nats_env:nats_env", "Make the passwords for a NATS server of your own."),
    ),
)


def main() -> None:
    survive_any_encoding()
    waybill(prog_name="waybill")


if __name__ == "__main__":
    main()
