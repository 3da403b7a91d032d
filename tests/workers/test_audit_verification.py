"""Everything that a superuser may do to the events, done to a real store, and found by the real command."""

import asyncio
import itertools
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from psycopg.conninfo import conninfo_to_dict

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.postgres_binaries import own_binaries
from adapters.evidence.signing import signer_of
from domain.evidence.note import sign_note
from tests.conftest import TEMPLATE, as_application, as_owner
from tests.workers.sealed_stores import (
    STRANGER,
    SealedStore,
    create,
    drop,
    event_id_at,
    fill,
    keep,
    publish,
    put_back,
    replace_checkpoint,
    rewrite_tiles,
    seal,
)
from tests.workers.tamperings import END, HERE, TAMPERINGS, Place
from workers.recovering import recover
from workers.terminal import audit_prove

SEALED: Final = (7, 14, 21)
_NUMBERS: Final = itertools.count(1)


async def make(store: SealedStore) -> None:
    await fill(store, (7, 7, 6))
    await publish(store)
    await seal(store)
    await fill(store, (2,))


@pytest.fixture(scope="module")
def untouched(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SealedStore]:
    """The same for all; `store` is put back after each of them."""
    url = create(postgres, f"sealed_{next(_NUMBERS)}", template=TEMPLATE)
    made = SealedStore(url=as_application(url), data=tmp_path_factory.mktemp("sealed") / "data")
    asyncio.run(make(made))
    keep(made)
    yield made
    drop(made)


@pytest.fixture
def store(untouched: SealedStore, tmp_path: Path) -> Iterator[SealedStore]:
    data = shutil.copytree(untouched.data, tmp_path / "data")
    yield SealedStore(url=untouched.url, data=data)
    put_back(untouched)


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_it_is_found_and_named(store: SealedStore, tampering: str) -> None:
    statements, expected = TAMPERINGS[tampering]
    store.tamper(*statements)
    assert store.found()[0] == expected


def test_an_untouched_store_is_proved(untouched: SealedStore) -> None:
    verdict = untouched.verdict()
    assert (verdict["findings"], verdict["events"], verdict["proved"]) == ([], END, SEALED[-1])
    assert (verdict["checkpoints"], verdict["comparedWith"], verdict["restores"]) == (len(SEALED) + 1, "folder", [])
    said = untouched.waybill("audit", "verify")
    assert said.exit_code == 0
    assert "21 events, as 4 checkpoints say" in said.stdout
    assert "2 newer events not signed yet" in said.stdout


def test_a_person_is_told_the_first_event_and_what_was_done_to_it(store: SealedStore) -> None:
    event_id = event_id_at(store, HERE)
    statements, _ = TAMPERINGS["changed_state"]
    store.tamper(*statements, "UPDATE events SET topic = 'a.b' WHERE notification_id = 12")
    said = store.waybill("audit", "verify")
    assert said.exit_code == 5
    assert f"✘ Event {HERE} was changed." in said.stdout
    assert str(event_id) in said.stdout
    assert "7 events" in said.stdout


COVERED: Final = ("changed_state", "deleted_and_closed_up", "inserted", "swapped")


@pytest.mark.parametrize("tampering", COVERED)
def test_tiles_that_were_rewritten_to_fit_hide_nothing(store: SealedStore, tampering: str) -> None:
    statements, expected = TAMPERINGS[tampering]
    store.tamper(*statements)
    asyncio.run(rewrite_tiles(store))
    replace_checkpoint(store)
    found = store.found()
    assert found[0] == expected
    assert ("unsigned", None, None) in found


def test_a_checkpoint_of_another_key_is_told(store: SealedStore) -> None:
    replace_checkpoint(store)
    (finding,) = store.verdict()["findings"]
    assert (finding["kind"], finding["position"]) == ("unsigned", None)
    assert "The checkpoint in the database over 21 events proves nothing" in finding["detail"]


def changed(store: SealedStore) -> None:
    store.tamper(*TAMPERINGS["changed_state"][0])


def everything_rewritten(store: SealedStore) -> None:
    changed(store)
    asyncio.run(rewrite_tiles(store))


def evidence_gone(store: SealedStore) -> None:
    store.tamper("DELETE FROM checkpoint", "DELETE FROM evidence_tiles")


def file_cut_off(store: SealedStore) -> None:
    (store.evidence / "checkpoints").write_text("this is no note\n\n— x x\n\n")


WITHOUT_A_FOLDER: Final[dict[str, tuple[Callable[[SealedStore], None], Place]]] = {
    "the_tiles_tell": (changed, ("changed", HERE, None)),
    "only_the_checkpoint_is_left": (everything_rewritten, ("diverged", 1, SEALED[-1])),
    "nothing_is_left": (evidence_gone, ("unsigned", None, None)),
}


@pytest.mark.parametrize("done", WITHOUT_A_FOLDER)
def test_without_the_evidence_folder(store: SealedStore, done: str) -> None:
    tamper, expected = WITHOUT_A_FOLDER[done]
    tamper(store)
    shutil.rmtree(store.evidence)
    assert store.found() == [expected]


def test_a_kept_checkpoint_is_enough_where_everything_else_was_taken(store: SealedStore, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    ((note,),) = store.ask("SELECT note FROM checkpoint")
    kept.write_text(note)
    evidence_gone(store)
    shutil.rmtree(store.evidence)
    assert store.found("--against", str(kept)) == []
    changed(store)
    assert store.found("--against", str(kept)) == [("diverged", 1, SEALED[-1])]


def test_a_file_of_checkpoints_that_holds_something_else_is_told(store: SealedStore) -> None:
    file_cut_off(store)
    verdict = store.verdict()
    assert [finding["kind"] for finding in verdict["findings"]] == ["unsigned"]
    assert verdict["proved"] == SEALED[-1], "the checkpoint in the database is as good as ever"


@pytest.fixture
def yesterday(store: SealedStore, postgres: EmbeddedPostgres) -> Iterator[SealedStore]:
    """The database as it was before the last two checkpoints, elsewhere; the evidence folder is that of today."""
    set_back(store)
    url = create(postgres, f"yesterday_{next(_NUMBERS)}", template=str(conninfo_to_dict(store.url)["dbname"]))
    restored = SealedStore(url=as_application(url), data=store.data)
    yield restored
    drop(restored)


@pytest.fixture
def dumped_yesterday(store: SealedStore, postgres: EmbeddedPostgres, tmp_path: Path) -> Iterator[SealedStore]:
    set_back(store)
    dump = str(tmp_path / "waybill.dump")
    url = create(postgres, f"dumped_{next(_NUMBERS)}")
    to, into = f"--dbname={as_owner(store.url)}", f"--dbname={url}"
    subprocess.run([own_binaries() / "pg_dump", "--format=custom", f"--file={dump}", to], check=True)
    subprocess.run([own_binaries() / "pg_restore", "--exit-on-error", into, dump], check=True)
    restored = SealedStore(url=as_application(url), data=store.data)
    yield restored
    drop(restored)


def set_back(store: SealedStore) -> None:
    store.tamper(
        "DELETE FROM events WHERE notification_id > 9",
        "UPDATE head SET position = 9",
        "ALTER TABLE events ENABLE ALWAYS TRIGGER events_never_change",
    )


def test_a_store_of_yesterday_is_found_by_what_was_signed_since(yesterday: SealedStore, tmp_path: Path) -> None:
    see_that_it_is_found(yesterday, tmp_path / "kept")


@pytest.mark.long
def test_a_restored_dump_of_yesterday_is_found_too(dumped_yesterday: SealedStore, tmp_path: Path) -> None:
    see_that_it_is_found(dumped_yesterday, tmp_path / "kept")


def see_that_it_is_found(yesterday: SealedStore, kept: Path) -> None:
    kept.write_bytes((yesterday.evidence / "checkpoints").read_bytes())
    assert yesterday.found() == [("rolled_back", 10, 21)]
    assert yesterday.found("--against", str(kept)) == [("rolled_back", 10, 21)]

    asyncio.run(recover(yesterday.settings))
    verdict = yesterday.verdict()
    assert verdict["sound"], "the store says itself that it was set back"
    assert [(restore["position"], restore["forgottenUntil"]) for restore in verdict["restores"]] == [(10, 21)]
    assert (verdict["proved"], verdict["comparedWith"]) == (7, "folder")
    assert "as event 10 of" in yesterday.waybill("audit", "verify").stdout
    assert yesterday.found("--against", str(kept)) == [("rolled_back", 10, 14), ("rolled_back", 10, 21)]

    asyncio.run(fill(yesterday, (3,)))
    asyncio.run(seal(yesterday))
    again = yesterday.verdict()
    assert (again["sound"], again["proved"], again["comparedWith"]) == (True, 13, "folder")
    yesterday.tamper("UPDATE events SET topic = 'install_run.run_cancelled' WHERE notification_id = 3")
    assert yesterday.found()[0] == ("changed", 3, None)


def test_without_a_key_a_person_is_told_where_it_is(untouched: SealedStore, tmp_path: Path) -> None:
    said = untouched.waybill("audit", "verify", "--data", str(tmp_path))
    assert said.exit_code == 2
    assert "There is no public key of a notary here." in said.stderr


@pytest.mark.long
def test_a_database_that_does_not_answer_is_told(untouched: SealedStore) -> None:
    away = SealedStore(url="postgresql://nobody@127.0.0.1:1/none", data=untouched.data)
    said = away.waybill("audit", "verify", "--json")
    assert said.exit_code == 8
    assert "Postgres does not answer" in said.stdout


def test_what_was_kept_must_be_a_checkpoint_of_this_notary(untouched: SealedStore, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    for content, told in (
        ("nothing of the kind", "cannot be verified against"),
        ("", "there is no signed checkpoint in it"),
        (str(sign_note("a text\n", STRANGER, signer_of(STRANGER.seed))), "it is not signed by waybill-"),
    ):
        kept.write_text(content)
        said = untouched.waybill("audit", "verify", "--against", str(kept))
        assert (said.exit_code, told in said.stderr) == (2, True), said.stderr
    assert untouched.waybill("audit", "verify", "--against", str(tmp_path / "none")).exit_code == 2


def test_an_event_is_proved_straight_from_the_database_and_checked_without_it(
    untouched: SealedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_prove, "BETWEEN_SECONDS", 0.0)
    file = tmp_path / "event.tlog-proof"
    proved = untouched.waybill("audit", "prove", str(HERE), "--direct", "-o", str(file))
    assert (proved.exit_code, untouched.waybill("audit", "check", str(file)).exit_code) == (0, 0), proved.stderr
    late = untouched.waybill("audit", "prove", str(END), "--direct", "-o", str(tmp_path / "late"))
    assert (late.exit_code, "conflict:evidence" in late.stderr) == (2, True)
