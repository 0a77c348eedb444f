"""Tells what comes from a notebook's cells, or from files beside it, from what is a library's.

A part of `kernel_guard`, with which it runs inside the kernel.
"""
# mypy: ignore-errors
# ruff: noqa: PTH118  (it runs in a kernel that is not ours, on any Python from 3.8)

import functools
import os
import sys
import tempfile
import types


def whose(space):
    """Return `made_here`, `from_cell` and `in_folder`, for a kernel whose names are `space`."""
    site = [os.path.realpath(path) + os.sep for path in (sys.prefix, sys.base_prefix)]
    cells = (os.path.join(tempfile.gettempdir(), "ipykernel_"), "<ipython-input-")
    here = os.path.realpath(".") + os.sep
    files, kinds = {}, {}

    def in_folder(path):
        """Whether a file lies in the notebook's folder."""
        if not path or path[:1] == "<":
            return False
        full = os.path.realpath(path)
        return full.startswith(here) and not any(full.startswith(each) for each in site)

    def from_cell(code):
        """Whether compiled code is a cell's, or a file's in the notebook's folder."""
        name = code.co_filename
        if name not in files:
            ours = name.startswith("<test ") or name == "<lectern>"
            files[name] = not ours and (name.startswith(cells) or in_folder(name))
        return files[name]

    def made_here(thing, folder=True):
        """Whether a function, or what stands in for one, comes from the notebook or its folder."""
        try:
            if type(thing) is types.MethodType:
                thing = thing.__func__
            if type(thing) is types.FunctionType:
                space_of = thing.__globals__
                if space_of is space or "__name__" not in space_of:
                    return True
                name = thing.__code__.co_filename
                return from_cell(thing.__code__) if folder else name.startswith(cells)
            if isinstance(thing, (types.BuiltinFunctionType, types.ModuleType)):
                return False
            kind = thing if isinstance(thing, type) else type(thing)
            if kind is functools.partial:
                return made_here(thing.func, folder)
            if kind.__module__ in ("__main__", "unittest.mock"):
                return True
            if id(kind) not in kinds:
                module = sys.modules.get(kind.__module__)
                kinds[id(kind)] = kind, in_folder(getattr(module, "__file__", None))
            return folder and kinds[id(kind)][1]
        except Exception:
            return True  # what cannot be looked at

    return made_here, from_cell, in_folder
