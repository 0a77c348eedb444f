"""Workers as processes of their own, many and quickly: `python -m tests.classroom.worker_farm`.

Standard input begins with a line of JSON: settings to change. Each further line starts a worker,
a fork of this process, and its process id is printed. With the argument `one` this process itself
becomes the worker.
"""

import json
import os
import signal
import sys


def main() -> None:
    """Set up, then fork on demand."""
    given = json.loads(sys.stdin.readline())
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import tests.settings

    tests.settings.DATABASES["default"] = given.pop("DATABASE")
    for name, value in given.items():
        setattr(tests.settings, name, value)
    import django

    django.setup()
    from django.core.management import call_command

    from classroom.management.commands import worker

    worker.PULSE_SECONDS = 0.5
    if sys.argv[1:] == ["one"]:
        call_command("worker", skip_checks=True)
        return
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            try:
                call_command("worker", skip_checks=True)
            finally:
                os._exit(0)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
