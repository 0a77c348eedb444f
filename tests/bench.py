"""`make bench`: what the site adds to what CoCalc takes, as ratios measured in one run.

Each pair is run alternately against the same sandbox, so that a busy machine slows both alike.
Above 1 is what we add; the medians are for orientation only.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROUNDS = 60


def tell(name: str, ours: list[float], bare: list[float]) -> None:
    """Print the ratio of the medians."""
    mine, theirs = statistics.median(ours), statistics.median(bare)
    print(
        f"{name:52} {mine / theirs:6.2f}   ({mine:.2f} ms over {theirs:.2f} ms, "
        f"{mine - theirs:+.2f} ms)"
    )


def pair(name: str, ours: Callable[[], object], bare: Callable[[], object], rounds: int) -> None:
    """Time both alternately."""
    took: dict[bool, list[float]] = {True: [], False: []}
    for counted in (*(False,) * 3, *(True,) * rounds):  # the first three warm up
        for is_ours, run in ((True, ours), (False, bare)):
            began = time.perf_counter()
            run()
            if counted:
                took[is_ours].append((time.perf_counter() - began) * 1000)
    tell(name, took[True], took[False])


# In a frame that answers at once: an `open` as CoCalc does, and anything else by itself.
_ECHO = """addEventListener("message", ({ source, origin, data }) => {
  const replies = data.action === "open"
    ? ["ack", "done"].map((status) => ({ ...data, status })) : [data];
  for (const reply of replies) source.postMessage(reply, origin);
})"""
_OPEN_AND_ECHO = """async (rounds) => {
  const window_ = frame.contentWindow;
  const echo = (number) => new Promise((resolve) => {
    addEventListener("message", resolve, { once: true });
    window_.postMessage({ number }, cocalc);
  });
  const took = { ours: [], bare: [] };
  const each = 20; // the browser's clock is coarse
  for (let round = 0; round < rounds; round++)
    for (const [name, act] of [["ours", (n) => bridge.open(P, `${round}-${n}`)], ["bare", echo]]) {
      const began = performance.now();
      for (let n = 0; n < each; n++) await act(n);
      took[name].push((performance.now() - began) / each);
    }
  return took;
}"""


def bridge() -> None:
    """Time the bridge in a real browser."""
    from tests.bridge.conftest import serving
    from tests.chromium import arguments, headless

    with serving() as sites, headless(arguments({})) as browser:
        page = browser.new_page()
        page.goto(f"{sites.host}/host.html?{sites.cocalc}")
        page.wait_for_function("window.ready")
        page.evaluate("async () => { start({manual: true}); await loaded(frame); }")
        page.frames[-1].evaluate(_ECHO)
        page.evaluate(_OPEN_AND_ECHO, 5)
        took = page.evaluate(_OPEN_AND_ECHO, ROUNDS)
    tell("open (one message, two replies) / a bare echo", took["ours"], took["bare"])


def main(folder: Path) -> None:
    """Measure."""
    os.environ["DATABASE_URL"] = f"sqlite:///{folder}/bench.sqlite3"
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()

    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test.utils import override_settings

    from embedding.client import client
    from embedding.models import CocalcAccount, EmbedSession
    from sandbox.process import SandboxProcess
    from tests.bench_matrix import matrix
    from tests.bench_steps import steps
    from tests.conftest import HttpsClient
    from tests.embedding.conftest import KEY, embedding_settings
    from tests.embedding.helpers import open_session, with_file

    call_command("migrate", verbosity=0)
    steps(folder / "steps")
    print()
    with (
        SandboxProcess.start(folder / "cocalc", admin_key=KEY) as sandbox,
        override_settings(
            EMBEDDING=embedding_settings(sandbox, SESSIONS_PER_MINUTE=1000),
            ALLOWED_HOSTS=["learn.school.test"],
        ),
        ThreadPoolExecutor(2) as pool,
    ):
        cocalc = client()
        member = with_file(cocalc, User.objects.create_user("ada"), "a.ipynb")
        project_id = str(member.project.project_id)
        account_id = str(CocalcAccount.objects.get().account_id)
        browser = HttpsClient(member.user)

        def open_unchecked() -> None:
            EmbedSession.objects.update(checked=None)
            assert open_session(browser, "a.ipynb").status_code == 200

        def both_calls() -> None:
            mint = pool.submit(cocalc.mint_token, account_id)
            cocalc.file_exists(project_id, "a.ipynb")
            mint.result()

        sandbox.reset_calls()
        open_unchecked()
        print("calls for a known user's first view:", sandbox.calls()["counts"])
        sandbox.reset_calls()
        open_session(browser, "a.ipynb")
        print("and within a minute of it:          ", sandbox.calls()["counts"], "\n")

        pair("session request / its two calls side by side", open_unchecked, both_calls, ROUNDS)
        pair(
            "session request within a minute / its mint",
            lambda: open_session(browser, "a.ipynb"),
            lambda: cocalc.mint_token(account_id),
            ROUNDS,
        )
        cocalc.exec(project_id, "mkdir many; touch many/{1..1000}", bash=True)
        pair(
            "list of 1,000 files / the command that lists them",
            lambda: browser.get("/projects/mine/listing?folder=many"),
            lambda: cocalc.exec(project_id, "ls -l many", bash=True),
            20,
        )
        content = os.urandom(5_000_000)
        pair(
            "writing 5 MB / the same bytes as one local write",
            lambda: cocalc.write_file(project_id, "large.bin", content),
            lambda: (folder / "large.bin").write_bytes(content),
            5,
        )
    matrix()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        main(Path(name))
    bridge()
    sys.exit()
