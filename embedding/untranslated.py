"""Sentences from where no Django is: written in English, translated where they are shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field


def noop(text: str) -> str:
    """Mark a text for translation, and return it as it is."""
    return text


@dataclass(frozen=True, slots=True)
class Sentence:
    """A template, and the values that its %(name)s stand for: texts, numbers, or sentences."""

    template: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return it in English, for logs."""
        values = {
            name: f"{value:,}" if isinstance(value, int) else value
            for name, value in self.values.items()
        }
        return self.template % values


class SentenceError(Exception):
    """What is wrong, in a sentence; `str` says it in English."""

    def __init__(self, template: str, **values: str | int) -> None:
        self.template, self.values = template, values
        self.sentence = Sentence(template, values)
        super().__init__(str(self.sentence))
