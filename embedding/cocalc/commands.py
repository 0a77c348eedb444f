"""Commands in a project, whatever the generation: only how one is sent differs."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace

from embedding.cocalc import scripts
from embedding.cocalc.caller import Retry
from embedding.cocalc.calls import Calls
from embedding.cocalc.client import Output
from embedding.cocalc.errors import (
    CannotEmbed,
    CannotStart,
    CocalcError,
    CommandFailed,
    Limited,
    RefusedKey,
    ServerFault,
)
from embedding.cocalc.paths import clean_path

SCRIPT_TIMEOUT = 60  # seconds for a script of our own


class Commands(Calls):
    """The operations that run something."""

    def exec(
        self,
        project_id: str,
        command: str,
        args: Sequence[str] = (),
        *,
        path: str = "",
        bash: bool = False,
        timeout: int = 10,
        check: bool = True,
    ) -> Output:
        if timeout < 1:
            raise ValueError("timeout must be at least 1 second: CoCalc never answers for 0.")
        if bash and args:
            raise ValueError("A script takes no args.")
        clean_path(path, home=True)
        output = self._exec(
            "exec", project_id, command, args, path=path, bash=bash, timeout=timeout
        )
        if check and output.exit_code != 0:
            raise self._failed("exec", output)
        return output

    def close_home(self, project_id: str) -> None:
        self._run("close_home", project_id, "true", retry=Retry.ALWAYS)

    @abstractmethod
    def _execute(
        self,
        operation: str,
        project_id: str,
        command: str,
        args: Sequence[str],
        *,
        path: str,
        bash: bool,
        timeout: int,
        retry: Retry,
        limit: float | None,
    ) -> Output:
        """Send a command and return what it left, also where its exit code is not 0.

        Args:
            limit: seconds for all attempts together; None for what a start may take.

        Raises:
            CommandFailed: killed at its limit of `timeout` seconds.
            NotStarted, CannotStart: the project does not run; nothing was done in it.
        """

    @abstractmethod
    def _runs(self, operation: str, project_id: str) -> bool:
        """Ask CoCalc itself, and not the project, whether it runs; it may start it for that.

        Raises what CoCalc itself refuses.
        """

    def _in_the_way(self, project_id: str, folder: str) -> bool:
        """Look whether a file is in the way of a folder; not where the project does not say."""
        script = scripts.look_for_file(scripts.quoted(folder))
        try:
            output = self._run("copy_path", project_id, script, retry=Retry.ALWAYS)
        except CocalcError:
            return False
        return output.exit_code == scripts.IN_THE_WAY

    def _run(
        self,
        operation: str,
        project_id: str,
        script: str,
        *,
        retry: Retry,
        limit: float | None = None,
    ) -> Output:
        return self._exec(
            operation,
            project_id,
            script,
            bash=True,
            timeout=SCRIPT_TIMEOUT,
            retry=retry,
            limit=limit,
        )

    def _exec(
        self,
        operation: str,
        project_id: str,
        command: str,
        args: Sequence[str] = (),
        *,
        path: str = "",
        bash: bool = False,
        timeout: int = 10,
        retry: Retry = Retry.NEVER,
        limit: float | None = None,
    ) -> Output:
        if bash and not path:
            command = scripts.CLOSED_HOME + command
        try:
            output = self._execute(
                operation,
                project_id,
                command,
                args,
                path=path,
                bash=bash,
                timeout=timeout,
                retry=retry,
                limit=limit,
            )
        except (CannotEmbed, CannotStart, Limited, RefusedKey) as error:
            if error.status != 200:  # the web server's, which no project reaches
                raise
            told = error
        else:
            return self._heard(project_id, output)
        # In an answer of 200 these may be words of the project's own: a student's program can
        # answer in its place. They concern the whole site, or excuse the student: who cannot be
        # asked has not been asked in time either. So CoCalc's own word counts.
        if not self._runs(operation, project_id) and isinstance(told, CannotStart):
            raise told
        raise ServerFault(operation, told.words, status=200)

    def _heard(self, project_id: str, output: Output) -> Output:
        """Tell of a home that was open; the command's own output is without it."""
        if scripts.WAS_OPEN not in output.stderr:
            return output
        if self._on_open_home:
            self._on_open_home(project_id)
        return replace(output, stderr=output.stderr.replace(f"{scripts.WAS_OPEN}\n", "", 1))

    def _failed(self, operation: str, output: Output) -> CommandFailed:
        words = self._readable(output.stderr) or f"exit code {output.exit_code}"
        return CommandFailed(operation, words, status=200, exit_code=output.exit_code)
