"""``resolve``: a person's findings, from a file that is checked as a whole before anything is written."""

from __future__ import annotations

import csv
import io
import json

import pytest


@pytest.fixture
def filled(journal, tmp_path):
    """The list of what is unknown as a file, its column ``paid`` filled in; ``change`` changes its text."""

    def write(*paid, change=lambda text: text):
        rows = list(csv.DictReader(journal("unknowns", "--output", "csv")[1].splitlines()))
        text = io.StringIO()
        writer = csv.DictWriter(text, rows[0].keys())
        writer.writeheader()
        writer.writerows(row | {"paid": word} for row, word in zip(rows, paid, strict=True))
        path = tmp_path / "unknowns.csv"
        path.write_bytes(change(text.getvalue()).encode("utf-8-sig"))
        return path

    return write


def unknown(journal):
    return [one["id"] for one in json.loads(journal("unknowns", "--output", "json")[1])]


def budget(journal):
    return json.loads(journal("show", "--output", "json")[1])[0]["budgets"][0]


def test_what_was_paid_is_spent_and_what_was_not_is_released(journal, fill, filled):
    ids = fill(unknown=4)
    code, out, _ = journal("resolve", "--file", filled("yes", "NO", "", "no"), typed="yes")
    assert code == 0
    assert (
        "To do: 1 paid, the answer lost (5,000 Rial spent); 2 not paid (10,000 Rial released); 1 stay unknown." in out
    )
    assert "Done: 1 paid, the answer lost (5,000 Rial spent); 2 not paid (10,000 Rial released)." in out
    assert unknown(journal) == [ids[2]]
    after = budget(journal)
    assert (after["spent_rial"], after["reserved_rial"], after["closes"]) == (15_000, 5_000, True)


@pytest.mark.parametrize("typed", [None, "no", "y"])
def test_without_a_persons_yes_nothing_is_changed(journal, fill, filled, typed):
    fill()
    code, _, err = journal("resolve", "--file", filled("yes", "no"), typed=typed)
    assert code == 1
    assert "Nothing was changed." in err
    assert len(unknown(journal)) == 2


def test_a_program_need_not_be_asked(journal, fill, filled):
    fill()
    assert journal("resolve", "--file", filled("yes", "no"), "--yes")[0] == 0
    assert unknown(journal) == []


def test_what_is_not_unknown_any_more_is_said_and_left(journal, fill, filled):
    ids = fill()
    path = filled("yes", "yes")
    journal("resolve", "--file", path, "--yes")
    code, out, _ = journal("resolve", "--file", path, "--yes")
    assert code == 0
    assert [line for line in out.splitlines() if "is not unknown any more" in line] == [
        f"Left as it is: {one} is not unknown any more." for one in ids
    ]
    assert budget(journal)["spent_rial"] == 20_000


def test_a_file_with_a_wrong_row_is_refused_whole_by_row_column_reason_and_remedy(journal, fill, filled):
    ids = fill(unknown=5)

    def spoil(text):
        return text.replace(ids[1], "seven").replace(f"{ids[2]},real", f"{ids[2]},unreal").replace(ids[4], ids[3])

    code, out, err = journal("resolve", "--file", filled("perhaps", "yes", "no", "no", "no", change=spoil), "--yes")
    assert (code, out) == (1, "")
    assert [line.partition(". ")[0] for line in err.splitlines()[1:]] == [
        "row 2, paid: not_yes_or_no",
        "row 3, id: format",
        "row 4, environment: not_known",
        "row 6, id: given_twice",
    ]
    assert len(unknown(journal)) == 5


def test_of_many_wrong_rows_the_first_twenty_are_shown_and_the_rest_counted(journal, fill, filled):
    fill(unknown=15)
    spoilt = filled(*["perhaps"] * 15, change=lambda text: text + text.partition("\n")[2])
    err = journal("resolve", "--file", spoilt, "--yes")[2]
    assert err.count("not_yes_or_no") == 20
    assert err.endswith("... and 10 more.\n")


def test_a_spreadsheet_may_write_semicolons(journal, fill, filled):
    fill()
    path = filled("yes", "no", change=lambda text: text.replace(",", ";"))
    assert journal("resolve", "--file", path, "--yes")[0] == 0
    assert unknown(journal) == []


def test_another_table_and_no_file_are_refused(journal, fill, tmp_path):
    fill()
    other = tmp_path / "other.csv"
    other.write_text("id,amount\n1,2\n")
    assert "has no column environment, paid" in journal("resolve", "--file", other, "--yes")[2]
    assert "cannot be read: No such file" in journal("resolve", "--file", tmp_path / "none.csv", "--yes")[2]
    other.write_bytes(b"\xff\xfe")
    assert "it is not UTF-8" in journal("resolve", "--file", other, "--yes")[2]
