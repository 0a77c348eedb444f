"""KaTeX, which typesets mathematics: where its files lie."""

from importlib.util import find_spec
from pathlib import Path


def katex() -> Path:
    """Return the folder of KaTeX's files, in the package that ships them; that is not imported.

    Raises ModuleNotFoundError where it is not installed.
    """
    found = find_spec("djangocms_katex")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("djangocms-katex is not installed: it brings KaTeX.")
    return Path(found.origin).parent / "static" / "djangocms_katex" / "vendor" / "katex"
