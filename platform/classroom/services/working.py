"""Working off the queue: workers take transfers, do them, and write down how they ended."""

from django_tasks import TaskResultStatus, task
from django_tasks_db.models import DBTaskResult


@task()
def work() -> int:
    """Work off what is due; return how many transfers ended."""
    raise NotImplementedError


def wake() -> None:
    """See to it that a worker looks at the queue soon; to be called when rows are committed."""
    # One waiting task is enough: it takes all that is there when it starts.
    waiting = DBTaskResult.objects.filter(task_path=work.module_path, status=TaskResultStatus.READY)
    if not waiting.exists():
        work.enqueue()
