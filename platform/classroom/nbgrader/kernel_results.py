"""Says of a test's last value how many points it stands for, if it can stand for points at all.

A part of `kernel_guard`, with which it runs inside the kernel.
"""
# mypy: ignore-errors

import numbers
import types

# Begins what is told of a value that might be meant as points, and is no number.
NO_NUMBER = "no number of points, but "


def telling(made_here):
    """Return `told`, which says of a test's last value what the score is to be taken from.

    That is a number or a truth, as Python writes it; or NO_NUMBER and what it is instead; or None
    where it can be no points: nothing, a picture, a table, an object that is only there.
    """

    def told(value):
        kind = type(value)
        if value is None:
            return None
        if kind is bool:
            return repr(value)
        if issubclass(kind, (int, float)):
            # Not as it shows itself, which its own class may change.
            return (float if issubclass(kind, float) else int).__repr__(value)
        try:
            found = None if made_here(kind) else number(value, kind)
            if found is None and not made_here(kind) and no_points(value, kind, 2):
                return None
        except Exception:
            found = None
        return found or f"{NO_NUMBER}a value of the kind “{kind.__name__[:40]}”"

    def number(value, kind):
        """Read a single number of another library's, as of numpy, decimal, fractions or torch."""
        if getattr(value, "shape", ()) != () or not hasattr(kind, "__float__"):
            return None
        if issubclass(kind, (str, bytes)) or (
            isinstance(value, numbers.Complex) and not isinstance(value, numbers.Real)
        ):
            return None
        of = str(getattr(value, "dtype", "")).rpartition(".")[2]
        if of == "bool":
            return repr(bool(value))
        if of[:3] in ("com", "dat", "tim", "obj") or of[:1] in ("<", ">", "|", "S", "U"):
            return None  # complex numbers, dates, texts
        return repr(float(value))

    def no_points(value, kind, depth):
        if kind in (list, tuple):
            # As drawing functions give them: a list of lines.
            return bool(depth and value) and all(
                not made_here(type(each)) and no_points(each, type(each), depth - 1)
                for each in value
            )
        if isinstance(value, (type, types.ModuleType, types.FunctionType, types.MethodType)):
            return True
        shown = (
            "_repr_html_",
            "_repr_png_",
            "_repr_svg_",
            "_repr_mimebundle_",
            "_ipython_display_",
        )
        return (
            kind.__repr__ is object.__repr__
            or kind.__module__.partition(".")[0] in ("matplotlib", "IPython")
            or any(hasattr(kind, name) for name in shown)
        )

    return told
