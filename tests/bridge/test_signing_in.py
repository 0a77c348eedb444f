"""Signing in as a step of its own, before CoCalc's page is shown: slow, in vain, given up."""

from typing import Any

from playwright.sync_api import Page


def run(page: Page, script: str) -> Any:
    given = """
        const { Night, P } = await import("/fake-session.js");
        const w = new Night(); w.twoSteps = true;
        const steps = () => w.states.map(({ state, step }) => step || state);
        const ended = () => w.asked.filter(({ what }) => what === "signed-in")
            .map(({ json, url }) => json.signIn.split("?")[1] + (/0{8}-/.test(url) ? "!" : ""));
    """
    return page.evaluate(f"async () => {{ {given} {script} }}")


def test_first_the_sign_in_then_the_file(fake: Page) -> None:
    assert run(
        fake,
        """
        w.slowVisit = true; w.session.start(); await w.pass(100);
        const before = [w.visits.length, w.shown, w.visits[0].left, ended()];
        w.visits[0].load(); await w.pass(3_000);
        return [before, steps(), w.shown, w.visits[0].left, ended(), w.session.state];
        """,
    ) == [
        [1, 0, False, []],
        ["opening", "signing_in", "opening", "ready"],
        1,
        True,
        ["1"],
        "ready",
    ]


def test_where_the_address_signs_in_nothing_is_visited(fake: Page) -> None:
    assert run(
        fake,
        """
        w.twoSteps = false; await w.begin();
        return [w.visits.length, ended(), w.session.state];
        """,
    ) == [0, [], "ready"]


def test_a_slow_first_load_is_told_and_waited_for(fake: Page) -> None:
    """A likely cause is not believed for some time, and late is not never."""
    assert run(
        fake,
        """
        w.slowVisit = true; await w.begin(); await w.pass(30_000);
        const before = [steps().at(-1), w.session.state, w.count("diagnosis"),
            w.asked.find(({ what }) => what === "diagnosis").json.seen];
        w.visits[0].load(); await w.pass(3_000);
        return [before, w.session.state, w.visits.length, ended()];
        """,
    ) == [["signing_in_slow", "preparing", 1, "sign-in"], "ready", 1, ["1"]]


def test_a_sure_cause_is_told_at_once_and_a_late_load_counts(fake: Page) -> None:
    assert run(
        fake,
        """
        w.answers.diagnosis = () => [200, { code: "certificate", state: "blocked", message: "m",
            certain: true }];
        w.slowVisit = true; await w.begin(); await w.pass(4_000);
        const told = [w.session.state, w.session.code];
        await w.pass(100_000); const asked = [w.count("session"), w.visits.length];
        w.visits[0].load(); await w.pass(3_000);
        return [told, asked, w.session.state];
        """,
    ) == [["blocked", "certificate"], [1, 1], "ready"]


def test_a_load_that_never_comes_has_a_cause_and_is_tried_again(fake: Page) -> None:
    assert run(
        fake,
        """
        w.answers.diagnosis = () => [200, { code: "cocalc_silent", state: "unreachable",
            message: "m", certain: false }];
        w.slowVisit = true; await w.begin(); await w.pass(44_000);
        const told = [w.session.state, w.states.at(-1).retryAt !== null, w.visits.length];
        w.forget(); await w.pass(50_000);
        const again = [w.visits.length, w.visits[0].left, ended(), w.names()];
        w.visits.at(-1).load(); await w.pass(3_000);
        return [told, again, w.session.state];
        """,
    ) == [["unreachable", True, 1], [2, True, ["1"], []], "ready"]


def test_where_our_site_cannot_find_out_why_there_is_a_way_on(fake: Page) -> None:
    assert run(
        fake,
        """
        w.answers.diagnosis = () => w.error(503, "crowded");
        w.slowVisit = true; await w.begin(); await w.pass(44_000);
        const told = [w.session.state, w.session.code];
        w.slowVisit = false; w.session.retry(); await w.pass(3_000);
        return [told, w.visits.length, w.visits[0].left, w.session.state];
        """,
    ) == [["unreachable", "cocalc_silent"], 2, True, "ready"]


def test_who_asks_to_load_anew_need_not_wait(fake: Page) -> None:
    """Neither by "Try again" nor by "Reload"; but a double click starts nothing twice."""
    assert run(
        fake,
        """
        w.slowVisit = true; await w.begin(); w.session.start(); await w.pass(45_000);
        const before = [w.session.state, w.visits.length];
        w.session.start(); await w.pass(100);
        const reloaded = [w.visits.length, w.visits[0].left];
        w.visits[1].load(); await w.pass(3_000);
        return [before, reloaded, w.session.state];
        """,
    ) == [["blocked", 1], [2, True], "ready"]


def test_a_token_that_was_too_old_is_replaced_once(fake: Page) -> None:
    """CoCalc says so with status 200, which no frame can see: nobody is signed in there."""
    assert run(
        fake,
        """
        w.nobody = 1; await w.begin(); await w.pass(13_000);
        const json = w.asked.filter(({ what }) => what === "session").map(({ json }) => json.again);
        return [json, w.visits.length, ended(), w.session.state, w.count("diagnosis"), w.notes];
        """,
    ) == [[False, True], 2, ["1", "2"], "ready", 0, []]


def test_where_a_fresh_token_does_not_help_the_cause_is_told(fake: Page) -> None:
    assert run(
        fake,
        """
        w.nobody = 9; await w.begin(); await w.pass(13_000);
        const first = [w.count("session"), w.session.state];
        await w.pass(14_000);
        const { json } = w.asked.find(({ what }) => what === "diagnosis");
        const told = [w.count("session"), json.seen, w.session.state, w.session.code];
        await w.pass(60_000); const quiet = w.count("session");
        w.nobody = 1; w.session.retry(); await w.pass(20_000);
        return [first, told, quiet, w.session.state];
        """,
    ) == [[2, "opening"], [2, "nobody", "blocked", "cause"], 2, "ready"]


def test_a_page_that_has_signed_in_is_not_taken_for_nobodys(fake: Page) -> None:
    """It acknowledges: that the file does not open has another cause."""
    assert run(
        fake,
        """
        w.opensNothing = true; await w.begin(); await w.pass(13_000);
        const { json } = w.asked.find(({ what }) => what === "diagnosis");
        return [w.count("session"), json.seen, w.session.state];
        """,
    ) == [1, "unopened", "blocked"]


def test_the_log_names_a_file_before_it_is_open(fake: Page) -> None:
    assert run(
        fake,
        """
        w.mute = true; w.session.start(); await w.pass(1_000);
        w.twoSteps = false; w.opens("a"); await w.pass();
        const early = w.session.state;
        w.opened("a"); await w.pass();
        return [early, w.session.state];
        """,
    ) == ["opening", "ready"]


def test_whoever_leaves_meanwhile_leaves_nothing(fake: Page) -> None:
    """Signed out, destroyed, or the page is left: the frame is gone, and the token is ended."""
    for leaving, state in (
        ('w.announce("")', "signed_out"),
        ("w.session.destroy()", "preparing"),
        ('w.fire("pagehide")', "preparing"),
    ):
        assert run(
            fake,
            f"""
            w.slowVisit = true; w.session.start(); await w.pass(1_000);
            {leaving}; await w.pass(1_000);
            const ends = ended(); w.fire("pagehide"); await w.pass(1_000);
            return [w.visits[0].left || w.session.asking, ends, ended(), w.shown, w.session.state];
            """,
        ) == [True, ["1"], ["1"], 0, state], leaving


def test_another_file_is_wanted_meanwhile(fake: Page) -> None:
    assert run(
        fake,
        """
        w.slowVisit = true; w.session.start(); await w.pass(1_000);
        w.session.switchTo("b"); await w.pass(1_000);
        const before = [w.visits.map(({ left }) => left), ended()];
        for (const { load } of w.visits) load();
        await w.pass(3_000);
        return [before, w.shown, w.session.path, w.files, w.session.state, ended()];
        """,
    ) == [[[True, False], ["1"]], 1, "b", ["b"], "ready", ["1", "2"]]


def test_a_frame_that_comes_back_by_itself_needs_no_other_sign_in(fake: Page) -> None:
    assert run(
        fake,
        """
        await w.begin(); await w.pass(16_000); w.forget(); w.slowVisit = true;
        w.running = false; w.files = []; w.time = new Date(99); w.opensNothing = true;
        w.fire("online"); await w.pass(9_000);
        const before = [w.session.state, w.visits.length, steps().at(-1)];
        w.opened("a"); w.log("a"); await w.pass(1_000);
        return [before, w.session.state, w.visits[1].left, w.shown];
        """,
    ) == [["reconnecting", 2, "signing_in"], "ready", True, 1]


def test_each_new_address_signs_in_again(fake: Page) -> None:
    assert run(
        fake,
        """
        await w.begin(); w.session.start({ again: true }); await w.pass(3_000);
        return [w.visits.map(({ url }) => url.split("?")[1]), ended(), w.shown, w.session.state];
        """,
    ) == [["1", "2"], ["1", "2"], 2, "ready"]


def test_a_lost_answer_to_the_end_of_a_token_changes_nothing(fake: Page) -> None:
    assert run(
        fake,
        """
        w.answers["signed-in"] = () => [0]; await w.begin();
        return [w.session.state, ended()];
        """,
    ) == ["ready", ["1"]]
