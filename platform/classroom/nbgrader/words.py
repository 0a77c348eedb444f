"""Sentences of a room that knows no language: in English, with what is to be filled in.

Whoever shows one says it in the reader's language, `words.said(gettext)`; `str` gives English.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Union

Translate = Callable[[str], str]
# Several strings are names, and are quoted; several words stand one behind the other.
Value = Union[str, int, float, "Words", tuple[str, ...], tuple["Words", ...]]


def noop(text: str) -> str:
    """Mark a text as one that is translated where it is shown."""
    return text


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence, or a part that stands by itself; the text says %(name)s for a value."""

    text: str
    values: tuple[tuple[str, Value], ...] = ()

    @classmethod
    def of(cls, text: str, **values: Value) -> "Words":
        """Return a sentence with its values."""
        return cls(text, tuple(values.items()))

    def said(self, translate: Translate, number: Callable[[float], str] = "{:g}".format) -> str:
        """Say it in a language."""

        def shown(value: Value | str) -> str:
            if isinstance(value, Words):
                return value.said(translate, number)
            if isinstance(value, tuple):
                if all(isinstance(each, str) for each in value):
                    quoted = translate(noop("“%(name)s”"))
                    return translate(noop(", ")).join(quoted % {"name": each} for each in value)
                return translate(noop("; ")).join(map(shown, value))
            return number(value) if isinstance(value, float) else str(value)

        return translate(self.text) % {name: shown(value) for name, value in self.values}

    def __str__(self) -> str:
        return self.said(str)
