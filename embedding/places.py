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
    # with a line for each file, and "warnings" in sentences; one without scripts is led to a page.
    url: str
    # Where it is asked when each file of the folder was saved: {"files": [{"path", "modified"}]},
    # with paths in the folder and times in seconds.
    saved_url: str


class Place(NamedTuple):
    """What a file belongs to, its address, and what can be done there."""

    title: str
    url: str
    action: Action | None = None
