"""How this generation runs commands in a project, and copies between projects."""

from collections.abc import Iterable, Sequence
from typing import Any

from embedding.cocalc import commands
from embedding.cocalc.caller import Retry
from embedding.cocalc.client import Output
from embedding.cocalc.conat.answers import is_output, is_void
from embedding.cocalc.conat.starting import Starting
from embedding.cocalc.conat.wrapping import Wrapping
from embedding.cocalc.errors import CannotStart, CommandFailed, InTheWay, ServerFault
from embedding.cocalc.paths import clean_path
from embedding.cocalc.reading import checked_uuid


class Commands(Starting, commands.Commands):
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
        """Copy on CoCalc's own disk: neither project has to run.

        CoCalc looks at the beginning of a path only, so that it is checked here; and it takes an
        `exclude` that is no list for one pattern a letter. Where it does not answer in time it
        goes on copying: OutcomeUnknown.
        """
        if timeout < 1:
            raise ValueError("timeout must be at least 1 second: 0 is none for rsync.")
        if isinstance(exclude, str):
            raise ValueError("exclude must be a list of patterns.")
        fields: dict[str, Any] = {
            "src_project_id": checked_uuid(source_project),
            "src_path": clean_path(source_path, home=True),
            "target_project_id": checked_uuid(target_project),
            "target_path": clean_path(target_path),
            "overwrite_newer": overwrite_newer,
            "delete_missing": delete_missing,
            "backup": backup,
            "exclude": list(exclude),
            "timeout": timeout,
        }
        try:
            self._hub(
                "copy_path",
                "projects.copyPathBetweenProjects",
                fields,
                shape=is_void,
                limit=timeout + self._limits.margin,
                retry=Retry.UNDONE,
            )
        except (CommandFailed, ServerFault) as failed:
            words, status = failed.words, failed.status
            if self._in_the_way(target_project, target_path):
                raise InTheWay("copy_path", words, status=status, folder=target_path) from None
            if isinstance(failed, CannotStart):  # it was another program that failed
                raise ServerFault("copy_path", words, status=status) from None
            raise

    def _runs(self, operation: str, project_id: str) -> bool:
        self._ask_to_start(operation, project_id, self._limits.call)
        return True

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
        # A start does not count against `timeout`, for us as for CoCalc.
        limit = limit or timeout + self._limits.margin + self._limits.start
        self._wake(operation, checked_uuid(project_id), limit)
        # What our own scripts print is ASCII.
        wrapping = Wrapping(command, args, bash=bash, exact=operation == "exec")
        fields: dict[str, Any] = {
            "command": wrapping.script,
            "bash": True,
            "timeout": timeout,
            "err_on_exit": False,
        }
        if path:
            fields["path"] = path
        answer = self._bridges.project(
            operation,
            project_id,
            "system.exec",
            [fields],
            shape=is_output,
            limit=limit,
            work=timeout,
            retry=retry,
        )
        return wrapping.output(operation, answer["stdout"], answer["stderr"], answer["exit_code"])
