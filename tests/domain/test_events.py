import pytest

from domain.events import Role, stream_named
from domain.install_run.events import RunStarted
from domain.install_run.state import INSTALL_RUN
from domain.installation.state import INSTALLATION


@pytest.mark.parametrize(
    ("role", "included"),
    [
        (Role.VIEWER, {Role.VIEWER}),
        (Role.OPERATOR, {Role.VIEWER, Role.OPERATOR}),
        (Role.ADMIN, {Role.VIEWER, Role.OPERATOR, Role.ADMIN}),
    ],
)
def test_a_role_includes_the_ones_before_it(role: Role, included: set[Role]) -> None:
    assert {other for other in Role if role.includes(other)} == included


def test_a_name_has_one_stream_for_each_noun_for_ever() -> None:
    assert str(stream_named("skill", "release-notes")) == "9cbc1056-a037-5bcc-bf3a-474b01142c80"
    assert stream_named("skill", "openai") != stream_named("provider", "openai")


def test_a_fold_owns_the_events_of_its_noun_alone() -> None:
    assert INSTALL_RUN.owns(RunStarted())
    assert not INSTALLATION.owns(RunStarted())
