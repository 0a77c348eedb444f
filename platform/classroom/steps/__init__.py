"""What each kind of transfer does with CoCalc: one module a kind, which registers its step.

A step does the whole of a transfer, from the start each time, so that it may be repeated at any
moment: a worker may die between any two calls. It returns what is to be kept as the transfer's
`result`. It raises CocalcError, Busy, or Problem with a sentence for the teacher, and Skip where
there is nothing to do.
"""

from importlib import import_module
from pkgutil import iter_modules


def load() -> None:
    """Import all modules here, so that each step is registered."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
