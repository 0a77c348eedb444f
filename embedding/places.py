"""What the site has a file for, as its own function `PLACE_OF` tells the notebook page."""

from typing import NamedTuple


class Action(NamedTuple):
    """What the site lets a user do with the folder of a file, from the notebook page.

    Before, the page closes the folder's open files, so that CoCalc saves them, and waits until
    they are on disk; afterwards it opens them again.
    """

    label: str  # of the button: "Submit"
    doing: str  # while it is done: "Submitting…"
    failed: str  # where it was not: "Not submitted"
    folder: str
    # Where it is posted to. A script, which asks for JSON, is answered {"title", "text", "lines"},
    # with a line for each file, and "warnings" in sentences; with status 202 while it is under way.
    # What is to be asked first is an error with a "question": {"title", "yes", "no", "answer"}, of
    # which the answer is posted as a form where the user says yes. A browser without scripts is led
    # to a page.
    url: str
    # Where it is asked when each file of the folder was saved: {"files": [{"path", "modified"}]},
    # with paths in the folder and times in seconds.
    saved_url: str
    # Where a script asks what became of it, and is answered in the same way; and whether that is
    # to be asked from the start, since it is under way from an earlier page.
    outcome_url: str = ""
    under_way: bool = False


class Place(NamedTuple):
    """What a file belongs to, its address, and what can be done there.

    `notice` is what the user must not miss, in a sentence or two: above the file.
    """

    title: str
    url: str
    action: Action | None = None
    notice: str = ""
