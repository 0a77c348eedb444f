"""Commands in a project: what they are given, and what comes back of them."""

import shlex

import pytest

from embedding.cocalc.client import Client, Output
from embedding.cocalc.errors import CommandFailed, NotFound
from tests.contract.promises.support import IN_A_PROJECT, OPERATIONS, Side, shows

pytestmark = pytest.mark.any_key

ODD = ["two words", 'it\'s "quoted"', "$HOME `id` \\ *?[x]", "", "-n", "new\nline", "Ünï 文", "~"]


@shows("exec")
def test_a_command_gets_its_arguments_as_they_are(side: Side, client: Client, project: str) -> None:
    output = client.exec(project, "printf", ["%s|", *ODD])
    assert output == Output("".join(f"{word}|" for word in ODD), "", 0)


def test_bash_gets_a_script_and_no_arguments(client: Client, project: str) -> None:
    assert client.exec(project, "echo $((1 + 1))", bash=True).stdout == "2\n"
    with pytest.raises(ValueError, match="arg"):
        client.exec(project, "echo", ["x"], bash=True)


@pytest.mark.parametrize("bash", [True, False])
def test_a_command_runs_in_the_folder_it_is_given(client: Client, project: str, bash: bool) -> None:
    client.make_folder(project, "a b/c")
    home = client.exec(project, "pwd", bash=bash).stdout
    assert client.exec(project, "pwd", bash=bash, path="a b/c").stdout == f"{home.strip()}/a b/c\n"


@pytest.mark.parametrize("bash", [True, False])
def test_a_folder_that_is_not_there_is_not_found(client: Client, project: str, bash: bool) -> None:
    client.start_project(project)
    with pytest.raises(NotFound):
        client.exec(project, "pwd", bash=bash, path="nowhere")


def test_a_command_that_is_not_there_is_not_found(client: Client, project: str) -> None:
    with pytest.raises(NotFound):
        client.exec(project, "no-such-command")
    output = client.exec(project, "no-such-command", bash=True, check=False)
    assert output.exit_code == 127


@pytest.mark.parametrize("code", [1, 3, 80, 127, 255])
@pytest.mark.parametrize("bash", [True, False])
def test_an_exit_code_comes_back(client: Client, project: str, code: int, bash: bool) -> None:
    script = f"echo out; echo err >&2; exit {code}"
    call = (script, []) if bash else ("bash", ["-c", script])
    output = client.exec(project, *call, bash=bash, check=False)
    assert output == Output("out\n", "err\n", code)
    with pytest.raises(CommandFailed, match="err") as failure:
        client.exec(project, *call, bash=bash)
    assert failure.value.exit_code == code
    assert not failure.value.recoverable


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("bash", [True, False])
def test_a_command_is_killed_at_its_limit(
    client: Client, project: str, check: bool, bash: bool
) -> None:
    client.start_project(project)
    call = ("echo begun; sleep 20; touch late", []) if bash else ("sleep", ["20"])
    with pytest.raises(CommandFailed) as failure:
        client.exec(project, *call, bash=bash, timeout=1, check=check)
    assert failure.value.exit_code is None
    assert not client.file_exists(project, "late")


SIGNALS = ["kill -9 $$", "echo out; kill -TERM $$; sleep 1", "kill -SEGV $$"]


@shows("killed")
@pytest.mark.parametrize("script", SIGNALS)
@pytest.mark.parametrize("bash", [True, False])
def test_a_command_killed_by_a_signal_has_not_succeeded(
    side: Side, client: Client, project: str, script: str, bash: bool
) -> None:
    call = (script, []) if bash else ("bash", ["-c", script])
    with pytest.raises(CommandFailed):
        client.exec(project, *call, bash=bash)


def test_a_limit_has_to_be_a_second_at_least(client: Client, project: str) -> None:
    for timeout in (0, -1):
        with pytest.raises(ValueError, match="at least 1"):
            client.exec(project, "true", timeout=timeout)


def test_output_is_text_byte_by_byte(client: Client, project: str) -> None:
    text = "Zoë 文件 \U0001f600\t\r\n\n no newline"
    assert client.exec(project, "printf", ["%s", text]).stdout == text
    assert client.exec(project, f"printf %s {shlex.quote(text)}", bash=True).stdout == text
    assert client.exec(project, "printf '%s' x >&2", bash=True).stderr == "x"
    assert client.exec(project, "true") == Output("", "", 0)


def test_binary_output_is_lossy_and_no_failure(client: Client, project: str) -> None:
    output = client.exec(project, r"printf 'a\377b\000c'", bash=True)
    assert output.stdout.startswith("a")
    assert output.stdout.endswith("c")
    assert output.exit_code == 0


def test_much_output_comes_whole(client: Client, project: str) -> None:
    script = "head -c 3000000 /dev/zero | tr '\\0' 'é'; seq 400000 >&2"
    output = client.exec(project, script.replace("é", "x"), bash=True, timeout=60)
    assert output.stdout == "x" * 3_000_000
    assert output.stderr.splitlines()[::399_999] == ["1", "400000"]


def test_a_long_script_is_run_as_a_short_one(client: Client, project: str) -> None:
    script = "\n".join(f"n{n}=x" for n in range(20_000)) + "\necho $n19999; exit 3"
    output = client.exec(project, script, bash=True, check=False, timeout=30)
    assert output.exit_code == 3


def test_nothing_is_to_be_read_from_the_keyboard(client: Client, project: str) -> None:
    assert client.exec(project, "cat", timeout=5).stdout == ""
    assert client.exec(project, "cat; echo end", bash=True, timeout=5).stdout == "end\n"


@pytest.mark.parametrize("operation", IN_A_PROJECT)
def test_a_call_into_a_stopped_project_starts_it(
    client: Client, project: str, operation: str
) -> None:
    client.write_file(project, "file", b"x")
    client.stop_project(project)
    OPERATIONS[operation](client, project, "")
    assert client.project_state(project) == "running"


@shows("close_home")
def test_a_home_is_closed_and_told_of_once(side: Side, project: str) -> None:
    told: list[str] = []
    with side.client(on_open_home=told.append) as client:
        client.exec(project, "chmod", ["755", "."])
        client.close_home(project)
        assert told == [project]
        assert client.exec(project, "stat", ["-c", "%a", "."]).stdout == "700\n"
        client.close_home(project)
        assert told == [project]


CLOSING = [
    "exec in bash",
    "list_folder",
    "make_folder",
    "move",
    "read_file",
    "remove",
    "write_file",
]


@pytest.mark.parametrize("operation", CLOSING)
def test_whatever_runs_bash_in_the_home_closes_it(side: Side, project: str, operation: str) -> None:
    told: list[str] = []
    with side.client(on_open_home=told.append) as client:
        client.write_file(project, "file", b"x")
        client.exec(project, "chmod", ["711", "."])
        told.clear()
        if operation == "exec in bash":
            assert client.exec(project, "echo x >&2", bash=True) == Output("", "x\n", 0)
        else:
            OPERATIONS[operation](client, project, "")
        assert told == [project]
        assert client.exec(project, "stat", ["-c", "%a", "."]).stdout == "700\n"
