"""Sizes in words: here and in the browser the same."""

import json
import re
import subprocess
from pathlib import Path

from django.utils import translation
from playwright._impl._driver import compute_driver_executable

from embedding.names import shown
from embedding.sizes import size_text

OURS = Path(__file__).resolve().parent.parent.parent / "static/embedding"
SIZES = {
    0: "0 bytes",
    1: "1 byte",
    1023: "1023 bytes",
    1024: "1 KB",
    1075: "1 KB",
    1076: "1.1 KB",
    2048: "2 KB",
    12_345: "12.1 KB",
    1024**2 - 1: "1 MB",
    25 * 1024**2: "25 MB",
    5 * 1024**2 // 2: "2.5 MB",
    3 * 1024**3: "3 GB",
    2**63 - 1: "8 EB",
}
HIDDEN = {
    "photo_\u202egpj.exe": "photo_\ufffdgpj.exe",
    "\u3164\u00ad\U000e0041.txt": "\ufffd\ufffd\ufffd.txt",
    "می\u200cروم 👩\u200d💻": "می\u200cروم 👩\u200d💻",
}


def test_sizes() -> None:
    assert {count: size_text(count) for count in SIZES} == SIZES


def test_numbers_are_the_readers() -> None:
    with translation.override("de"):
        assert size_text(12_345).startswith("12,1")


def test_the_browser_says_the_same() -> None:
    """Sizes, and names of files that hide something."""
    node, _ = compute_driver_executable()
    script = f"""
        import {{ nameText }} from "{(OURS / "shown.js").as_uri()}";
        import {{ sizeText }} from "{(OURS / "words.js").as_uri()}";
        const {{ sizes, names }} = {json.dumps({"sizes": [*SIZES], "names": [*HIDDEN]})};
        console.log(JSON.stringify([sizes.map(sizeText), names.map(nameText)]));
    """
    command = [node, "--input-type=module", "--eval", script]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert json.loads(said) == [[*SIZES.values()], [*HIDDEN.values()]]
    assert [shown(name) for name in HIDDEN] == [*HIDDEN.values()]


def test_nobody_reads_another_spelling() -> None:
    root = OURS.parent.parent
    read = [root / "README.md", *(root / "docs").glob("*.md")]
    read += [*(root / "templates").rglob("*.html"), *OURS.parent.rglob("*.js")]
    found = [str(path) for path in read if re.search(r"\d ?kB\b|[KMG]iB\b", path.read_text())]
    assert found == []
