"""How API v1 runs commands in a project, and copies between projects."""

from collections.abc import Iterable, Sequence
from typing import Any

from embedding.cocalc import commands
from embedding.cocalc.caller import Retry
from embedding.cocalc.client import Output
from embedding.cocalc.errors import (
    CannotStart,
    CommandFailed,
    InTheWay,
    NotCocalc,
    NotStarted,
    ServerFault,
)
from embedding.cocalc.paths import clean_path
from embedding.cocalc.reading import checked_uuid
from embedding.cocalc.v1.answers import is_of_a_child, is_undone
from embedding.cocalc.v1.calls import Calls
from embedding.cocalc.v1.transport import fits_json


class Commands(Calls, commands.Commands):
    """The operations that run something."""

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
            return Output("", failure.words, failure.exit_code)
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
            or type(exit_code) is not int  # True is none
        ):
            raise NotCocalc(operation, "the answer has no output", status=200)
        return Output(stdout, stderr, exit_code)
