"""English verbs: which action each of them means, in every form."""

from typing import Final, Literal

from domain.chat.intent import Action

# `base` is that of a command, `third` may be the plural of a noun as well ("installs").
Form = Literal["base", "third", "ing", "past"]

_VERBS: Final[dict[Action, str]] = {
    Action.INSTALL: (
        "install, reinstall, deploy, redeploy, add, ship, push, publish, provision, upload, rollout, setup, enroll, update, upgrade,"
        " downgrade, bump"
    ),
    Action.UNINSTALL: (
        "uninstall, deinstall, remove, delete, purge, wipe, undeploy, unload, erase, detach, drop, get rid of, nuke, rm, trash,"
        " ditch, scrap, unpublish"
    ),
    Action.CANCEL: "cancel, stop, abort, halt, kill, terminate, interrupt",
    Action.RETRY: "retry, rerun, redo, repeat, restart, relaunch, reattempt, retrigger",
    Action.ROLLBACK: "rollback, revert, undo, go back, reverse, unwind",
    Action.VERIFY: "verify, reverify, validate, ping, probe, test, authenticate",
    Action.SHOW: (
        "show, list, display, print, describe, explain, inspect, view, see, find, tell, give, enumerate, fetch, summarize, summarise,"
        " check, look up, look at, look for, look into"
    ),
}
# Written with a hyphen, a word is a name; but for these where a command begins.
HYPHENATED: Final = {
    "re-run": "rerun",
    "re-try": "retry",
    "roll-back": "rollback",
    "un-install": "uninstall",
    "re-install": "reinstall",
    "re-deploy": "redeploy",
    "roll-out": "rollout",
    "set-up": "setup",
    "re-verify": "reverify",
    "de-install": "deinstall",
}
# What is begun, run or done: "start the installation of pdf".
NOUNS: Final = {
    "installation": "install",
    "deployment": "deploy",
    "removal": "remove",
    "uninstallation": "uninstall",
    "deletion": "delete",
    "verification": "verify",
    "check": "verify",
}
# Verbs that say what they mean only with a word that may stand behind their object: "roll it back", "take it off claude". A
# preposition stays one, "again" and the like are used up.
SPLIT: Final[dict[str, dict[str, Action]]] = {
    "roll": {"back": Action.ROLLBACK, "out": Action.INSTALL},
    "take": {
        "back": Action.ROLLBACK,
        **dict.fromkeys(("off", "out", "out of", "down", "away", "from", "off of"), Action.UNINSTALL),
    },
    "put": dict.fromkeys(("on", "onto", "to", "in", "into", "at", "up", "everywhere"), Action.INSTALL),
    "get": {
        **dict.fromkeys(("off", "out", "out of", "away", "off of"), Action.UNINSTALL),
        **dict.fromkeys(("onto", "on", "to", "into"), Action.INSTALL),
    },
    "bring": dict.fromkeys(("onto", "on", "to", "into"), Action.INSTALL),
    "send": dict.fromkeys(("onto", "to", "out"), Action.INSTALL),
    "pull": dict.fromkeys(("from", "off", "out", "out of", "down", "off of"), Action.UNINSTALL),
    "throw": dict.fromkeys(("out", "off", "away", "out of"), Action.UNINSTALL),
    "kick": dict.fromkeys(("out", "off", "out of", "off of"), Action.UNINSTALL),
    "rip": dict.fromkeys(("out", "off", "out of"), Action.UNINSTALL),
    "clear": dict.fromkeys(("from", "off", "out", "out of"), Action.UNINSTALL),
    "clean": dict.fromkeys(("from", "off", "up"), Action.UNINSTALL),
    "tear": {"down": Action.UNINSTALL},
    "set": {"up": Action.INSTALL},
    "spin": {"up": Action.INSTALL},
    "call": {"off": Action.CANCEL},
    "back": {"out": Action.ROLLBACK},
    "try": dict.fromkeys(("again", "once more", "one more time"), Action.RETRY),
    "run": dict.fromkeys(("again", "once more", "one more time"), Action.RETRY),
    "do": dict.fromkeys(("again", "over", "once more", "one more time"), Action.RETRY),
    "give": dict.fromkeys(("another try", "another go", "another shot", "another attempt"), Action.RETRY),
    "have": dict.fromkeys(("another try", "another go"), Action.RETRY),
    "start": dict.fromkeys(("again", "over"), Action.RETRY),
}
USED_UP: Final = frozenset(
    {
        *("back", "out", "down", "away", "up", "again", "over", "once more", "one more time"),
        *("another try", "another go", "another shot", "another attempt"),
    }
)
_PAST: Final = {
    "put": ("put",),
    "set": ("set",),
    "take": ("took", "taken"),
    "get": ("got", "gotten"),
    "bring": ("brought",),
    "send": ("sent",),
    "throw": ("threw", "thrown"),
    "rip": ("ripped",),
    "tear": ("tore", "torn"),
    "spin": ("spun",),
    "run": ("ran",),
    "rerun": ("reran", "rerun"),
    "do": ("did", "done"),
    "undo": ("undid", "undone"),
    "redo": ("redid", "redone"),
    "give": ("gave", "given"),
    "go": ("went", "gone"),
    "see": ("saw", "seen"),
    "find": ("found",),
    "tell": ("told",),
    "show": ("showed", "shown"),
    "have": ("had",),
    "setup": ("setup",),
    "unwind": ("unwound",),
    "cancel": ("cancelled", "canceled"),
}
_DOUBLED: Final = frozenset(
    {"ship", "stop", "put", "get", "set", "run", "rerun", "drop", "strip", "rip", "spin", "cancel", "scrap"}
)


def forms(base: str) -> dict[str, Form]:
    """Every form of a verb or of one with words behind it: `rolls back`, `rolling back`, `rolled back`."""
    head, space, rest = base.partition(" ")
    past = _PAST.get(head, (_with(head, "ed"),))
    inflected: dict[str, Form] = dict.fromkeys(past, "past")
    inflected.update(dict.fromkeys(_ing(head), "ing"))
    inflected[_third(head)] = "third"
    inflected[head] = "base"
    return {f"{word}{space}{rest}": form for word, form in inflected.items()}


def _ing(head: str) -> tuple[str, ...]:
    return (_with(head, "ing"), "canceling") if head == "cancel" else (_with(head, "ing"),)


def _third(head: str) -> str:
    if head.endswith("y") and head[-2] not in "aeo":
        return head[:-1] + "ies"
    return head + ("es" if head.endswith(("sh", "ch", "s", "x", "o")) else "s")


def _with(head: str, ending: str) -> str:
    if head in _DOUBLED:
        return head + head[-1] + ending
    if head.endswith("e") and not head.endswith("ee"):
        return head[:-1] + ending
    if head.endswith("y") and head[-2] not in "aeo" and ending == "ed":
        return head[:-1] + "ied"
    return head + ending


def _all_verbs() -> dict[str, tuple[Action, Form]]:
    found: dict[str, tuple[Action, Form]] = {}
    for action, bases in _VERBS.items():
        for base in bases.split(", "):
            for word, form in forms(base).items():
                found.setdefault(word, (action, form))
    found["health check"] = (Action.VERIFY, "base")
    return found


VERBS: Final = _all_verbs()
HEADS: Final[dict[str, tuple[str, Form]]] = {word: (head, form) for head in SPLIT for word, form in forms(head).items()}
