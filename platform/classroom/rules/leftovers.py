"""What editors and systems leave beside files: it never goes out, and the teacher is told.

Only of the teacher's files: what a student hands in is taken as it is.
"""

from fnmatch import fnmatchcase

from django.utils.translation import gettext as _

_EDITORS = (
    ".ipynb_checkpoints",
    ".virtual_documents",
    "*~",
    "*.bak",
    "*.sw[op]",
    ".*.sw[a-z]",
    "#*#",
    ".#*",
    ".~lock.*#",
    "~$*",
    ".vscode",
    ".idea",
)
_SYSTEMS = (
    "__pycache__",
    "*.pyc",
    "__macosx",
    "._*",
    ".ds_store",
    "thumbs.db",
    "desktop.ini",
    ".git",
)
PATTERNS = (*_EDITORS, *_SYSTEMS)  # of names in small letters


def why_left_out(path: str) -> str:
    """Say what a file is that does not go out: “left by an editor”; empty for one that does."""
    names = path.lower().split("/")
    if _any(names, _EDITORS):
        return _("left by an editor")
    return _("left by the operating system") if _any(names, _SYSTEMS) else ""


def told(path: str) -> str:
    """Name a leftover with what it is: “hw.ipynb.bak (left by an editor)”."""
    return _("%(path)s (%(why)s)") % {"path": path, "why": why_left_out(path)}


def _any(names: list[str], patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)
