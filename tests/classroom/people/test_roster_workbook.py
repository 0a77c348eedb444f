"""Workbooks: cells as people see them, the sheet that is a list, and no more than there is room."""

from pathlib import Path

import pytest

from classroom.people.roster_file import choose
from classroom.people.roster_table import Unreadable, tables_of
from tests.classroom.people import workbooks
from tests.classroom.people.lists import lines

CASES = Path(__file__).resolve().parents[2] / "cases"
HEADER: list[workbooks.Cell] = ["Matrikelnummer", "Nachname", "Vorname", "E-Mail-Adresse", "Punkte"]
ROWS: list[list[workbooks.Cell]] = [
    ["Biologie 3", "", "", "", ""],
    HEADER,
    ["000417", "Quinn", "Mara", "mara.quinn@uni.test", 7.5],
    [900418, "de la Cruz", "Jo", "jo.cruz@uni.test", 8.0],
]
PEOPLE = [
    (3, "000417", "Mara Quinn", "mara.quinn@uni.test"),
    (4, "900418", "Jo de la Cruz", "jo.cruz@uni.test"),
]


@pytest.mark.parametrize(
    "content", [workbooks.xlsx(Liste=ROWS), workbooks.ods("Liste", ROWS)], ids=["XLSX", "ODS"]
)
def test_cells_are_what_people_see(content: bytes) -> None:
    found = [(line.number_in_file, line.number, line.name, line.email) for line in lines(content)]
    assert found == PEOPLE


def test_an_old_workbook() -> None:
    content = CASES.joinpath("roster-old-workbook.xls").read_bytes()
    assert [(line.number, line.name) for line in lines(content)] == [
        ("000417", "Mara Quiñn"),
        ("900418", "Jo de la Cruz"),
    ]


def test_the_first_sheet_that_is_a_list_of_people() -> None:
    content = workbooks.xlsx(
        hidden=["Old"],
        Notes=[["Please read"], ["first"]],
        Old=[["E-mail"], ["gone@uni.test"]],
        Students=ROWS,
        Others=ROWS,
    )
    table = choose(tables_of(content))
    assert table.sheet == "Students"
    assert [line.name for line in lines(content)] == ["Mara Quinn", "Jo de la Cruz"]
    assert choose(tables_of(workbooks.xlsx(Liste=ROWS))).sheet == ""


def test_an_empty_one_and_one_that_is_too_long() -> None:
    with pytest.raises(Unreadable, match="is empty"):
        tables_of(workbooks.xlsx(Empty=[]))
    many = [["E-mail"], *([f"p{at}@uni.test"] for at in range(2100))]
    with pytest.raises(Unreadable, match="2,000 lines"):
        tables_of(workbooks.xlsx(Many=many))


FAR = "<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>"
BOMB = "<!--" + " " * (80 * 1024 * 1024) + "-->"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (workbooks.zipped({"notes.txt": "ada"}), "ZIP file, not a workbook"),
        (workbooks.zipped({"xl/workbook.xml": "<no"}), "damaged, locked"),
        (workbooks.xlsx(Liste=ROWS)[:-40], "damaged"),
        (
            workbooks.xlsx_of(
                {
                    "xl/worksheets/sheet1.xml": workbooks.sheet_xml(ROWS).replace(
                        "</sheetData>", FAR + "</sheetData>"
                    )
                },
                ["Far"],
            ),
            "too large",
        ),
        (workbooks.xlsx_of({"xl/worksheets/sheet1.xml": BOMB}, ["Bomb"]), "too large"),
    ],
    ids=["zip", "broken", "cut off", "a cell a million rows away", "80 MB in 80 KB"],
)
def test_what_cannot_be_read_takes_nothing_with_it(content: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        tables_of(content)
