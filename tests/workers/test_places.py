"""Who may call now, by connection and by kind; decided in one step, so that nothing is counted twice."""

from uuid import uuid4

from domain.provider.events import ProviderKind
from queries.installer_connections import InstallerConnection
from workers.places import Places


def connection(name: str, *, places: int = 4, kind: ProviderKind = "openai") -> InstallerConnection:
    return InstallerConnection(provider_id=uuid4(), name=name, kind=kind, concurrency_max=places)


FIRST = connection("first")
SECOND = connection("second")
OTHER = connection("other", kind="claude")


def places_for(*connections: InstallerConnection, **kinds: int) -> Places:
    places = Places({"openai": kinds["openai"]} if kinds else {})
    places.serve(connections)
    return places


def test_a_connection_has_as_many_as_it_says() -> None:
    places = places_for(FIRST)
    assert [places.enter(FIRST) for _ in range(5)] == [True] * 4 + [False]
    assert places.free(FIRST) == 0
    places.leave(FIRST)
    assert places.free(FIRST) == 1


def test_one_too_many_at_a_connection_does_not_stand_in_the_way_of_its_kind() -> None:
    places = places_for(FIRST, SECOND, openai=8)
    for _ in range(5):
        places.enter(FIRST)
    assert not places.in_line(FIRST)
    assert places.free(SECOND) == 4


def test_connections_of_a_kind_share_its_places_and_those_of_others_do_not() -> None:
    places = places_for(FIRST, SECOND, OTHER, openai=3)
    assert places.enter(FIRST)
    assert (places.free(FIRST), places.free(SECOND), places.free(OTHER)) == (2, 2, 4)
    for _ in range(2):
        assert places.enter(SECOND)
    assert not places.enter(FIRST)
    assert places.enter(OTHER)


def test_the_next_place_is_kept_for_who_came_one_too_many() -> None:
    """Or a connection that is always busy would be faster every time."""
    places = places_for(FIRST, SECOND, openai=1)
    assert places.enter(FIRST)
    assert not places.enter(SECOND)
    places.leave(FIRST)
    assert (places.free(FIRST), places.free(SECOND)) == (0, 1)
    assert not places.enter(FIRST)
    assert places.enter(SECOND)
    places.leave(SECOND)
    assert places.enter(FIRST)


def test_who_stands_in_line_and_has_nothing_to_do_steps_back() -> None:
    places = places_for(FIRST, SECOND, openai=1)
    places.enter(FIRST)
    places.enter(SECOND)
    places.leave(FIRST)
    places.step_back(SECOND)
    assert places.enter(FIRST)


def test_a_connection_that_is_not_served_any_more_has_no_place_in_the_line() -> None:
    places = places_for(FIRST, SECOND, openai=1)
    places.enter(FIRST)
    places.enter(SECOND)
    places.serve((FIRST,))
    places.leave(FIRST)
    assert not places.enter(SECOND)
    assert places.enter(FIRST)
