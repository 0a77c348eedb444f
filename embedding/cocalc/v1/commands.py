"""Commands in a project, and copies between projects."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from embedding.cocalc.client import Output
from embedding.cocalc.errors import (
    CannotStart,
    CocalcError,
    CommandFailed,
    InTheWay,
    NotCocalc,
    NotStarted,
    ServerFault,
)
from embedding.cocalc.paths import clean_path
from embedding.cocalc.v1 import scripts
from embedding.cocalc.v1.answers import is_of_a_child, is_undone
from embedding.cocalc.v1.calls import Calls, checked_uuid
from embedding.cocalc.v1.transport import Retry, fits_json

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
        clean_path(path, home=True)
        output = self._exec(
            "exec", project_id, command, args, path=path, bash=bash, timeout=timeout
        )
        if check and output.exit_code != 0:
            raise self._failed("exec", output)
        return output

    def close_home(self, project_id: str) -> None:
        self._run("close_home", project_id, "true", retry=Retry.ALWAYS)

    def copy_path(
        self,
        *,
        source_project: str,
        source_path: str,
        target_project: str,
        target_path: str,
        overwrite_newer: bool = False,
        delete_missing: bool = False,
        backup: bool = False,
        exclude: Iterable[str] = (),
        timeout: int = 280,
    ) -> None:
        """Copy, and wait: without `wait_until_done` rsync's failures look like success.

        A project that does not exist "succeeds" as target for an admin's key.
        """
        if timeout < 1:
            raise ValueError("timeout must be at least 1 second: 0 is none for rsync.")
        fields: dict[str, Any] = {
            "src_project_id": checked_uuid(source_project),
            "src_path": clean_path(source_path, home=True),
            "target_project_id": checked_uuid(target_project),
            "target_path": clean_path(target_path),
            "overwrite_newer": overwrite_newer,
            "delete_missing": delete_missing,
            "backup": backup,
            "timeout": timeout,
            "wait_until_done": True,
        }
        if patterns := list(exclude):
            fields["exclude"] = patterns
        try:
            self._transport.call(
                "copy_path",
                "copy_path_between_projects",
                fields,
                success=("copy_path_between_projects_response", "success"),
                limit=timeout + self._limits.margin,
                retry=Retry.UNDONE,
            )
        except (CommandFailed, ServerFault) as failed:
            told = isinstance(failed, CommandFailed) or is_of_a_child(failed)
            if not (told and self._in_the_way(target_project, target_path)):
                raise
            raise InTheWay(
                "copy_path", failed.words, status=failed.status, folder=target_path
            ) from None

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
        text = {"project_id": checked_uuid(project_id), "command": command, "path": path}
        fields = {
            **text,
            "timeout": timeout,
            "args": list(args),
            "bash": bash,
            "err_on_exit": False,
        }
        # A form cannot say `bash` or `err_on_exit`, but with blanks and no args it is bash anyway.
        form = bash and not args and not fits_json(fields)
        try:
            answer = self._transport.call(
                operation,
                "project_exec",
                {**text, "timeout": timeout} if form else fields,
                success=("project_exec_output",),
                # A start does not count against `timeout`.
                limit=limit or max(timeout + self._limits.margin, self._limits.start),
                retry=retry,
                form=form,
            )
        except CommandFailed as failure:
            if failure.exit_code is None:
                raise
            return self._heard(project_id, Output("", failure.words, failure.exit_code))
        except ServerFault as fault:
            if is_undone(fault):
                raise NotStarted(operation, fault.words, status=fault.status) from None
            if is_of_a_child(fault):
                raise CannotStart(operation, fault.words, status=fault.status) from None
            raise
        stdout, stderr = answer.get("stdout"), answer.get("stderr")
        exit_code = answer.get("exit_code")
        if (
            not isinstance(stdout, str)
            or not isinstance(stderr, str)
            or not isinstance(exit_code, int)
        ):
            raise NotCocalc(operation, "the answer has no output", status=200)
        return self._heard(project_id, Output(stdout, stderr, exit_code))

    def _heard(self, project_id: str, output: Output) -> Output:
        """Tell of a home that was open; the command's own output is without it."""
        if scripts.WAS_OPEN not in output.stderr:
            return output
        if self._on_open_home:
            self._on_open_home(project_id)
        return replace(output, stderr=output.stderr.replace(f"{scripts.WAS_OPEN}\n", "", 1))

    def _failed(self, operation: str, output: Output) -> CommandFailed:
        words = self._transport.readable(output.stderr) or f"exit code {output.exit_code}"
        return CommandFailed(operation, words, status=200, exit_code=output.exit_code)
