"""The chain of events: a removed, changed or added event shows.

An event is written plainly, with a digest of what it says (embedding/seals.py). Some seconds
later the worker gives it the next position in the chain and a seal over the seal before it; a
lock as it is written would make everybody wait for everybody. One row (`EventChain`) says where
the chain begins and ends, so that missing ends show too.

What no row can show is that a whole database was put back to an earlier day, or that an event
was taken out in the seconds before it was sealed. Against the first, note now and then what
`manage.py check_events` says of the chain's end, elsewhere; `--noted` asks whether it is still
part of the chain.

All codes are made with SECRET_KEY and hold by SECRET_KEY_FALLBACKS too. `reseal` makes them
anew, before an old key is dropped, or after an administrator has looked into a finding.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from embedding import seals
from embedding.models import Event, EventChain

BATCH = 500
MOST = 20  # findings; whoever tore the log to pieces need not be told each one
_LINKS = ("id", "digest", "position", "seal")


class ChainBroken(Exception):
    """The chain does not hold, and what was asked for would hide it."""


@dataclass(frozen=True)
class Finding:
    """A place where the chain does not hold: its position, the event's id, and a sentence."""

    position: int | None
    event: int | None
    text: str


@dataclass(frozen=True)
class Report:
    """How many events were looked at, where the chain ends, and what was found, in order."""

    events: int
    position: int
    seal: str
    findings: tuple[Finding, ...]


def seal() -> int:
    """Give each event that is in the database its place in the chain; return how many got one.

    Several workers may do it at once: each waits for the row of the chain. ChainBroken where
    that row is gone or was changed.
    """
    sealed = 0
    while _rows().filter(position=None).exists():
        with transaction.atomic():
            chain = _held()
            rows = list(_rows().filter(position=None).order_by("id").only(*_LINKS)[:BATCH])
            for row in rows:
                chain.position += 1
                chain.seal = _seal_of(chain.seal, chain.position, row.digest)
                row.position, row.seal = chain.position, chain.seal
            _rows().bulk_update(rows, ("position", "seal"))
            _settle(chain)
        sealed += len(rows)
        if len(rows) < BATCH:
            break
    return sealed


def verify(noted: tuple[int, str] | None = None) -> Report:
    """Look at all events, sealed first, and say where the chain does not hold.

    `noted` is an end of the chain (position and seal) that was written down earlier.
    """
    while True:
        try:
            seal()
            with transaction.atomic():
                chain = _held()
        except ChainBroken as error:
            return Report(0, 0, "", (Finding(None, None, str(error)),))
        report = _look(chain, noted)
        begins = EventChain.objects.filter(pruned_position=chain.pruned_position)
        if not report.findings or begins.exists():
            return report  # else old events were pruned meanwhile


def prune(before: datetime, *, stop: Callable[[], bool] = lambda: False) -> int:
    """Delete the events of before a moment, in batches; return how many.

    Only the beginning of the chain, and only sealed events; the chain remembers where it begins
    now. ChainBroken, with what was found, where it does not hold there: pruning would hide it.
    """
    pruned = 0
    known = seals.keys()
    while not stop():
        with transaction.atomic():
            chain = _held()
            ahead = _rows().filter(position__gt=chain.pruned_position).order_by("position")
            rows = []
            for row in ahead[:BATCH]:
                if row.at >= before:
                    break
                rows.append(row)
            if not rows:
                break
            found = next(_walk(rows, chain.pruned_position, chain.pruned_seal, known), None)
            if found:
                raise ChainBroken(found.text)
            last = rows[-1]
            _rows().filter(pk__in=[row.pk for row in rows]).delete()
            chain.pruned_position, chain.pruned_seal = last.position or 0, last.seal
            _settle(chain)
        pruned += len(rows)
    return pruned


def pseudonymise(username: str, pseudonym: str, *, also: Iterable[str] = ()) -> int:
    """Replace a person's user name by a pseudonym in all events; return in how many.

    `also` are other names of theirs that may stand in events: full name, e-mail address. Names
    are replaced as whole words, in the actor, whom, the target and all texts of the detail.

    The chain stays as it is, since it is of the digests of what was first written. Each such
    event gets a code of that digest and of what it says now, which only the site can make; that
    it was done is an event of its own. What had been changed by other hands still shows.
    """
    names = sorted({username, *also} - {""}, key=len, reverse=True)
    whole = "|".join(re.escape(name) for name in names)
    pattern = re.compile(rf"(?<![\w@+-])(?<!\w\.)(?:{whole})(?![\w@+-])(?!\.\w)")
    known, changed, last = seals.keys(), 0, 0
    holding = Q(actor=username) | Q(whom=username)
    for name in names:
        spelled = json.dumps(name)[1:-1]  # as SQLite keeps it
        holding |= Q(target__contains=name) | Q(text__contains=name) | Q(text__contains=spelled)
    every = _rows().annotate(text=Cast("detail", TextField())).filter(holding).order_by("pk")
    while rows := list(every.filter(pk__gt=last)[:BATCH]):
        last = rows[-1].pk
        touched = []
        for row in rows:
            was, held = seals.said(row), _holds(row, known)
            row.actor = pseudonym if row.actor == username else row.actor
            row.whom = pseudonym if row.whom == username else row.whom
            row.target = pattern.sub(pseudonym, row.target)[:300]
            row.detail = _replaced(row.detail, pattern, pseudonym)
            if seals.said(row) == was:
                continue
            if held:
                row.amended = seals.code("amended", row.digest, seals.said(row))
            touched.append(row)
        _rows().bulk_update(touched, ("actor", "whom", "target", "detail", "amended"))
        changed += len(touched)
    if changed:
        Event.log("events.renamed", pseudonym, whom=pseudonym, events=changed)
    return changed


def reseal(actor: str = "") -> Report:
    """Make all codes anew, with the first key; what was found before is told in an event.

    For whoever holds the key. In one transaction: while it runs, no event is sealed or pruned.
    """
    report = verify()
    with transaction.atomic():
        EventChain.objects.all().delete()
        _rows().update(position=None)
        last = 0
        while rows := list(_rows().filter(pk__gt=last).order_by("pk")[:BATCH]):
            last = rows[-1].pk
            for row in rows:
                row.digest, row.amended, row.seal = seals.code(seals.said(row)), "", ""
            _rows().bulk_update(rows, ("digest", "amended", "seal"))
        Event.log(
            "events.resealed",
            str(report.position),
            actor=actor,
            findings=[found.text for found in report.findings],
        )
        seal()
    return report


def _rows() -> QuerySet[Event]:
    """All events, by the manager that also changes and deletes; no other module asks for it."""
    return Event._base_manager.all()


def _held() -> EventChain:
    """Return the row of the chain, which nobody else gets until this transaction ends."""
    chains = EventChain.objects.filter(pk=1)
    if not chains.update(position=F("position")):  # a lock on either database
        if _rows().filter(position__isnull=False).exists():
            raise ChainBroken(_("The row that says where the chain of events ends is missing."))
        EventChain.objects.get_or_create(pk=1, defaults={"code": _code_of(EventChain())})
        chains.update(position=F("position"))
    chain = chains.get()
    if not seals.holds(chain.code, *_parts(chain), known=seals.keys()):
        raise ChainBroken(
            _("The row that says where the chain of events ends was changed past the site.")
        )
    return chain


def _settle(chain: EventChain) -> None:
    chain.code = _code_of(chain)
    chain.save()


def _parts(chain: EventChain) -> tuple[object, ...]:
    ends = (chain.position, chain.seal, chain.pruned_position, chain.pruned_seal)
    return ("chain", *ends)


def _code_of(chain: EventChain) -> str:
    return seals.code(*_parts(chain))


def _seal_of(before: str, position: int, digest: str) -> str:
    return seals.code("seal", before, position, digest)


def _look(chain: EventChain, noted: tuple[int, str] | None) -> Report:
    known, count = seals.keys(), 0
    findings: list[Finding] = []

    def counted(rows: Iterable[Event]) -> Iterator[Event]:
        nonlocal count
        for row in rows:
            count += 1
            yield row

    sealed = _rows().filter(position__lte=chain.position).order_by("position")
    loose = _rows().exclude(position__lte=chain.position).order_by("id")
    start, before = chain.pruned_position, chain.pruned_seal
    rows = counted(sealed.iterator(chunk_size=2000))
    for found in _walk(rows, start, before, known, end=chain.position):
        if len(findings) < MOST:
            findings.append(found)
    for row in counted(loose.iterator(chunk_size=2000)):
        if row.position is not None:
            text = _("%(event)s stands behind the end of the chain.")
            findings.append(_found(row, text))
        elif not _holds(row, known):
            findings.append(_found(row, _not_ours()))
    if noted:
        findings += _noted(chain, *noted)
    return Report(count, chain.position, chain.seal, tuple(findings[:MOST]))


def _walk(
    rows: Iterable[Event],
    position: int,
    before: str,
    known: list[bytes],
    end: int | None = None,
) -> Iterator[Finding]:
    """Yield where rows, in their order, do not follow a position and its seal."""
    earlier: Event | None = None
    for row in rows:
        here = row.position or 0
        if here <= position:
            yield _found(row, _("%(event)s stands before the beginning of the chain."))
            continue
        if here > position + 1:
            yield _missing(position + 1, here - 1, earlier, row)
        elif not seals.holds(row.seal, "seal", before, here, row.digest, known=known):
            yield _found(row, _("The seal of %(event)s was changed past the site."))
        if not _holds(row, known):
            yield _found(row, _not_ours())
        position, before, earlier = here, row.seal, row
    if end is not None and position < end:
        yield _missing(position + 1, end, earlier, None)


def _not_ours() -> str:
    return _("%(event)s was changed, or added, past the site.")


def _holds(row: Event, known: list[bytes]) -> bool:
    """Whether an event says what it said when it was written, but for names that were replaced."""
    said = seals.said(row)
    if row.amended:
        return seals.holds(row.amended, "amended", row.digest, said, known=known)
    return seals.holds(row.digest, said, known=known)


def _found(row: Event, text: str) -> Finding:
    name = _("Event %(id)s (%(action)s, %(at)s)") % {
        "id": row.pk,
        "action": row.action,
        "at": _moment(row.at),
    }
    return Finding(row.position, row.pk, text % {"event": name})


def _missing(first: int, last: int, earlier: Event | None, later: Event | None) -> Finding:
    names = {
        "first": first,
        "last": last,
        "after": _moment(earlier.at) if earlier else _("the beginning"),
        "before": _moment(later.at) if later else _("the end"),
    }
    if first == last:
        text = _("Number %(first)s of the chain is missing, between %(after)s and %(before)s.")
    else:
        text = _(
            "Numbers %(first)s to %(last)s of the chain are missing, "
            "between %(after)s and %(before)s."
        )
    return Finding(first, None, text % names)


def _noted(chain: EventChain, position: int, code: str) -> list[Finding]:
    if position <= chain.pruned_position:
        same = position < chain.pruned_position or code == chain.pruned_seal
    else:
        same = _rows().filter(position=position, seal=code).exists()
    text = _("Number %(position)s of the chain is not the one that was noted.")
    return [] if same else [Finding(position, None, text % {"position": position})]


def _moment(at: datetime) -> str:
    return formats.date_format(timezone.localtime(at), "Y-m-d H:i:s")


def _replaced(value: Any, pattern: re.Pattern[str], pseudonym: str) -> Any:
    if isinstance(value, str):
        return pattern.sub(pseudonym, value)
    if isinstance(value, dict):
        return {name: _replaced(each, pattern, pseudonym) for name, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, pattern, pseudonym) for each in value]
    return value
