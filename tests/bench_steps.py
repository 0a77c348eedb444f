"""What a class step adds to what CoCalc takes: 200 students, 200 ms a call, 8 of 10 at a time.
And how long one class waits for another.

CoCalc is played by a server that answers each call after 200 ms and does nothing: what is left is
the time of the queue, the workers and the client.
"""

import asyncio
import base64
import json
import multiprocessing
import statistics
import threading
import time
import uuid
import zlib
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from aiohttp import web

from embedding.cocalc.client import Output
from tests.classroom.shell import run

if TYPE_CHECKING:
    from classroom.rules.manifest import File

LATENCY = 0.2
STUDENTS = 200
CONCURRENCY = 10
PLACES = 8  # the others are kept for Submit and Collect
LARGE, SMALL = 1000, 5


def serve(answers: dict[str, Output], ready: Connection) -> None:
    """Answer every call after `LATENCY`: commands as they were answered once, by a part of them."""
    counts: Counter[str] = Counter()

    async def call(request: web.Request) -> web.Response:
        await asyncio.sleep(LATENCY)
        event = request.match_info["event"]
        given = await request.json() if "json" in request.content_type else await request.post()
        counts[event] += 1
        if event == "project_exec":
            output = next(out for part, out in answers.items() if part in str(given["command"]))
            said = {"stdout": output.stdout, "stderr": "", "exit_code": 0, "type": "blocking"}
            return web.json_response({"event": "project_exec_output", "id": given["id"], **said})
        return web.json_response(
            {"event": "copy_path_between_projects_response", "id": given["id"], "copy_path_id": ""}
        )

    async def counted(request: web.Request) -> web.Response:
        return web.json_response(counts)

    async def main() -> None:
        app = web.Application(client_max_size=2_000_000)
        app.router.add_post("/api/v1/{event}", call)
        app.router.add_get("/counts", counted)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        ready.send(site._server.sockets[0].getsockname()[1])  # type: ignore[union-attr]
        await asyncio.Event().wait()

    asyncio.run(main())


def answer(said: dict[str, Any]) -> str:
    """Return what one of our programs prints in a project."""
    head = json.dumps(said).encode()
    return base64.b64encode(zlib.compress(len(head).to_bytes(4, "big") + head)).decode()


def steps(folder: Path) -> None:
    """Measure both ways of handing out; Django is set up, and its queue empty."""
    from django.test.utils import override_settings

    from classroom.carrying import calls, outgoing
    from classroom.class_steps import class_steps
    from classroom.engine import working
    from classroom.models import Assignment, Transfer
    from classroom.rules import manifest
    from classroom.rules.manifest import File
    from classroom.steps import parcel
    from tests.classroom import factories

    home = folder / "home" / "homework"
    home.mkdir(parents=True)
    notebook = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (home / "homework.ipynb").write_text(json.dumps(notebook))
    (home / "data.csv").write_text("1,2\n" * 1000)
    command: dict[str, Any] = {"do": "pack", "folder": "homework", "known": []}
    command |= {"skip": manifest.LEFT_OUT, "files": 9, "bytes": 99_999, "budget": 99_999}
    packed = run(calls.script(calls.GIVING, command), folder / "home")
    said, _ = calls.read(packed, 99_999)
    rows = [row[:5] for row in said["files"]]
    answers = {
        '"do": "pack"': packed,
        '"do": "place"': Output(answer({"found": rows}), "", 0),
        '"do": "stash"': Output(answer({}), "", 0),
    }
    mine, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(answers, theirs), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{mine.recv()}"
    emmy = factories.make_user("steps-teacher", teacher=True)
    course = factories.make_course(emmy)
    for n in range(STUDENTS):
        factories.enrol(course, factories.make_user(f"steps-{n}"))
    _on_cocalc()
    files = [File(path=row[0], size=row[1], sha256=row[4]) for row in rows]
    with override_settings(
        EMBEDDING={
            "COCALC_URL": url,
            "COCALC_API_KEY": "sk_benchbenchbenchbench0000",
            "ACCOUNT_DOMAIN": "accounts.school.test",
        },
        CLASSROOM={"CONCURRENCY": CONCURRENCY},
    ):
        for name, part in (("in one call", outgoing.PART), ("in parts", 200)):
            outgoing.PART = part
            parcel.forget()
            given = {"files": files, "sources": files}
            assignment: Assignment = factories.make_assignment(course, name, **given)
            before = sum(requests.get(f"{url}/counts", timeout=5).json().values())
            class_steps.hand_out(assignment, "all", actor=emmy)
            began = time.perf_counter()
            working.Drain(lambda: False).run()
            took = time.perf_counter() - began
            made = sum(requests.get(f"{url}/counts", timeout=5).json().values()) - before
            done = Transfer.objects.filter(assignment=assignment, state="done").count()
            assert done == STUDENTS
            ideal = made * LATENCY / PLACES
            least = STUDENTS * LATENCY / PLACES
            label = f"handing out to {STUDENTS} students {name} / ideal"
            print(
                f"{label:58} {took / ideal:6.2f}   ({took:.2f} s over {ideal:.2f} s for {made} "
                f"calls; {took / least:.2f} of {least:.1f} s)"
            )
        _two_classes(files)
    server.kill()


def _two_classes(files: "list[File]") -> None:
    """Measure how long a small class waits while a large one is handed out."""
    from classroom.class_steps import class_steps
    from classroom.engine import working
    from classroom.models import Transfer
    from tests.classroom import factories

    emmy = factories.make_user("two-teacher", teacher=True)
    assignments = []
    for title, size in (("Large", LARGE), ("Small", SMALL)):
        course = factories.make_course(emmy, title)
        for n in range(size):
            factories.enrol(course, factories.make_user(f"{title}-{n}"))
        given = {"folder": "homework", "files": files, "sources": files}
        assignments.append(factories.make_assignment(course, title, **given))
    _on_cocalc()
    large, small = assignments
    over = threading.Event()
    drain = threading.Thread(target=working.Drain(over.is_set).run)
    class_steps.hand_out(large, "all", actor=emmy)
    drain.start()
    while not Transfer.objects.filter(assignment=large, state="done").exists():
        time.sleep(LATENCY)
    class_steps.hand_out(small, "all", actor=emmy)
    while Transfer.objects.filter(assignment=small, state="done").count() < SMALL:
        time.sleep(LATENCY)
    over.set()
    drain.join()
    waited = max(
        (row.started - row.created).total_seconds()
        for row in Transfer.objects.filter(assignment=small)
        if row.started
    )
    one = statistics.median(
        (row.ended - row.started).total_seconds()
        for row in Transfer.objects.filter(assignment=large, state="done")
        if row.started and row.ended
    )
    left = Transfer.objects.filter(assignment=large, state="queued").count()
    label = f"a class of {SMALL} waits while {LARGE:,} are handed out / a transfer"
    print(
        f"{label:58} {waited / one:6.2f}   ({waited:.2f} s over {one:.2f} s; {left} still waited)"
    )


def _on_cocalc() -> None:
    from embedding.models import CocalcProject

    for project in CocalcProject.objects.filter(project_id=None):
        CocalcProject.objects.filter(pk=project.pk).update(project_id=uuid.uuid4())
