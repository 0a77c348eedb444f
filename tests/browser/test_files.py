"""My notebooks: what a person does with files, by mouse and by keyboard."""

import re
from base64 import b64encode
from pathlib import Path

from playwright.sync_api import FilePayload, Locator, expect

from tests.browser.school import SITE, notebook, until
from tests.browser.visit import Visit

BYTES = bytes(range(256)) * 1000 + "Grüße\r\n".encode()


def dialog(visit: Visit) -> Locator:
    return visit.page.get_by_role("dialog")


def upload_of(visit: Visit, name: str) -> Locator:
    return visit.page.locator("#uploads li", has=visit.page.locator(".name", has_text=name))


def drop(visit: Visit, *files: tuple[str, bytes]) -> None:
    """Drag files over the page and let go."""
    transfer = visit.page.evaluate_handle(
        """(files) => {
            const transfer = new DataTransfer();
            for (const [name, text] of files)
                transfer.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt())],
                    name));
            return transfer;
        }""",
        [[name, _base64(content)] for name, content in files],
    )
    event = {"dataTransfer": transfer}
    for kind in ("dragenter", "dragover"):
        visit.page.dispatch_event("main", kind, event)
    expect(visit.page.locator("#drop")).to_be_visible()
    visit.page.dispatch_event("main", "drop", event)
    expect(visit.page.locator("#drop")).to_be_hidden()


def _base64(content: bytes) -> str:
    return b64encode(content).decode()


def test_from_nothing_to_a_first_notebook_and_back(known: Visit) -> None:
    expect(known.page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    expect(known.page.locator("#files")).to_be_hidden()
    known.page.locator("#empty").get_by_role("button", name="new notebook").click()
    name = dialog(known).get_by_label("Name")
    expect(name).to_be_focused()
    expect(name).to_have_value("Untitled.ipynb")
    # The stem is selected: typing keeps the ending.
    known.page.keyboard.type("First steps")
    expect(name).to_have_value("First steps.ipynb")
    known.page.keyboard.press("Enter")
    known.page.wait_for_url(f"{SITE}/projects/mine/open/First%20steps.ipynb")
    known.becomes("ready")
    known.shows_tab("First steps.ipynb")

    known.choose("All my files")
    expect(known.row("First steps.ipynb")).to_be_visible()
    known.page.get_by_role("button", name="New notebook").click()
    expect(dialog(known).get_by_label("Name")).to_have_value("Untitled.ipynb")


def test_a_name_that_is_taken_keeps_the_dialog_or_both(known: Visit) -> None:
    known.write("Taken.ipynb", notebook(""))
    known.page.reload()
    expect(known.row("Taken.ipynb")).to_be_visible()
    opener = known.page.get_by_role("button", name="New notebook")
    opener.click()
    dialog(known).get_by_label("Name").fill("Taken")
    dialog(known).get_by_role("button", name="Create and open").click()
    expect(dialog(known).get_by_role("alert")).to_contain_text("already something called")
    expect(dialog(known).get_by_label("Name")).to_have_value("Taken")
    dialog(known).get_by_role("button", name="Cancel").click()
    expect(dialog(known)).to_be_hidden()
    expect(opener).to_be_focused()

    opener.click()
    dialog(known).get_by_label("Name").fill("Taken")
    known.page.keyboard.press("Enter")
    dialog(known).get_by_role("button", name="Keep both").click()
    known.page.wait_for_url(f"{SITE}/projects/mine/open/Taken%20(2).ipynb")
    assert known.read("Taken.ipynb") == notebook("")


def test_uploads_by_file_chooser(known: Visit) -> None:
    """Several at once; one that is no notebook and one that is too large are refused in words."""
    with known.page.expect_file_chooser() as chooser:
        known.page.get_by_role("button", name="Upload files").click()
    known.page.clock.install()  # "Done" goes after a while
    chooser.value.set_files(
        [
            _file("data.bin", BYTES),
            _file("Lesson.ipynb", notebook("1")),
            _file("Broken.ipynb", b"<html>"),
            _file("fits.bin", bytes(1024**2)),
            _file("large.bin", bytes(1024**2 + 1)),
        ]
    )
    expect(upload_of(known, "Broken.ipynb").locator(".outcome")).to_contain_text(
        "not a Jupyter notebook"
    )
    expect(upload_of(known, "large.bin").locator(".outcome")).to_have_text(
        "This is too large: files may have up to 1 MB."
    )
    for name in ("data.bin", "Lesson.ipynb"):
        expect(known.row(name)).to_be_visible()
    expect(known.row("fits.bin")).to_contain_text("1 MB")
    expect(known.page.locator("#files tbody tr")).to_have_count(3)
    assert known.read("data.bin") == BYTES
    assert known.read("Lesson.ipynb") == notebook("1")

    for name in ("Broken.ipynb", "large.bin"):
        upload_of(known, name).get_by_role("button", name="Dismiss").click()
    known.page.clock.fast_forward(6_000)
    expect(known.page.locator("#uploads li")).to_have_count(0)


def test_uploads_by_drag_and_drop_show_their_progress(known: Visit) -> None:
    # The others wait while the first is on its way.
    known.school.sandbox.quirks(latency=5)
    drop(known, ("a.txt", b"a"), ("b.txt", b"b"), ("c.txt", b"c"))
    expect(upload_of(known, "a.txt").locator(".outcome")).to_have_text("Storing…")
    expect(upload_of(known, "a.txt").locator("progress")).to_have_js_property("value", 1)
    expect(upload_of(known, "c.txt").locator(".outcome")).to_have_text("Waiting…")
    known.school.sandbox.reset_quirks()
    for name in ("a.txt", "b.txt", "c.txt"):
        expect(known.row(name)).to_be_visible()
    assert known.read("b.txt") == b"b"


def test_an_upload_replaces_only_when_told_to(known: Visit) -> None:
    known.write("a.txt", b"old")
    drop(known, ("a.txt", b"new"))
    item = upload_of(known, "a.txt")
    expect(item.locator(".outcome")).to_contain_text("already something called")
    assert known.read("a.txt") == b"old"
    item.get_by_role("button", name="Keep both").click()
    expect(item.locator(".outcome")).to_have_text("Done: it is called “a (2).txt”")
    assert (known.read("a.txt"), known.read("a (2).txt")) == (b"old", b"new")

    expect(known.row("a (2).txt")).to_be_visible()
    drop(known, ("a.txt", b"newer"))
    upload_of(known, "a.txt").get_by_role("button", name="Replace").click()
    until(lambda: known.read("a.txt") == b"newer")


def test_an_upload_that_fails_is_tried_again(known: Visit) -> None:
    known.school.sandbox.quirks(api_html=True)
    drop(known, ("a.txt", b"a"))
    item = upload_of(known, "a.txt")
    expect(item.locator(".outcome")).to_contain_text("try again")
    known.school.sandbox.reset_quirks()
    item.get_by_role("button", name="Try again").click()
    expect(known.row("a.txt")).to_be_visible()


def test_into_a_folder_and_back(known: Visit) -> None:
    known.page.get_by_role("button", name="New folder").click()
    dialog(known).get_by_label("Name").fill("Week 1")
    dialog(known).get_by_role("button", name="Create").click()
    expect(dialog(known)).to_be_hidden()
    known.row("Week 1").get_by_role("link", name="Week 1", exact=True).click()
    crumbs = known.page.get_by_role("navigation", name="Folder")
    expect(crumbs.locator("[aria-current]")).to_have_text("Week 1")
    expect(known.page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    assert known.page.url == f"{SITE}/projects/mine/files/Week%201/"
    drop(known, ("inside.txt", b"inside"))
    expect(known.row("inside.txt")).to_be_visible()
    assert known.read("Week 1/inside.txt") == b"inside"

    known.page.go_back()
    expect(known.row("Week 1")).to_be_visible()
    assert known.page.url == f"{SITE}/projects/mine/"
    known.page.go_forward()
    expect(known.row("inside.txt")).to_be_visible()
    known.page.reload()
    expect(known.row("inside.txt")).to_be_visible()
    crumbs.get_by_role("link", name="All files").click()
    expect(known.row("Week 1")).to_be_visible()

    # And from a notebook in it, back to it.
    known.go("/projects/mine/open/Week%201/inside.txt")
    known.becomes("ready")
    known.choose("All my files")
    expect(known.row("inside.txt")).to_be_visible()
    assert known.page.url == f"{SITE}/projects/mine/files/Week%201/"


def renamed(visit: Visit, old: str, new: str, *buttons: str) -> None:
    """Rename by the dialog, going on by these buttons."""
    visit.row(old).get_by_role("button", name=f"Rename {old}").click()
    dialog(visit).get_by_label("Name").fill(new)
    for button in ("Rename", *buttons):
        dialog(visit).get_by_role("button", name=button, exact=True).click()
    expect(dialog(visit)).to_be_hidden()


def test_rename(known: Visit) -> None:
    known.write("a.txt", b"a")
    known.write("b.txt", b"b")
    known.page.reload()
    known.row("a.txt").get_by_role("button", name="Rename a.txt").click()
    name = dialog(known).get_by_label("Name")
    name.fill("b.txt")
    dialog(known).get_by_role("button", name="Rename").click()
    expect(dialog(known).get_by_role("alert")).to_contain_text("already something called")
    expect(dialog(known).get_by_role("button", name="Keep both")).to_be_visible()
    name.fill("c.txt")
    expect(dialog(known).get_by_role("button", name="Keep both")).to_be_hidden()
    name.press("Enter")
    expect(known.row("c.txt").locator(".name")).to_be_focused()
    expect(known.row("a.txt")).to_have_count(0)
    expect(known.page.locator("#status")).to_have_text("Renamed to “c.txt”.")
    assert known.read("c.txt") == b"a"
    renamed(known, "c.txt", "b.txt", "Keep both")
    expect(known.row("b (2).txt").locator(".name")).to_be_focused()
    assert known.read("b.txt") == b"b"
    renamed(known, "b.txt", "b.txt")
    expect(known.row("b.txt").get_by_role("button", name="Rename b.txt")).to_be_focused()


def test_a_name_that_means_more_than_a_name_is_asked_about(known: Visit) -> None:
    """Before anything is done: a slash moves, and a notebook without its ending is none."""
    known.write("Lesson.ipynb", notebook(""))
    known.page.reload()
    known.row("Lesson.ipynb").get_by_role("button", name="Rename Lesson.ipynb").click()
    alert = dialog(known).get_by_role("alert")
    name = dialog(known).get_by_label("Name")
    name.fill("Week 1/b.txt")
    name.press("Enter")
    expect(alert).to_have_text(
        "A name cannot hold “/”. Move “Lesson.ipynb” into the folder “Week 1” as “b.txt”?"
    )
    dialog(known).get_by_role("button", name="Move", exact=True).click()
    expect(alert).to_have_text("Without “.ipynb” it no longer opens as a notebook.")
    assert known.read("Lesson.ipynb") == notebook("")
    known.page.keyboard.press("Escape")
    expect(dialog(known)).to_be_hidden()

    renamed(known, "Lesson.ipynb", "First.txt", "Keep “.ipynb”")
    renamed(known, "First.ipynb", "First.json", "Rename anyway")
    expect(known.row("First.json").locator(".name")).to_be_focused()
    renamed(known, "First.json", "Week 1/b.txt", "Move")
    expect(known.page.locator("#status")).to_have_text("Moved to “Week 1/b.txt”.")
    expect(known.row("Week 1").locator(".name")).to_be_focused()
    assert known.read("Week 1/b.txt") == notebook("")
    renamed(known, "Week 1", ".hidden", "Rename anyway")
    expect(known.page.get_by_role("heading", name="Nothing here yet")).to_be_visible()


def test_download_byte_for_byte(known: Visit, tmp_path: Path) -> None:
    name = "Meßwerte 1.bin"
    known.write(name, BYTES)
    known.page.reload()
    with known.page.expect_download() as downloading:
        known.row(name).get_by_role("link", name=f"Download {name}").click()
    download = downloading.value
    assert download.suggested_filename == name
    file = tmp_path / "file"
    download.save_as(file)
    assert file.read_bytes() == BYTES


def test_a_download_of_what_is_gone_says_so(known: Visit) -> None:
    known.write("a.txt")
    known.page.reload()
    expect(known.row("a.txt")).to_be_visible()
    known.school.cocalc.remove(known.school.project_of(known.student), "a.txt")
    known.row("a.txt").get_by_role("link", name="Download a.txt").click()
    expect(known.page.locator("#problem")).to_contain_text("is not there any more")
    assert known.page.url == f"{SITE}/projects/mine/"


def test_delete_undo_and_the_trash(known: Visit) -> None:
    page = known.page
    for name in ("Folder/a.txt", "b.txt", "c.txt"):
        known.write(name)
    page.reload()
    said = page.locator("#deleted").get_by_role("status")
    known.sees_files()
    order = known.names
    for i, name in enumerate(order):
        known.row(name).get_by_role("button", name=f"Delete {name}").press("Enter")
        expect(said).to_have_text(f"“{name}” is in the trash.")
        expect(known.row(name)).to_have_count(0)
        if order[i + 1 :]:
            expect(known.row(order[i + 1]).locator(".name")).to_be_focused()
    expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    expect(page.locator("#title")).to_be_focused()
    assert known.school.cocalc.list_folder(known.school.project_of(known.student)) == []

    page.get_by_role("button", name="Undo").click()
    expect(known.row(order[-1]).locator(".name")).to_be_focused()
    expect(page.locator("#status")).to_have_text(f"“{order[-1]}” is back.")
    expect(page.get_by_role("button", name="Undo")).to_be_hidden()

    page.get_by_role("link", name="Trash").click()
    expect(known.row(order[0])).to_contain_text("30 more days")
    known.write(order[0])
    known.row(order[0]).get_by_role("button", name="Put back").press("Enter")
    expect(page.locator("#status")).to_contain_text("since the name was taken")
    expect(known.row(order[1]).get_by_role("button", name="Put back")).to_be_focused()
    known.row(order[1]).get_by_role("button", name="Delete for good").click()
    expect(dialog(known).get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Enter")
    expect(known.row(order[1]).get_by_role("button", name="Delete for good")).to_be_focused()
    page.keyboard.press("Enter")
    dialog(known).get_by_role("button", name="Delete for good").click()
    expect(page.locator("#title")).to_be_focused()
    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    known.page.get_by_role("link", name="your files").click()
    expect(page.locator("#files tbody .name")).to_have_count(3)
    expect(known.row(order[1])).to_have_count(0)

    # Where the trash is none, it can be deleted for good, if the user says so.
    known.school.cocalc.exec(
        known.school.project_of(known.student), "rm -r .trash; touch .trash", bash=True
    )
    known.row(order[-1]).get_by_role("button", name=f"Delete {order[-1]}").click()
    expect(dialog(known)).to_contain_text("The trash cannot be used")
    dialog(known).get_by_role("button", name="Delete for good").click()
    expect(page.locator("#status")).to_have_text(f"“{order[-1]}” is deleted for good.")
    expect(known.row(order[-1])).to_have_count(0)


def test_the_trash_is_emptied_and_what_fails_is_told(known: Visit) -> None:
    page = known.page
    for name in ("a.txt", "b.txt"):
        known.write(name)
    page.reload()
    for name in ("a.txt", "b.txt"):
        known.row(name).get_by_role("button", name=f"Delete {name}").click()
        expect(known.row(name)).to_have_count(0)
    page.get_by_role("link", name="Trash").click()
    expect(known.row("a.txt")).to_be_visible()
    known.school.sandbox.quirks(api_html=True)
    known.row("a.txt").get_by_role("button", name="Put back").click()
    expect(page.locator("#problem")).to_contain_text("Please try again")
    page.get_by_role("button", name="Empty the trash").click()
    expect(dialog(known)).to_contain_text("2 things are deleted for good.")
    dialog(known).get_by_role("button", name="Empty the trash").click()
    expect(dialog(known).get_by_role("alert")).to_contain_text("Please try again")
    known.school.sandbox.reset_quirks()
    dialog(known).get_by_role("button", name="Empty the trash").click()
    expect(page.locator("#status")).to_have_text("The trash is empty.")

    # Offline it is said so, and the list comes by itself once the connection is back.
    known.go_to_files()
    known.context.set_offline(True)
    page.get_by_role("button", name="New folder").click()
    dialog(known).get_by_role("button", name="Create").click()
    expect(dialog(known).get_by_role("alert")).to_have_text(
        "You are offline. Try again when you are connected."
    )
    page.keyboard.press("Escape")
    page.evaluate("history.pushState(null, '', '/projects/mine/files/x/')")
    page.go_back()
    expect(page.locator("#problem")).to_contain_text("You are offline.")
    known.context.set_offline(False)
    expect(page.locator("#problem")).to_be_hidden()
    known.sees_files()


def test_a_menu_closes_on_escape_and_on_a_click_elsewhere(known: Visit) -> None:
    menu = known.page.locator(".bar .menu")
    button = menu.locator("summary")
    inside = menu.get_by_role("button", name="Sign out")
    button.click()
    inside.focus()
    known.page.keyboard.press("Escape")
    expect(inside).to_be_hidden()
    expect(button).to_be_focused()
    button.click()
    expect(inside).to_be_visible()
    known.page.get_by_role("heading", level=1).click()
    expect(inside).to_be_hidden()
    button.press("Enter")
    expect(inside).to_be_visible()
    known.page.get_by_role("button", name="New folder").focus()
    expect(inside).to_be_hidden()


def test_a_change_that_fails_keeps_what_was_typed(known: Visit) -> None:
    known.write("a.txt")
    known.page.reload()
    known.row("a.txt").get_by_role("button", name="Rename a.txt").click()
    name = dialog(known).get_by_label("Name")
    name.fill("b.txt")
    known.school.sandbox.quirks(api_html=True)
    dialog(known).get_by_role("button", name="Rename").click()
    expect(dialog(known).get_by_role("alert")).to_contain_text(re.compile("try again"))
    known.school.sandbox.reset_quirks()
    expect(name).to_have_value("b.txt")
    dialog(known).get_by_role("button", name="Rename").click()
    expect(known.row("b.txt")).to_be_visible()


def test_a_folder_that_is_gone(known: Visit) -> None:
    known.go("/projects/mine/files/Gone/")
    alert = known.page.locator("#problem")
    expect(alert).to_contain_text("The folder “Gone” no longer exists.")
    known.write("Gone/a.txt")
    alert.get_by_role("button", name="Try again").click()
    expect(known.row("a.txt")).to_be_visible()
    until(lambda: known.page.locator("#problem").is_hidden())


def _file(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}
