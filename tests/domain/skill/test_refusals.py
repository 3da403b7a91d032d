from domain.errors import Code, Problem
from domain.skill.refusals import PROBLEMS_MAX, invalid


def problems(count: int) -> list[Problem]:
    return [Problem(pointer=f"/files/{number}/path", message=f"The path {number} is wrong.") for number in range(count)]


def test_the_detail_holds_the_first_problem_and_counts_the_others() -> None:
    assert invalid(problems(1)).detail.endswith("specification: The path 0 is wrong.")
    assert invalid(problems(3)).detail.endswith("specification: The path 0 is wrong. (and 2 more)")
    assert invalid(problems(3)).code == Code.UNPROCESSABLE_SKILL


def test_all_problems_are_listed_up_to_a_bound() -> None:
    assert len(invalid(problems(PROBLEMS_MAX)).problems) == PROBLEMS_MAX
    many = invalid(problems(PROBLEMS_MAX + 50)).problems
    assert len(many) == PROBLEMS_MAX
    assert many[-1] == Problem(pointer="/files", message="51 further problems are not listed.")
    in_an_archive = invalid([Problem(pointer="/archive", message="")] * (PROBLEMS_MAX + 1)).problems
    assert {problem.pointer for problem in in_an_archive} == {"/archive"}
