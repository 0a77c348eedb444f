"""What lies in a folder: of hostile names, of links, of too much."""

import base64
import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classroom.rules import manifest
from embedding.cocalc.client import Client, Output
from embedding.cocalc.errors import CommandFailed, NotCocalc, NotFound
from embedding.problems import Problem
from tests.classroom import shell


def of(home: Path, path: str = "hw") -> list[manifest.File]:
    return manifest.read(shell.run(manifest.script(path), home), path)


def put(home: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        target = home / "hw" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def expected(files: dict[str, bytes]) -> list[manifest.File]:
    return [
        manifest.File(path=name, size=len(content), sha256=hashlib.sha256(content).hexdigest())
        for name, content in sorted(files.items())
    ]


def test_files_come_with_path_size_and_hash(tmp_path: Path) -> None:
    files = {
        "a.ipynb": b"{}",
        "data/x.csv": b"1,2\n" * 100,
        "-rf": b"dash",
        "with space & 'quote' \"$(id)\"\nline": b"odd",
        "back\\slash": b"b",
        "übung/ä.txt": b"",
        ".hidden": b"kept",
    }
    put(tmp_path, files)
    assert of(tmp_path) == expected(files)


def test_names_that_are_long_in_all_are_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They all stand in the database."""
    put(tmp_path, {f"{'x' * 200}{number}": b"" for number in range(5)})
    monkeypatch.setattr(manifest, "MAX_NAMES", 1_000)
    with pytest.raises(Problem, match="is too large"):
        of(tmp_path)
    monkeypatch.setattr(manifest, "MAX_NAMES", 1_010)
    assert len(of(tmp_path)) == 5


def test_a_project_that_does_not_count_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, dict.fromkeys("abcd", b""))
    said = shell.run(manifest.script("hw"), tmp_path)
    monkeypatch.setattr(manifest, "MAX_FILES", 3)
    with pytest.raises(Problem, match="is too large"):
        manifest.read(said, "hw")


def test_an_empty_folder_has_no_files(tmp_path: Path) -> None:
    (tmp_path / "hw" / "inner").mkdir(parents=True)
    assert of(tmp_path) == []


def test_links_and_leavings_do_not_count(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "a.ipynb": b"{}",
            ".a.ipynb.sage-jupyter2": b"CoCalc's",
            ".ipynb_checkpoints/a.ipynb": b"Jupyter's",
            "inner/.0123.part": b"ours, half written",
        },
    )
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "hw" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "hw" / "home").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "hw" / "pipe")
    assert of(tmp_path) == expected({"a.ipynb": b"{}"})


def test_a_missing_folder_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        of(tmp_path)
    (tmp_path / "hw").write_bytes(b"a file")
    with pytest.raises(NotFound):
        of(tmp_path)


def test_too_many_files_and_too_many_bytes_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, {"a": b"1", "b": b"2", "c": b"3"})
    monkeypatch.setattr(manifest, "MAX_FILES", 3)
    assert len(of(tmp_path)) == 3
    put(tmp_path, {"d": b"4"})
    with pytest.raises(Problem, match="up to 3 files"):
        of(tmp_path)
    monkeypatch.setattr(manifest, "MAX_FILES", 100)
    with (tmp_path / "hw" / "sparse").open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(Problem) as caught:
        of(tmp_path)
    assert caught.value.code == "too_much"
    assert not caught.value.recoverable


@pytest.mark.parametrize("path", ["", "../x", "/etc", "a/../b", "a\nb"])
def test_no_path_leaves_the_project(path: str) -> None:
    with pytest.raises(ValueError, match=r"path|Path"):
        manifest.script(path)


@given(st.binary() | st.text().map(lambda text: base64.b64encode(text.encode())))
def test_a_garbled_answer_is_no_manifest_or_a_harmless_one(answer: bytes) -> None:
    try:
        files = manifest.read(Output(answer.decode(errors="replace"), "", 0), "hw")
    except NotCocalc:
        return
    assert all(len(file["sha256"]) == 64 for file in files)


def test_a_failing_command_is_an_error() -> None:
    with pytest.raises(CommandFailed, match="no bash"):
        manifest.read(Output("", "no bash", 127), "hw")


NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=20
).filter(lambda name: name not in (".", "..") and not name.startswith("."))


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.dictionaries(NAMES, st.binary(max_size=50), max_size=5))
def test_any_name_survives(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    home = tmp_path_factory.mktemp("home")
    (home / "hw").mkdir()
    put(home, files)
    assert of(home) == expected(files)


def test_what_is_missing_is_named() -> None:
    wanted = expected({"a": b"1", "b": b"2", "c": b"3"})
    found = expected({"a": b"1", "b": b"changed", "extra": b""})
    assert manifest.missing(wanted, found) == ["b", "c"]
    assert manifest.missing(wanted, wanted) == []


def test_it_is_one_call_to_cocalc(cocalc: Client) -> None:
    project = cocalc.create_project(title="t", description="d")
    cocalc.write_file(project, "hw/a b/ü.txt", b"text")
    assert manifest.of_folder(project, "hw") == expected({"a b/ü.txt": b"text"})
