"""Finds objects that answers make to be equal to everything, in the comparisons of assertions.

A comparison of a test gives what it gave, and besides it is tried what such an object says to
something random. Only objects of the answers' own classes are asked. A part of `kernel_guard`, with
which it runs inside the kernel.
"""
# mypy: ignore-errors

import ast
import os
import types

EQUAL = "it makes objects that are equal to everything"


def probing(made_here, marks):
    """Return a function that rewrites a syntax tree, and one that completes its compiled code.

    `marks` gets EQUAL where such an object is found.
    """
    order = {
        "<": lambda a, b: a < b,
        ">": lambda a, b: a > b,
        "<=": lambda a, b: a <= b,
        ">=": lambda a, b: a >= b,
    }

    plain = (int, float, complex, str, bytes, bool, list, tuple, dict, set, frozenset, type(None))

    def probe(kind, left, right):
        if kind == "in":
            result = left in right
        else:
            result = left == right if kind == "==" else order[kind](left, right)
        try:
            if kind in order:
                odd = strange(left) or strange(right)
                if odd and bool(order["<"](left, right)) and bool(order[">"](left, right)):
                    marks.add(EQUAL)
            else:
                for one, other in ((left, right), (right, left)):
                    for each in inside(one, 3):
                        if strange(each) and any((each == no) is True for no in unlike(other)):
                            marks.add(EQUAL)
        except Exception:
            return result  # what cannot be compared so is not equal to everything
        return result

    def strange(thing):
        kind = type(thing)
        return kind not in plain and (
            made_here(kind)
            or any(made_here(vars(each).get("__eq__")) for each in kind.__mro__[:-1])
        )

    def inside(thing, depth):
        yield thing
        if depth and type(thing) in (list, tuple, set, frozenset, dict):
            for each in list(thing.values() if type(thing) is dict else thing)[:50]:
                yield from inside(each, depth - 1)

    def unlike(other):
        yield object()
        number = int.from_bytes(os.urandom(4), "big") + 7
        if type(other) in (int, float, complex):
            yield other + number
        elif type(other) is str:
            yield other + str(number)
        elif type(other) in (list, tuple):
            yield other + type(other)((number,))

    class Probing(ast.NodeTransformer):
        """Puts `probe` into the comparisons of assertions; they give what they gave."""

        SIGNS = {ast.Eq: "==", ast.In: "in", ast.Lt: "<", ast.Gt: ">", ast.LtE: "<=", ast.GtE: ">="}

        def __init__(self, tag, off):
            self.tag, self.off, self.deep = tag, off, 0

        def visit_Assert(self, node):
            self.deep += 1
            node.test = self.visit(node.test)
            self.deep -= 1
            return node

        def visit_Compare(self, node):
            self.generic_visit(node)
            sign = self.SIGNS.get(type(node.ops[0]))
            if self.off or not self.deep or len(node.ops) != 1 or sign is None:
                return node
            call = ast.Call(
                ast.Constant(self.tag), [ast.Constant(sign), node.left, node.comparators[0]], []
            )
            return ast.copy_location(call, node)

    def filled(code, tag):
        def of(each):
            if isinstance(each, types.CodeType):
                return filled(each, tag)
            return probe if each == tag and type(each) is str else each

        return code.replace(co_consts=tuple(of(each) for each in code.co_consts))

    return Probing, filled
