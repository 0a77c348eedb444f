"""Events read as sentences: what each action is called, of which kind it is, and where it was.

An app registers the sentences of its actions with `tell`, and what the places are that its events
name with `place`. A sentence holds `%(actor)s`, `%(whom)s`, `%(target)s` and whatever stands in
the event's detail. Where it reads otherwise without a person, it is a pair.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from embedding.models import Event
from embedding.names import person_name, shown

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

    Text = StrPromise | tuple[StrPromise, StrPromise]  # of a person's; of nobody's or everybody's

_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Kind:
    """A group of actions, to filter by."""

    name: str
    label: "StrPromise"
    actions: tuple[str, ...]


class Link(NamedTuple):
    """What a place is called, and where it leads to; an empty address leads nowhere."""

    text: str
    url: str


class _Known(dict[str, str]):
    """What a sentence may name; an older event may not have it."""

    def __missing__(self, key: str) -> str:
        return "…"


Finder = Callable[[Collection[str]], Mapping[str, Link]]
_sentences: dict[str, "Text"] = {}
_kinds: dict[str, Kind] = {}
_places: dict[str, Finder] = {}


def tell(name: str, label: "StrPromise", sentences: "Mapping[str, Text]") -> None:
    """Register the sentences of one kind of actions."""
    _kinds[name] = Kind(name, label, tuple(sentences))
    _sentences.update(sentences)


def place(prefix: str, find: Finder) -> None:
    """Register what places that begin so, and a colon, are: by what stands behind the colon."""
    _places[prefix] = find


def kinds() -> list[Kind]:
    """Return all kinds of actions, in the order in which they were registered."""
    return list(_kinds.values())


def is_told(action: str) -> bool:
    """Whether there is a sentence for an action."""
    return action in _sentences


def sentence(event: Event, names: Mapping[str, str]) -> str:
    """Return what an event says; `names` are those of the users whose full names are known."""
    found = _sentences.get(event.action)
    if found is None:  # of a release that knew it
        return f"{event.action}: {event.target}"
    text = (found[0] if event.whom else found[1]) if isinstance(found, tuple) else found
    detail = event.detail if isinstance(event.detail, dict) else {}
    known = _Known({key: _said(value) for key, value in detail.items()})
    known["actor"] = names.get(event.actor, event.actor) or pgettext("who acts", "The site")
    known["whom"] = names.get(event.whom, event.whom) or _("somebody")
    known["target"] = shown(event.target)
    return str(text) % known


def names_of(events: Iterable[Event]) -> dict[str, str]:
    """Return the full names of all who act or are meant in these events, by user name."""
    wanted = {name for event in events for name in (event.actor, event.whom)} - {""}
    model = get_user_model()
    users = model._default_manager.filter(**{f"{model.USERNAME_FIELD}__in": wanted})
    return {user.get_username(): person_name(user) for user in users}


def places_of(events: Iterable[Event]) -> dict[str, Link]:
    """Return what the places of these events are, by the events' own word for them."""
    keys: dict[str, set[str]] = {}
    for event in events:
        prefix, _colon, key = event.place.partition(":")
        keys.setdefault(prefix, set()).add(key)
    return {
        f"{prefix}:{key}": link
        for prefix, find in _places.items()
        if prefix in keys
        for key, link in find(keys[prefix]).items()
    }


def _said(value: Any) -> str:
    if isinstance(value, list | tuple):
        value = pgettext("list", ", ").join(_said(each) for each in value[:20])
    return shown("" if value is None else str(value))[:_LONGEST]
