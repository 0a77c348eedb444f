"""What each system exports, byte for byte as it writes it, and the people in it.

The header lines are those of public reports and programs that read them; the people are made up.
"""

from pathlib import Path

import pytest

from classroom.people.roster_columns import NOBODY
from tests.classroom.people.lists import asked, lines, reading

CASES = Path(__file__).resolve().parents[2] / "cases"

MARA = {"email": "mara.quinn@uni.test", "first_name": "Mara", "last_name": "Quinn"}
JO = {"email": "jo.cruz@uni.test", "first_name": "Jo", "last_name": "de la Cruz"}


def people(content: str | bytes) -> list[dict[str, str]]:
    fields = ("username", "email", "first_name", "last_name", "number", "section", "role")
    return [
        {field: said for field in fields if (said := getattr(line, field))}
        for line in lines(content)
        if not line.problem
    ]


def numbered(person: dict[str, str], number: str, **more: str) -> dict[str, str]:
    return person | {"number": number} | more


SHAPES: dict[str, tuple[str | bytes, list[dict[str, str]]]] = {
    "Moodle grades, English": (
        (
            'First name,Last name,"ID number",Institution,Department,"Email address",'
            '"Assignment: HW 1 (Real)","Last downloaded from this course"\n'
            "Mara,Quinn,900417,,,mara.quinn@uni.test,10.00,1790000000\n"
        ),
        [numbered(MARA, "900417")],
    ),
    "Moodle participants, before version 4, with a mark": (
        '\ufeff"First name",Surname,"Email address",Groups,Roles\n'
        'Mara,Quinn,mara.quinn@uni.test,"Lab A",Student\n'.encode(),
        [MARA | {"section": "Lab A"}],
    ),
    "Moodle, German": (
        (
            'Vorname;Nachname;"Matrikelnummer / ID-Nummer";ID-Nummer;Abteilung;E-Mail-Adresse\n'
            "Mara;Quinn;x;900417;;mara.quinn@uni.test\n"
        ),
        [numbered(MARA, "900417")],
    ),
    "Moodle, French": (
        "Prénom;Nom de famille;Numéro d’identification;Institution;Adresse de courriel\n"
        "Mara;Quinn;900417;;mara.quinn@uni.test\n".encode("cp1252"),
        [numbered(MARA, "900417")],
    ),
    "Moodle, French, with Nom": (
        (
            'Prénom,Nom,"Numéro d\'identification","Adresse de courriel",Groupes\n'
            "Mara,Quinn,900417,mara.quinn@uni.test,A\n"
        ),
        [numbered(MARA, "900417", section="A")],
    ),
    "Moodle, Spanish": (
        (
            '\ufeffNombre,Apellido(s),"Número de ID",Institución,Departamento,'
            '"Dirección de correo",Grupos\n'
            'Mara,Quinn,900417,,,mara.quinn@uni.test,"G32 - Lunes-B 11:00-13:00"\n'
        ),
        [numbered(MARA, "900417", section="G32 - Lunes-B 11:00-13:00")],
    ),
    "Canvas gradebook, all that it may have": (
        (
            "Student,ID,SIS User ID,SIS Login ID,Root Account,Section,Week 1 (5512),Final Grade\n"
            ",,,,,,Manual Posting,\n"
            "    Points Possible,,,,,,10,(read only)\n"
            '"Quinn, Mara",4401,s900417,mquinn,x.edu,"Biology 3 A and Biology 3 B",7,A\n'
            '"Student, Test",4499,,1d8f0a7c,,Biology 3 A,,\n'
        ),
        [
            {
                "username": "mquinn",
                "first_name": "Mara",
                "last_name": "Quinn",
                "number": "s900417",
                "section": "Biology 3 A and Biology 3 B",
            }
        ],
    ),
    "Canvas gradebook, where numbers are not for all eyes": (
        "Student,ID,SIS Login ID,Section\nMara Quinn,4401,mara.quinn@uni.test,A\n",
        [MARA | {"section": "A"}],
    ),
    "Canvas people, as copied from the page": (
        (
            "Name\tLogin ID\tSIS ID\tSection\tRole\tLast Activity\tTotal Activity\n"
            "Mara Quinn\tmara.quinn@uni.test\t900417\tA\tStudent\tJan 3\t02:10:44\n"
            "Tess Teacher\ttess@uni.test\t100\tA\tTeacher\tJan 3\t09:10:44\n"
        ),
        [
            numbered(MARA, "900417", section="A"),
            {
                "email": "tess@uni.test",
                "first_name": "Tess",
                "last_name": "Teacher",
                "number": "100",
                "section": "A",
                "role": "Teacher",
            },
        ],
    ),
    "Canvas provisioning, its header twice": (
        (
            "canvas_user_id,user_id,login_id,first_name,last_name,full_name,email,status\n"
            "canvas_user_id,user_id,login_id,first_name,last_name,full_name,email,status\n"
            "5,9,mquinn,Mara,Quinn,Mara Quinn,mara.quinn@uni.test,active\n"
        ),
        [{"username": "mquinn"} | MARA],
    ),
    "Blackboard, a table of tabs in UTF-16 that is called .xls": (
        '"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"Last Access"\t"Availability"\t'
        '"Weighted Total [Total Pts: up to 10 Score] |12"\n'
        '"Quinn"\t"Mara"\t"mquinn"\t"000417"\t"2026-01-01 10:00:00"\t"Yes"\t""\n'.encode("utf-16"),
        [{"username": "mquinn", "first_name": "Mara", "last_name": "Quinn", "number": "000417"}],
    ),
    "Brightspace": (
        CASES.joinpath("roster-d2l.csv").read_bytes(),
        [
            numbered(MARA, "900417", username="mquinn"),
            numbered(JO, "900418", username="jcruz"),
        ],
    ),
    "Google Classroom": (
        (
            "Last Name,First Name,Email Address,Quiz 1,HW 2\n"
            "Date,,,2026-01-01,2026-01-08\nPoints,,,100,10\nClass Average,,,71,8\n"
            "Quinn,Mara,mara.quinn@uni.test,80,9\n"
        ),
        [MARA],
    ),
    "Google Classroom, with points above the names": (
        (
            ",,,Quiz 1,HW 2\nDate,,,2026-01-01,\nPoints,,,100,10\n"
            "Last Name,First Name,Email Address,,\nQuinn,Mara,mara.quinn@uni.test,80,9\n"
        ),
        [MARA],
    ),
    "Gradescope roster": (
        (
            "First Name,Last Name,SID,Email,Role,Sections\n"
            "Mara,Quinn,900417,mara.quinn@uni.test,Student,A\n"
            "Tom,Assistant,100,tom@uni.test,TA,\n"
        ),
        [
            numbered(MARA, "900417", section="A"),
            {
                "email": "tom@uni.test",
                "first_name": "Tom",
                "last_name": "Assistant",
                "number": "100",
                "role": "TA",
            },
        ],
    ),
    "Gradescope grades": (
        'Name,SID,Email,Total Score\n"Quinn, Mara",900417,mara.quinn@uni.test,8\n',
        [numbered(MARA, "900417")],
    ),
    "GitHub Classroom, where people are named by address": (
        (
            '"identifier","github_username","github_id","name"\n'
            '"mara.quinn@uni.test","ada","40261856","Mara Quinn"\n'
        ),
        [MARA],
    ),
    "TUMonline": (
        "REGISTRATION_NUMBER;FAMILY_NAME_OF_STUDENT;FIRST_NAME_OF_STUDENT;STUDY_PROGRAMME;"
        "EMAIL_ADDRESS;REMARK\n"
        "0900417;Quiñn;Mara;Übersetzen;mara.quinn@uni.test;\n".encode("latin-1"),
        [numbered(MARA, "0900417", last_name="Quiñn")],
    ),
    "TUMonline, German": (
        (
            "Familien- oder Nachname;Vorname;Matrikelnummer;E-Mail\n"
            "Quinn;Mara;0900417;mara.quinn@uni.test\n"
        ),
        [numbered(MARA, "0900417")],
    ),
    "HISinOne": (
        (
            "Matrikelnummer;Nachname;Vorname;Studiengang;E-Mail (Hochschule)\n"
            '="000417";Quinn;Mara;Bio;mara.quinn@uni.test\n'
        ),
        [numbered(MARA, "000417")],
    ),
    "HIS, with its marks around the table": (
        (
            "Biologie 3;;;\nstartHISsheet;;;endHISsheet\nmtknr;nachname;vorname;E-Mail\n"
            "900417;Quinn;Mara;mara.quinn@uni.test\nendHISsheet;;;\n"
        ),
        [numbered(MARA, "900417")],
    ),
    "Stud.IP": (
        (
            '"Status";"Anrede";"Titel";"Vorname";"Nachname";"Titel nachgestellt";"Benutzername";'
            '"Adresse";"Telefonnr.";"E-Mail";"Anmeldedatum";"Matrikelnummer";"Studiengänge"\n'
            '"autor";"";"";"Mara";"Quinn";"";"mquinn";"";"";"mara.quinn@uni.test";"";"900417";""\n'
        ),
        [numbered(MARA, "900417", username="mquinn")],
    ),
    "a registrar's, with empty lines below": (
        (
            "Semester,Course,Section,Lecture,Last Name,Preferred/First Name,MI,Andrew ID,Email\n"
            "F15,15112,W,Y,Quinn,Mara,A,mquinn,mara.quinn@uni.test\n" + ",,,,,,,,\n" * 30
        ),
        [MARA | {"section": "W"}],
    ),
    "one column, with what separates it from nothing": (
        "username;\nmquinn;\njcruz;\n",
        [{"username": "mquinn"}, {"username": "jcruz"}],
    ),
    "addresses as Apple Mail copies them": (
        "Mara Quinn <mara.quinn@uni.test>, Jo de la Cruz <jo.cruz@uni.test>",
        [MARA, JO | {"first_name": "Jo de la", "last_name": "Cruz"}],
    ),
    "addresses as Outlook quotes them, and an answer's line": (
        (
            "To: 'Quinn, Mara' <mara.quinn@uni.test>; \"de la Cruz, Jo\" <jo.cruz@uni.test>;\n"
            "'x@uni.test' <x@uni.test>; y@uni.test z@uni.test\n"
        ),
        [MARA, JO, *({"email": f"{name}@uni.test"} for name in "xyz")],
    ),
}


@pytest.mark.parametrize(("content", "expected"), SHAPES.values(), ids=SHAPES)
def test_everybody_is_who_they_are(content: str | bytes, expected: list[dict[str, str]]) -> None:
    assert people(content) == expected


@pytest.mark.parametrize("shape", SHAPES)
def test_nobody_is_lost_without_a_word(shape: str) -> None:
    """Each line is somebody, a problem, or left out by name; the header is the one that is not."""
    content = SHAPES[shape][0]
    text = content if isinstance(content, str) else None
    found = reading(content)
    if text is None:
        return
    told = {line.number_in_file for line in found.lines} | {at for at, _ in found.left_out}
    filled = [at for at, line in enumerate(text.split("\n"), 1) if line.strip(" ,;\ufeff")]
    assert len(set(filled) - told) <= 1
    assert all(words for _, words in found.left_out)


class TestCases:
    """Files that were read wrongly once."""

    def test_german_columns_are_no_user_names(self) -> None:
        assert people(CASES.joinpath("roster-german-export.csv").read_bytes()) == [
            {
                "email": "ada.baumann@uni.test",
                "first_name": "Ada",
                "last_name": "Baumann",
                "number": "900417",
            },
            {
                "email": "grace.okoro@uni.test",
                "first_name": "Grace",
                "last_name": "Okoro",
                "number": "900418",
            },
        ]

    def test_canvas_keeps_its_own_numbers_to_itself(self) -> None:
        found = reading(CASES.joinpath("roster-canvas-gradebook.csv").read_bytes())
        assert [(line.name, line.number, line.email) for line in found.lines] == [
            ("Mara Quinn", "s900417", "mara.quinn@uni.test"),
            ("Jo de la Cruz", "s900418", "jo.cruz@uni.test"),
        ]
        assert found.left_out == [(2, "Points Possible, 10")]

    def test_two_people_in_one_line(self) -> None:
        assert people(CASES.joinpath("roster-outlook.txt").read_bytes()) == [MARA, JO]


@pytest.mark.parametrize(
    ("text", "question"),
    [
        # Sakai's number of a student is the name they sign in with, or is not: only they know.
        ("Student ID,Student Name,Section\nmquinn,Quinn Mara,A\n", NOBODY),
        (
            '"identifier","github_username","github_id","name"\n"Mara Quinn (01)","ada","4",""',
            NOBODY,
        ),
        ("Vorname;Nachname;Matrikelnummer\nAda;Baumann;900417\n", NOBODY),
        ("First,Last,Mother_Email\nMara,Quinn,mother@home.test\n", "“Mother_Email”"),
    ],
    ids=["Sakai", "GitHub Classroom by names", "no address", "someone else's address"],
)
def test_where_nothing_says_who_it_is_it_is_asked(text: str, question: object) -> None:
    assert str(question) in asked(text)


def test_a_line_that_is_no_address_among_addresses_is_told() -> None:
    found = lines(
        "Biology 3\n\nMara Quinn <mara.quinn@uni.test>; Jo Cruz; x@uni.test\nada\nPat Quill\n"
    )
    assert [(line.text, bool(line.problem)) for line in found] == [
        ("Biology 3", True),
        ("Mara Quinn, mara.quinn@uni.test", False),
        ("x@uni.test", False),
        ("Jo Cruz", True),
        ("ada", False),
        ("Pat Quill", True),
    ]


def test_line_ends_that_hide_in_cells_are_not_part_of_them() -> None:
    assert people('E-Mail,Name\n"mara.quinn@uni.test\n","Mara Quinn\n"\n') == [MARA]


def test_many_groups_refuse_nobody() -> None:
    groups = ", ".join(f"Group {at}" for at in range(30))
    line = lines(f'E-Mail,Groups\nm@uni.test,"{groups}"\n')[0]
    assert not line.problem
    assert line.section == groups[:59] + "…"


@pytest.mark.parametrize("role", ["Student", "students", "Studierende", "Étudiant", "Estudiante"])
def test_students_are_known_by_their_role(role: str) -> None:
    assert lines(f"Email,Role\nm@uni.test,{role}\n")[0].role == ""


@pytest.mark.parametrize("role", ["TA", "Instructor", "Student, Teacher", "Observer", "Dozent"])
def test_who_is_no_student_keeps_the_word(role: str) -> None:
    assert lines(f'Email,Role\nm@uni.test,"{role}"\n')[0].role == role
