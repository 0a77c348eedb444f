"""What schools call the columns of their lists, in English, German, French and Spanish.

The words are of Moodle, Canvas, Blackboard, Brightspace, Sakai, Google Classroom, Gradescope,
GitHub Classroom, CAMPUSonline (TUMonline), HISinOne and Stud.IP. Of several words for the same
thing the earlier one counts: Canvas' own `ID` is nobody's number where `SIS User ID` stands beside.
"""

import re
import unicodedata
from collections.abc import Sequence

_WORDS = {
    "username": """
        username, user, account, account name, uniqname, netid, utorid, unix name,
        Benutzername, Benutzerkennung, Nutzername, Nutzerkennung, Anmeldename, Kennung,
        nom d'utilisateur, identifiant, identifiant de connexion,
        nombre de usuario, usuario, user id, login name""",
    # Some systems let people sign in with a name, some with their address.
    "either": "SIS Login ID, login ID, login, email or username, username or email",
    "email": """
        e-mail, mail, e-mail address, mail address, primary email, school email, student email,
        university email, institutional email, email addresses,
        E-Mail-Adresse, Mailadresse, E-Mail-Adressen, E-Mail Hochschule, E-Mail Universität,
        courriel, adresse de courriel, adresse courriel, adresse e-mail, adresse mail,
        adresse électronique, adresse de messagerie, adresse de courrier électronique,
        correo, correo electrónico, dirección de correo, dirección de correo electrónico,
        dirección email, dirección de email, e-mail institucional, correo institucional""",
    "first_name": """
        first name, first, given name, given, given names, forename, forenames, first names,
        FIRST_NAME_OF_STUDENT, student first name, student first, student first middle,
        preferred first name,
        Vorname, Vornamen, Rufname,
        prénom, prénoms, nombres, nombre de pila, primer nombre""",
    "last_name": """
        last name, last, surname, surnames, family name, family, FAMILY_NAME_OF_STUDENT,
        student last name, Nachname, Nachnamen, Familienname, Familien- oder Nachname, Zuname,
        nom de famille, noms de famille, apellidos, apellido, primer apellido, student last""",
    "name": """
        full name, student name, name of student, display name, student, learner, name, names,
        first name / last name, last name / first name, first name / surname, last name first name,
        first name last name, last first, vollständiger Name, voller Name, Anzeigename,
        Name Vorname, Nachname Vorname, Vorname Nachname, Vorname / Nachname,
        Studierende, Studierender, Teilnehmer, Teilnehmerin, Teilnehmende,
        nom complet, nom prénom, nom et prénom, prénom nom, prénom / nom de famille, nom, étudiant,
        nombre completo, nombre y apellidos, apellidos y nombre, apellidos nombre,
        nombre / apellidos, alumno, estudiante, nombre""",
    "number": """
        SIS User ID, SIS ID, OrgDefinedId, student number, student no, student ID number,
        student ID, SID, matriculation number, matriculation no, matriculation, matric number,
        matric no, matric, registration number, university ID, campus ID, ID number,
        Matrikelnummer, Matrikelnr, Matrikel-Nr, Matr-Nr, Matr No, Matnr, Matrikel, mtknr,
        ID-Nummer, Studierendennummer, Personenkennzeichen,
        numéro d'identification, numéro d'étudiant, numéro étudiant, n° étudiant, matricule,
        code permanent, número de ID, número de identificación, número de alumno, matrícula,
        expediente, NIA, legajo, external ID, UID, number, no, nr, ID""",
    "role": "role, roles, course role, role in course, user type, Rolle, Rollen, rôle, rôles, rol",
    "section": """
        section, sections, section name, course section, Übungsgruppe, Tutoriumsgruppe,
        Studiengruppe,
        sección, secciones, group, groups, Gruppe, Gruppen, groupe, groupes, grupo, grupos""",
}

_LONGEST = 100  # letters of a name of a column

# Of no use here; but a line with such words names columns.
_OTHERS = """
    identifier, github_username, github_id, group_name, institution, department, Abteilung,
    Studiengang, Fachsemester, Status, Institución, departamento, département, availability,
    last access, last activity, total activity, root account, end-of-line indicator, STUDY_PROGRAMME
"""

_STUDENTS = """
    student, students, StudentEnrollment, learner, participant, Studierende, Studierender,
    Studierende*r, Studierende/r, Student/in, Student*in, Studentin, Teilnehmer, Teilnehmerin,
    Teilnehmer/in, Teilnehmer*in, Teilnehmende, étudiant, étudiante, étudiant(e), élève,
    estudiante, alumno, alumna, alumno/a, participante, S"""

_NOBODY = """
    points possible, manual posting, points, date, due date, class average, average,
    overall average, median, out of, max points, maximum, weight, Maximalpunktzahl,
    test student, student test, startHISsheet, endHISsheet, overall class average,
    mean, standard deviation, total"""


def key(word: str) -> str:
    """Return a word without accents, case, marks and spaces, to compare it by."""
    plain = unicodedata.normalize("NFKD", word.casefold().replace("ß", "ss"))
    return "".join(letter for letter in plain if letter.isalnum())


def _keys(words: str) -> list[str]:
    return [key(word) for word in words.split(",")]


_MEANING = {
    word: (meaning, rank)
    for meaning, words in reversed(_WORDS.items())
    for rank, word in enumerate(_keys(words))
}
_OTHER = frozenset(_keys(_OTHERS))
_STUDENT = frozenset(_keys(_STUDENTS))
_NO_PERSON = frozenset(_keys(_NOBODY))


def meanings(cells: Sequence[str]) -> list[str]:
    """Return what each column is by its name; an empty text for what is none of ours."""
    cells = [cell[:_LONGEST] for cell in cells]
    keys = [key(cell) for cell in cells]
    found = [
        _MEANING.get(word) or _MEANING.get(_without_remark(cell))
        for word, cell in zip(keys, cells, strict=True)
    ]
    best: dict[str, tuple[int, int]] = {}
    for at, (word, each) in enumerate(zip(keys, found, strict=True)):
        if each and not _is_theirs(word, keys):
            meaning, rank = each
            best[meaning] = min(best.get(meaning, (rank, at)), (rank, at))
    columns = ["" for _ in cells]
    for meaning, (_, at) in best.items():
        columns[at] = meaning
    return _halves_of_names(columns)


def known(cells: Sequence[str]) -> int:
    """Return how many of these are names of columns, whether they are taken or not."""
    return sum(bool(found) for found in meanings(cells)) + sum(
        key(cell) in _OTHER for cell in cells
    )


def is_student(role: str) -> bool:
    """Whether a role, or each of several, is a student's."""
    parts = [key(part) for part in re.split(r"[,;|]", role)]
    return all(part in _STUDENT for part in parts if part)


def is_nobody(name: str) -> bool:
    """Whether a name is no person's: a line of points, or a system's own test student."""
    return key(name) in _NO_PERSON or all(key(part) in _NO_PERSON for part in name.split(","))


def _without_remark(cell: str) -> str:
    return key(re.sub(r"\([^)]*\)|\[[^\]]*\]|\*", "", cell))


def _is_theirs(word: str, keys: Sequence[str]) -> bool:
    """Whether a column is of the system that wrote the list, whatever its name."""
    canvas = {"sisuserid", "sisloginid", "sisid", "rootaccount"} & set(keys)
    if word == "userid":
        return "loginid" in keys
    return word == "id" and (bool(canvas) or list(keys[:2]) == ["student", "id"])


def _halves_of_names(columns: list[str]) -> list[str]:
    """`Nom` beside `Prénom` is the last name, `Nombre` beside `Apellido(s)` the first."""
    has = set(columns)
    if "name" in has and ("first_name" in has) != ("last_name" in has):
        other = "last_name" if "first_name" in has else "first_name"
        return [other if column == "name" else column for column in columns]
    return columns
