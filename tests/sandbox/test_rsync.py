"""The copies keep rsync's word."""

import os
from pathlib import Path, PurePosixPath

import pytest

from sandbox.rsync import Copy, Filter, PartialCopyError

OLD, NEW = 1_000_000_000, 1_000_000_100


def write(root: Path, files: dict[str, str], when: int = OLD) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (when, when))
    return root


def read(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()
    }


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path / "source", {"1.txt": "one", "2.txt": "two", "sub/3.txt": "three"})


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "target"


def test_content_times_and_permissions(source: Path, target: Path) -> None:
    (source / "1.txt").chmod(0o640)
    Copy().run(source, target)
    assert read(target) == read(source)
    there = (target / "1.txt").stat()
    assert (int(there.st_mtime), there.st_mode & 0o777) == (OLD, 0o640)


def test_links_stay_links(source: Path, target: Path) -> None:
    (source / "link").symlink_to("1.txt")
    (source / "broken").symlink_to("/no/where")
    Copy().run(source, target)
    Copy().run(source, target)
    assert (target / "link").readlink() == Path("1.txt")
    assert (target / "broken").readlink() == Path("/no/where")


@pytest.mark.parametrize("path", ["link", "link/sub", "up/link"])
def test_a_link_at_the_source_or_on_the_way_there_is_followed(
    source: Path, target: Path, tmp_path: Path, path: str
) -> None:
    """As on a real server: so a link brings another project's files, with root's rights."""
    (tmp_path / "mine" / "up").mkdir(parents=True)
    for place, there in (("link", "../source"), ("up/link", "../../source")):
        (tmp_path / "mine" / place).symlink_to(there)
    Copy().run(tmp_path / "mine" / path, target)
    assert read(target) == read(source / ("sub" if path.endswith("sub") else ""))
    assert not target.is_symlink()


@pytest.mark.parametrize("path", ["link", "link/deeper"])
def test_a_link_at_the_target_or_on_the_way_there_is_followed(
    source: Path, tmp_path: Path, path: str
) -> None:
    """And so what is copied overwrites another project's files."""
    theirs = write(tmp_path / "theirs", {"1.txt": "theirs", "deeper/1.txt": "theirs"})
    (tmp_path / "link").symlink_to("theirs")
    Copy(overwrite_newer=True, delete_missing=True).run(source, tmp_path / path)
    there = theirs / "deeper" if path.endswith("deeper") else theirs
    assert read(there) == read(source)
    assert (tmp_path / "link").is_symlink()


def test_a_newer_file_stays_unless_told(source: Path, target: Path) -> None:
    write(target, {"1.txt": "edited"}, NEW)
    Copy().run(source, target)
    assert read(target)["1.txt"] == "edited"
    Copy(overwrite_newer=True).run(source, target)
    assert read(target) == read(source)


def test_an_older_file_is_updated(source: Path, target: Path) -> None:
    write(target, {"1.txt": "before"}, OLD - 100)
    Copy().run(source, target)
    assert read(target)["1.txt"] == "one"


def test_backups(source: Path, target: Path) -> None:
    write(target, {"1.txt": "edited", "2.txt": "two"})
    Copy(overwrite_newer=True, backup=True).run(source, target)
    assert read(target) == {**read(source), "1.txt~": "edited"}


def test_delete(source: Path, target: Path) -> None:
    write(target, {"more.txt": "x", "gone/y.txt": "y"})
    Copy(delete_missing=True).run(source, target)
    assert read(target) == read(source)
    assert not (target / "gone").exists()


def test_delete_spares_what_is_excluded(source: Path, target: Path) -> None:
    write(target, {"keep.log": "x", "folder/keep.log": "x", "folder/more.txt": "y"})
    Copy(delete_missing=True, exclude=["*.log"]).run(source, target)
    assert read(target) == {**read(source), "keep.log": "x", "folder/keep.log": "x"}


def test_delete_with_backup_keeps_a_copy(source: Path, target: Path) -> None:
    write(target, {"more.txt": "x", "old.txt~": "older"})
    Copy(delete_missing=True, backup=True).run(source, target)
    assert read(target) == {**read(source), "more.txt~": "x", "old.txt~": "older"}


def test_a_file_under_a_new_name_and_into_a_folder(source: Path, target: Path) -> None:
    Copy().run(source / "1.txt", target / "er" / "copy.txt")
    assert read(target) == {"er/copy.txt": "one"}
    Copy().run(source / "2.txt", target / "er")
    assert read(target) == {"er/copy.txt": "one", "er/2.txt": "two"}


def test_a_full_folder_does_not_make_way_for_a_file(source: Path, target: Path) -> None:
    write(target, {"1.txt/inner": "x"})
    with pytest.raises(PartialCopyError, match="could not make way for new regular file: 1"):
        Copy().run(source, target)
    # The others were copied all the same.
    assert read(target) == {"1.txt/inner": "x", "2.txt": "two", "sub/3.txt": "three"}
    Copy(delete_missing=True).run(source, target)
    assert read(target) == read(source)


def test_a_folder_takes_the_place_of_a_file(source: Path, target: Path) -> None:
    write(target, {"sub": "a file"})
    Copy().run(source, target)
    assert read(target) == read(source)


def test_nothing_is_half_written_or_left_behind(source: Path, target: Path) -> None:
    Copy().run(source, target)
    assert not list(target.rglob(".*"))


def test_no_source(source: Path, target: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Copy().run(source / "none", target)


def test_pipes_are_left_out(source: Path, target: Path) -> None:
    os.mkfifo(source / "pipe")
    Copy().run(source, target)
    assert not (target / "pipe").exists()


@pytest.mark.parametrize(
    ("pattern", "excluded"),
    [
        ("*.txt", {"1.txt", "sub/2.txt", "sub/sub/3.txt"}),
        ("/*.txt", {"1.txt"}),
        ("sub", {"sub", "sub/sub"}),
        ("/sub", {"sub"}),
        ("sub/", {"sub", "sub/sub"}),
        ("1.txt/", set()),
        ("sub/*.txt", {"sub/2.txt", "sub/sub/3.txt"}),
        ("/sub/*.txt", {"sub/2.txt"}),
        ("/sub/**", {"sub/2.txt", "sub/sub", "sub/sub/3.txt"}),
        ("?.txt", {"1.txt", "sub/2.txt", "sub/sub/3.txt"}),
        ("[12].txt", {"1.txt", "sub/2.txt"}),
        ("[!1].txt", {"sub/2.txt", "sub/sub/3.txt"}),
        ("a.txt", set()),
        ("1+txt", set()),
    ],
)
def test_patterns(pattern: str, excluded: set[str]) -> None:
    entries = {"1.txt": False, "sub": True, "sub/2.txt": False, "sub/sub": True}
    entries["sub/sub/3.txt"] = False
    rule = Filter(pattern)
    found = {name for name, folder in entries.items() if rule.matches(PurePosixPath(name), folder)}
    assert found == excluded
