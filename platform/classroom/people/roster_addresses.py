"""Addresses as mail programs copy them: several people in one line, each with an address.

`Quinn, Mara <mara@x.edu>; "de la Cruz, Jo" <jo@x.edu>`, with commas or semicolons, with quotation
marks or without. `email.utils` takes a comma in a name for the end of an address, and knows no
semicolon, so the line is read here.
"""

import re

_PART = re.compile(r'"[^"]*"|<[^<>]*>|[,;]|[^\s,;<>"]+|["<>]')
_TO = re.compile(r"^\s*(?:to|cc|bcc|an|à|para|de|von|from)\s*:\s*", re.IGNORECASE)


def people_in(line: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the (name, address) of everybody in a line, and what else stands in it."""
    people: list[tuple[str, str]] = []
    rest: list[str] = []
    words: list[str] = []
    parts = [found[0] for found in _PART.finditer(_TO.sub("", line))]
    for part, following in zip(parts, [*parts[1:], ""], strict=False):
        address = part.strip("<>'()").removeprefix("mailto:").strip()
        if part.startswith("<") and part.endswith(">"):
            name = _name(words)
            if address:
                people.append(("" if name == address else name, address))
            else:
                rest.append(name)
            words = []
        elif part == ";":
            rest += [_name(words)] if words else []
            words = []
        elif "@" in part and not part.startswith('"') and not following.startswith("<"):
            rest += [_name(words)] if words else []
            words = []
            people.append(("", address))
        elif part != "," or words:
            words.append(part)
    rest += [_name(words)] if words else []
    return people, [each for each in rest if each]


def is_list(line: str) -> bool:
    """Whether a line is of addresses: several, or one in angle brackets, and of little else."""
    people, rest = people_in(line)
    if not people or not all("@" in address for _, address in people):
        return False
    if rest or len(people) == 1:
        return "<" in line and len(rest) < len(people)
    return True


def _name(words: list[str]) -> str:
    """Put a name's words together again: commas at the word before, no quotation marks."""
    said = " ".join(words).replace(" ,", ",").strip(" ,")
    for mark in "\"'":
        if len(said) > 1 and said.startswith(mark) and said.endswith(mark):
            said = said[1:-1].strip()
    return said
