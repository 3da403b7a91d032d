from rich.cells import cell_len
from rich.console import Console

from tests.workers.terminal.answered import in_a_pipe, on_a_terminal
from workers.terminal.grid import Grid, facts

RUN = "019ab000-0000-7000-8000-000000000001"
WORDS = "several words that are longer than the place beside all the others, and then a few more"


def test_in_a_pipe_every_row_is_one_whole_line() -> None:
    grid = Grid(("RUN", "WHAT"), [(RUN, WORDS), ("x", "")])
    assert in_a_pipe(grid) == f"RUN{' ' * 35}WHAT\n{RUN}  {WORDS}\nx\n"


def test_in_a_pipe_there_is_nothing_but_text() -> None:
    assert all(character.isprintable() or character == "\n" for character in in_a_pipe(Grid(("A", "B"), [("1", "2")])))


def test_the_last_column_is_folded_beside_the_others() -> None:
    lines = on_a_terminal(Grid(("RUN", "WHAT"), [(RUN, WORDS)])).splitlines()
    assert len(lines) > 2
    assert all(len(line) <= 80 for line in lines)
    assert " ".join(line[38:] for line in lines[1:]) == WORDS


def test_a_word_without_a_place_beside_goes_below_in_one_piece() -> None:
    word = "w" * 50
    lines = on_a_terminal(Grid(("RUN", "WHAT"), [(RUN, word)])).splitlines()
    assert lines == ["RUN", "    WHAT", RUN, f"    {word}"]


def test_the_tail_goes_below_together_and_leaves_out_what_is_empty() -> None:
    rows = [("1", RUN, "denied", "", RUN), ("2", RUN, "", "", "")]
    lines = on_a_terminal(Grid(("NO", "RUN", "RESULT", "CODE", "TARGET"), rows, tail=3)).splitlines()
    assert lines == ["NO  RUN", "    RESULT  CODE  TARGET", f"1   {RUN}", f"    denied  {RUN}", f"2   {RUN}"]


def test_what_may_be_cut_ends_with_an_ellipsis() -> None:
    lines = on_a_terminal(Grid(("NAME", "DESCRIPTION"), [("a", WORDS)], last_lines_max=1), width=40).splitlines()
    assert lines[1:] == ["a     several words that are longer …"]


def test_wide_characters_take_two_cells() -> None:
    lines = in_a_pipe(Grid(("NAME", "WHAT"), [("장애", "x"), ("abcd", "y")])).splitlines()
    assert [cell_len(line[: line.index(mark)]) for line, mark in zip(lines, ("WHAT", "x", "y"), strict=True)] == [
        6,
        6,
        6,
    ]
    folded = on_a_terminal(Grid(("NAME", "WHAT"), [("장애", "보고서 " * 30)])).splitlines()
    assert all(cell_len(line) <= 80 for line in folded)


def test_a_grid_without_rows_is_its_headers() -> None:
    assert in_a_pipe(Grid(("A", "B"), [])) == "A  B\n"


def test_facts_are_folded_beside_their_labels_also_within_a_word() -> None:
    lines = on_a_terminal(facts([("id", RUN), ("sha256", "f" * 90)])).splitlines()
    assert lines == [f"id      {RUN}", f"sha256  {'f' * 72}", f"        {'f' * 18}"]


def test_a_line_too_wide_for_the_terminal_is_left_whole() -> None:
    assert on_a_terminal(Grid(("A", "B"), [("a" * 50, "b")]), width=30).splitlines()[2] == "a" * 50


def test_colours_are_for_terminals_that_want_them() -> None:
    assert "\x1b[1m" in _headers(color_system="standard", no_color=False)
    assert "\x1b[3" not in _headers(color_system="standard", no_color=True)


def _headers(**options: object) -> str:
    console = Console(force_terminal=True, width=80, _environ={}, **options)  # type: ignore[arg-type]
    with console.capture() as capture:
        console.print(Grid(("A", "B"), []))
    return capture.get()
