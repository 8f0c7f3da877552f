"""A PyTensor graph as one C function.

PyTensor knows how to write each of its scalar operations in C; what is added here are the loops around them. Shapes are
known when the function is written, so views cost nothing. Some lengths are open, such as that of runs: a graph that
was made with the stand-ins of `bayeskisl.inference.open_lengths` becomes code that takes them when it runs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import singledispatchmethod
from math import prod
from typing import Any

import numpy as np
from pytensor.compile.builders import OpFromGraph
from pytensor.compile.ops import TypeCastingOp
from pytensor.graph import clone_replace
from pytensor.graph.basic import Constant
from pytensor.graph.basic import Variable as AnyVariable
from pytensor.graph.op import Op
from pytensor.graph.traversal import toposort
from pytensor.raise_op import CheckAndRaise
from pytensor.scalar import get_scalar_type
from pytensor.tensor.basic import Alloc, Join, MakeVector, ScalarFromTensor, Split, TensorFromScalar
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.math import Dot, Max, Sum
from pytensor.tensor.shape import Reshape, SpecifyShape
from pytensor.tensor.subtensor import (
    AdvancedIncSubtensor,
    AdvancedSubtensor,
    IncSubtensor,
    Subtensor,
    indices_from_subtensor,
)

from bayeskisl.inference.open_lengths import c_length, is_open
from bayeskisl.machine_code import CannotCompile

__all__ = ["PRELUDE", "Untranslatable", "Variable", "View", "c_function"]

# A variable of a graph, whatever its type.
Variable = AnyVariable[Any, Any]

# What PyTensor's own C relies on, and log gamma and digamma without branches, so that loops over them vectorise.
#
# Both are for positive arguments, which all of a beta-binomial's are. The recurrence moves x to y = x + 8, where
# Stirling's series (Abramowitz & Stegun 6.1.41, 6.3.18) is cut after y^-13 and y^-14. The first terms left out are
# 3617 / 122400 y^-15 and 3617 / 8160 y^-16: at most 8e-16 and 2e-15 at y = 8, so that rounding is what is left, below
# 1e-14. 0.9189... is log(2 pi) / 2.
# - log gamma: one logarithm of the product x (x + 1) ... (x + 7), which overflows beyond 1e38 only.
# - digamma: the eight fractions 1 / (x + k) are taken in pairs over one common denominator, one division in place of
#   eight: 1 / (x + k) + 1 / (x + 7 - k) = (2 x + 7) / (a + k (7 - k)) with a = x (x + 7).
#
# glibc has vectors of exp, log and pow in its library `mvec`, but announces them to a compiler only under -ffast-math,
# which would also give up infinities and NaN; they are declared here instead.
PRELUDE = r"""
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef double npy_float64; typedef float npy_float32; typedef uint8_t npy_bool;
typedef int8_t npy_int8; typedef int16_t npy_int16; typedef int32_t npy_int32; typedef int64_t npy_int64;
typedef uint8_t npy_uint8; typedef uint16_t npy_uint16; typedef uint32_t npy_uint32; typedef uint64_t npy_uint64;

#if defined(__GLIBC__) && defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
__attribute__((simd("notinbranch"))) double exp(double);
__attribute__((simd("notinbranch"))) double log(double);
__attribute__((simd("notinbranch"))) double pow(double, double);
#endif

static inline __attribute__((always_inline)) double log_gamma(double x) {
    double p = x * (x + 1) * (x + 2) * (x + 3) * ((x + 4) * (x + 5) * (x + 6) * (x + 7));
    double y = x + 8, r = 1 / y, s = r * r;
    double tail = 1. / 1260 - s * (1. / 1680 - s * (1. / 1188 - s * (691. / 360360 - s / 156)));
    return (y - 0.5) * log(y) - y + 0.91893853320467274178 + r * (1. / 12 - s * (1. / 360 - s * tail)) - log(p);
}

static inline __attribute__((always_inline)) double digamma(double x) {
    double a = x * (x + 7), b = a + 6, c = a + 10, d = a + 12;  /* pairs x (x + 7), (x + 1) (x + 6), ... */
    double ends = (2 * x + 7) * ((b + a) * c * d + a * b * (d + c)) / (a * b * (c * d));
    double y = x + 8, r = 1 / y, s = r * r;
    double tail = 1. / 252 - s * (1. / 240 - s * (1. / 132 - s * (691. / 32760 - s / 12)));
    return log(y) - 0.5 * r - s * (1. / 12 - s * (1. / 120 - s * tail)) - ends;
}
#define lgamma(x) log_gamma(x)
#define _psi(x) digamma(x)
"""

# Loops shorter than this, such as those over groups, are unrolled and not vectorised: they fill no register. Arrays up
# to 32 numbers, four lines of the cache, live on the stack; larger ones, with an element for each run, may be too many.
_SHORT, _SMALL = 4, 32


class Untranslatable(CannotCompile):
    """The graph contains an operation or a shape that this module cannot write in C."""


@dataclass(frozen=True)
class View:
    """Layout of an array in memory: ``pointer[offset + sum(index * strides)]``."""

    pointer: str
    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: str = "0"

    @classmethod
    def of(cls, variable: Variable, pointer: str, offset: str = "0") -> "View":
        """Return a contiguous array of the variable's type."""
        shape = _shape(variable)
        strides = tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))
        return cls(pointer, variable.type.dtype, shape, strides, offset)

    @property
    def is_contiguous(self) -> bool:
        """Whether elements follow each other in C order."""
        expected = tuple(prod(self.shape[axis + 1 :]) for axis in range(len(self.shape)))
        return all(n == 1 or s == e for n, s, e in zip(self.shape, self.strides, expected, strict=True))

    def at(self, index: Sequence[str]) -> str:
        """Return the element at an index of C expressions; a dimension of length one is broadcast."""
        terms = [
            i if stride == 1 else f"{i} * {c_length(stride)}"
            for i, stride, length in zip(index, self.strides, self.shape, strict=True)
            if length > 1
        ]
        return f"{self.pointer}[{' + '.join([*terms, *([self.offset] if self.offset != '0' or not terms else [])])}]"

    def moved(self, offset: str) -> str:
        """Return the view with another term added to its offset."""
        return " + ".join(part for part in (self.offset, offset) if part != "0") or "0"


def c_function(
    name: str, inputs: dict[Variable, View], outputs: Sequence[Variable], into: Sequence[View], lengths: str = ""
) -> str:
    """Return a C function ``int name(const double *x, const void *const *data, double *out)``; 0 on success.

    Parameters
    ----------
    name : str
        Its name.
    inputs : dict
        Where the graph's inputs are found, in terms of ``x`` and ``data``.
    outputs, into : sequence
        Computed variables, and where each is stored, in terms of ``out``.
    lengths : str
        Statements that declare the open lengths, in terms of ``data``.

    Raises
    ------
    Untranslatable
        If the graph holds what cannot be translated.
    """
    writer = _Writer(dict(inputs))
    for node in toposort(outputs, blockers=list(inputs)):
        writer.write(node.op, node)
    for output, view in zip(outputs, into, strict=True):
        writer.copy(writer.view(output), view)
    return writer.function(name, lengths)


@dataclass
class _Writer:
    views: dict[Variable, View]
    large: list[tuple[str, str, int]] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    count: int = 0

    def function(self, name: str, lengths: str) -> str:
        given = "const double *restrict x, const void *const *data, double *restrict out"
        lines = [lengths, *self._room(), *self.body, *(["free(room);"] if self.large else []), "return 0;"]
        return "".join([f"static int {name}({given}) {{\n", *(f"    {line}\n" for line in lines), "}\n"])

    def _room(self) -> list[str]:
        """Memory of the large arrays in one block, aligned to cache lines of 64 bytes."""
        if not self.large:
            return []
        sizes = [f"((({c_length(size)}) * sizeof({kind}) + 63) & ~(size_t) 63)" for kind, _, size in self.large]
        lines = [f"char *const room = aligned_alloc(64, {' + '.join(sizes)}), *next = room;", "if (!room) return 1;"]
        for (kind, name, _), size in zip(self.large, sizes, strict=True):
            lines.append(f"{kind} *restrict {name} = ({kind} *) __builtin_assume_aligned(next, 64); next += {size};")
        return lines

    def view(self, variable: Variable) -> View:
        if variable not in self.views:
            if not isinstance(variable, Constant):
                raise Untranslatable(f"an input {variable} that is not given")
            self.views[variable] = self._constant(variable)
        return self.views[variable]

    def new(self, variable: Variable) -> View:
        """Allocate a variable that is about to be computed."""
        self.count += 1
        size = max(prod(_shape(variable)), 1)
        kind, name = f"npy_{variable.type.dtype}", f"v{self.count}"
        if size <= _SMALL:
            self.body.append(f"{kind} {name}[{size}];")
        else:
            self.large.append((kind, name, size))
        self.views[variable] = View.of(variable, name)
        return self.views[variable]

    def copy(self, source: View, target: View, how: str = "=") -> None:
        self.loop(target.shape, lambda index: f"{target.at(index)} {how} {source.at(index)};")

    def loop(self, shape: tuple[int, ...], line: Any) -> None:
        """Emit `line` for every index, with the longest dimension innermost, mostly runs or points, which vectorises.

        Each array has memory of its own, so that the compiler need not look whether what a loop writes is read by it:
        ``ivdep`` says so.
        """
        index = [f"i{axis}" if length > 1 else "0" for axis, length in enumerate(shape)]
        axes = sorted((axis for axis, length in enumerate(shape) if length > 1), key=lambda axis: shape[axis])
        if axes and shape[axes[-1]] >= _SHORT:
            heads = [_head(axis, shape[axis]) for axis in axes]
            heads[-1] = f'_Pragma("GCC ivdep") {heads[-1]}'
        else:
            heads = [_head(axis, shape[axis]) for axis in axes]
        if 0 not in shape:
            self.body.append(" ".join([*heads, "{", line(index), "}"]))

    def _constant(self, variable: Constant[Any]) -> View:
        values = np.asarray(variable.data)
        self.count += 1
        name = f"c{self.count}"
        if any(map(is_open, values.shape)):
            if not np.array_equal(values, np.full_like(values, values.flat[0]), equal_nan=True):
                raise Untranslatable("a constant with an element for each run or cell")
            self.body.append(f"static const npy_{values.dtype} {name}[] = {{{_literal(values.flat[0])}}};")
            return View(name, values.dtype.name, values.shape, (0,) * values.ndim)
        listed = ", ".join(_literal(value) for value in values.ravel())
        self.body.append(f"static const npy_{values.dtype} {name}[] = {{{listed}}};")
        return View.of(variable, name)

    @singledispatchmethod
    def write(self, op: Op, node: Any) -> None:
        raise Untranslatable(f"the operation {op}")

    # A node that wraps a graph (PyMC's log densities) is written as that graph. A graph may be wrapped inside, so what
    # is known already is where the walk through it stops.
    @write.register
    def _(self, op: OpFromGraph, node: Any) -> None:
        inner = op.fgraph.unfreeze()
        given = dict(zip(inner.inputs, node.inputs, strict=True))
        outputs = clone_replace(inner.outputs, given, rebuild_strict=False)
        for inside in toposort(outputs, blockers=list(self.views)):
            self.write(inside.op, inside)
        self.views.update(zip(node.outputs, map(self.view, outputs), strict=True))

    # PyTensor writes the scalar operation; its ``fail`` label, for errors of Python, cannot be reached in plain C.
    @write.register
    def _(self, op: Elemwise, node: Any) -> None:
        scalar = op.scalar_op
        arguments = [get_scalar_type(variable.type.dtype)() for variable in node.inputs]
        given = [self.view(variable) for variable in node.inputs]
        made = [self.new(variable) for variable in node.outputs]
        names = [f"a{i}" for i in range(len(given))], [f"r{i}" for i in range(len(made))]
        try:
            code = scalar.c_code(scalar.make_node(*arguments), "k", *names, {"fail": "return;"})
        except NotImplementedError:
            raise Untranslatable(f"the operation {scalar}") from None

        def line(index: Sequence[str]) -> str:
            read = [f"const npy_{v.dtype} {name} = {v.at(index)};" for name, v in zip(names[0], given, strict=True)]
            hold = [f"npy_{v.dtype} {name};" for name, v in zip(names[1], made, strict=True)]
            store = [f"{v.at(index)} = {name};" for name, v in zip(names[1], made, strict=True)]
            return "\n".join([*read, *hold, code, *store])

        self.loop(made[0].shape, line)

    @write.register
    def _(self, op: Sum, node: Any) -> None:
        source, target = self._reduced(op, node, "0")
        self.copy(source, target, "+=")

    @write.register
    def _(self, op: Max, node: Any) -> None:
        source, target = self._reduced(op, node, "-INFINITY")
        self.loop(source.shape, lambda index: f"{target.at(index)} = fmax({target.at(index)}, {source.at(index)});")

    # Matrices here have some ten rows and columns, those of the cells: a loop, and no library to link.
    @write.register
    def _(self, op: Dot, node: Any) -> None:
        left, right = (self.view(variable) for variable in node.inputs)
        target = self.new(node.outputs[0])
        rows, columns = left.shape[:-1], right.shape[1:]
        self.loop(target.shape, lambda index: f"{target.at(index)} = 0;")
        shape = (*rows, left.shape[-1], *columns)
        after = (0,) * len(columns)
        a = View(left.pointer, left.dtype, shape, (*left.strides, *after), left.offset)
        b = View(right.pointer, right.dtype, shape, ((0,) * len(rows)) + right.strides, right.offset)
        c = View(target.pointer, target.dtype, shape, (*target.strides[: len(rows)], 0, *target.strides[len(rows) :]))
        self.loop(shape, lambda index: f"{c.at(index)} += {a.at(index)} * {b.at(index)};")

    @write.register
    def _(self, op: DimShuffle, node: Any) -> None:
        source = self.view(node.inputs[0])
        places = [None if axis == "x" else int(axis) for axis in op.new_order]
        shape = tuple(1 if axis is None else source.shape[axis] for axis in places)
        strides = tuple(0 if axis is None else source.strides[axis] for axis in places)
        self.views[node.outputs[0]] = View(source.pointer, source.dtype, shape, strides, source.offset)

    @write.register
    def _(self, op: Subtensor, node: Any) -> None:
        self.views[node.outputs[0]] = self._part(node.inputs[0], node.inputs[1:], op.idx_list)

    @write.register
    def _(self, op: IncSubtensor, node: Any) -> None:
        whole, part, *at = node.inputs
        self.copy(self.view(whole), self.new(node.outputs[0]))
        into = self._part(node.outputs[0], at, op.idx_list)
        self.copy(_broadcast(self.view(part), into.shape), into, "=" if op.set_instead_of_inc else "+=")

    @write.register
    def _(self, op: AdvancedSubtensor, node: Any) -> None:
        source, at = (self.view(variable) for variable in _rows(op, node.inputs))
        target = self.new(node.outputs[0])
        self.loop(target.shape, lambda index: f"{target.at(index)} = {_row(source, at, index)};")

    # Rows may be named twice, so that additions to them depend on each other: this loop must not carry ``ivdep``.
    @write.register
    def _(self, op: AdvancedIncSubtensor, node: Any) -> None:
        whole, part, at = node.inputs[0], self.view(node.inputs[1]), self.view(_rows(op, node.inputs[::2])[1])
        target = self.new(node.outputs[0])
        self.copy(self.view(whole), target)
        part = _broadcast(part, (*at.shape, *target.shape[1:]))
        how = "=" if op.set_instead_of_inc else "+="
        rest = "".join(_head(axis, n) for axis, n in enumerate(part.shape))
        index = [f"i{axis}" for axis in range(len(part.shape))]
        self.body.append(f"{rest} {_row(target, at, index)} {how} {part.at(index)};")

    @write.register
    def _(self, op: Alloc, node: Any) -> None:
        target = self.new(node.outputs[0])
        self.copy(_broadcast(self.view(node.inputs[0]), target.shape), target)

    @write.register
    def _(self, op: MakeVector, node: Any) -> None:
        target = self.new(node.outputs[0])
        for i, variable in enumerate(node.inputs):
            self.body.append(f"{target.at([str(i)])} = {self.view(variable).at([])};")

    @write.register
    def _(self, op: Join, node: Any) -> None:
        parts = node.inputs
        along = op.axis % len(_shape(parts[0]))
        target, start = self.new(node.outputs[0]), 0
        for part in map(self.view, parts):
            offset = target.moved(c_length(start * target.strides[along]))
            self.copy(part, View(target.pointer, target.dtype, part.shape, target.strides, offset))
            start += _closed(part.shape[along])

    @write.register
    def _(self, op: Split, node: Any) -> None:
        source, start = self.view(node.inputs[0]), 0
        for part in node.outputs:
            offset = source.moved(c_length(start * source.strides[op.axis]))
            self.views[part] = View(source.pointer, source.dtype, _shape(part), source.strides, offset)
            start += _closed(_shape(part)[op.axis])

    @write.register
    def _(self, op: Reshape, node: Any) -> None:
        source = self.view(node.inputs[0])
        if not source.is_contiguous:
            raise Untranslatable("a reshaped view")
        self.views[node.outputs[0]] = View.of(node.outputs[0], source.pointer, source.offset)

    @write.register(SpecifyShape)
    @write.register(CheckAndRaise)
    @write.register(TypeCastingOp)
    @write.register(ScalarFromTensor)
    @write.register(TensorFromScalar)
    def _(self, op: Op, node: Any) -> None:
        self.views[node.outputs[0]] = self.view(node.inputs[0])

    def _reduced(self, op: Any, node: Any, nothing: str) -> tuple[View, View]:
        """Return the source of a reduction, and its target filled with `nothing`, broadcast along reduced axes."""
        source, target = self.view(node.inputs[0]), self.new(node.outputs[0])
        self.loop(target.shape, lambda index: f"{target.at(index)} = {nothing};")
        gone = range(len(source.shape)) if op.axis is None else op.axis
        strides = _with_zeros(target.strides, gone, source.shape)
        return source, View(target.pointer, target.dtype, source.shape, strides)

    def _part(self, of: Variable, at: Sequence[Variable], idx_list: Any) -> View:
        source = self.view(of)
        shape, strides, offset = [], [], source.offset
        picked = indices_from_subtensor(list(at), idx_list)
        for axis, (length, stride) in enumerate(zip(source.shape, source.strides, strict=True)):
            pick = picked[axis] if axis < len(picked) else slice(None)
            if isinstance(pick, slice):
                steps = range(length)[slice(*(_value(end) for end in (pick.start, pick.stop, pick.step)))]
                if steps != range(length):
                    _closed(length)
                shape.append(len(steps))
                strides.append(stride * steps.step)
                start = steps.start if len(steps) else 0
            else:
                place = _value(pick)
                assert place is not None  # only the ends of slices are
                start = range(_closed(length))[place]
            offset = View(source.pointer, source.dtype, (), (), offset).moved(c_length(start * stride))
        return View(source.pointer, source.dtype, tuple(shape), tuple(strides), offset)


def _head(axis: int, length: int) -> str:
    return f"for (int64_t i{axis} = 0; i{axis} < {c_length(length)}; i{axis}++)"


def _closed(length: int) -> int:
    """Return the length unless it is open: sums and parts of open lengths have no translation."""
    if is_open(length):
        raise Untranslatable("a part of what has an element for each run or cell")
    return length


def _shape(variable: Variable) -> tuple[int, ...]:
    shape = getattr(variable.type, "shape", ())
    if None in shape:
        raise Untranslatable(f"{variable} of unknown shape {shape}")
    return shape


def _value(index: Any) -> int | None:
    if index is None or isinstance(index, int | np.integer):
        return None if index is None else int(index)
    if not isinstance(index, Constant):
        raise Untranslatable("an index that is computed")
    return None if index.data is None else int(index.data)


def _literal(value: Any) -> str:
    if isinstance(value, np.floating):
        return (
            "NAN"
            if np.isnan(value)
            else f"{'-' if value < 0 else ''}INFINITY"
            if np.isinf(value)
            else repr(float(value))
        )
    return str(int(value))


def _rows(op: Any, inputs: Iterable[Variable]) -> tuple[Variable, Variable]:
    whole, at, *more = inputs
    if op.idx_list != (0,) or more or len(_shape(at)) != 1 or at.type.dtype == "bool":
        raise Untranslatable("an index other than a vector of rows")
    return whole, at


def _row(view: View, at: View, index: Sequence[str]) -> str:
    return view.at([f"(int64_t) {at.at(index[:1])}", *index[1:]])


def _broadcast(view: View, shape: tuple[int, ...]) -> View:
    """Return the view with leading dimensions of length one."""
    missing = len(shape) - len(view.shape)
    return View(view.pointer, view.dtype, (1,) * missing + view.shape, (0,) * missing + view.strides, view.offset)


def _with_zeros(strides: tuple[int, ...], summed: Iterable[int], shape: tuple[int, ...]) -> tuple[int, ...]:
    kept = iter(strides)
    gone = set(summed)
    return tuple(0 if axis in gone else next(kept) for axis in range(len(shape)))
