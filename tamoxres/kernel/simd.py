"""Sixteen numbers as one value in compiled code: what makes a batch of fits as fast as the processor allows.

Conventions: `load(a, i)` reads row i of a C-contiguous array of shape (rows, LANES) as one value, `store` writes it
back; + - * / work lane by lane, with plain numbers too. The compiler turns a value into as many registers as the
processor needs. Without such a type it would have to prove that no two rows overlap, and gives up. `exp` and `log` are
polynomials within 2 ulp: exponents are held within +-200, logarithms are of positive normal numbers.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model

__all__ = ["LANES", "above", "exp", "load", "log", "lower", "splat", "store"]

LANES = 16
_NUMBERS = ir.VectorType(ir.DoubleType(), LANES)
_BITS = ir.VectorType(ir.IntType(64), LANES)
_FAST = ("contract", "nsz", "arcp")
_FAR = 200.0
_EXP_TERMS = [1 / math.factorial(i) for i in range(14)]
_LOG_TERMS = [2 / (2 * i + 1) for i in range(11)]
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10


def _instruction(function: Callable[..., Any]) -> Any:
    """Make a function that types an instruction and returns its generator into one for compiled code."""
    return intrinsic(function)


class _Lanes(types.Type):
    """The type of such a value."""


_LANES = _Lanes("Lanes")


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, fe_type: Any) -> None:
        super().__init__(manager, fe_type, _NUMBERS)  # type: ignore[no-untyped-call]


def _all(value: float) -> Any:
    return ir.Constant(_NUMBERS, [value] * LANES)


def _all_bits(value: int) -> Any:
    return ir.Constant(_BITS, [value] * LANES)


def _row(context: Any, builder: Any, array_type: Any, array: Any, row: Any) -> Any:
    """Return the address of a row."""
    data = context.make_array(array_type)(context, builder, array).data
    start = builder.gep(data, [builder.mul(row, ir.Constant(row.type, LANES))])
    return builder.bitcast(start, _NUMBERS.as_pointer())


@_instruction
def load(typing: Any, array: Any, row: Any) -> Any:
    """Read a row."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value = builder.load(_row(context, builder, signature.args[0], *arguments))
        value.align = 8
        return value

    return _LANES(array, types.intp), generate


@_instruction
def store(typing: Any, array: Any, row: Any, value: Any) -> Any:
    """Write a row."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        written = builder.store(arguments[2], _row(context, builder, signature.args[0], *arguments[:2]))
        written.align = 8
        return context.get_dummy_value()

    return types.void(array, types.intp, value), generate


@_instruction
def splat(typing: Any, number: Any) -> Any:
    """Return one number in every lane."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        nothing = ir.Constant(_NUMBERS, ir.Undefined)
        first = builder.insert_element(nothing, arguments[0], ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return builder.shuffle_vector(first, nothing, zeros)

    return _LANES(types.float64), generate


@_instruction
def above(typing: Any, value: Any, limit: Any, then: Any, otherwise: Any) -> Any:
    """Return `then` in the lanes where `value` is above `limit`, and `otherwise` in the others."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">", *arguments[:2]), *arguments[2:])

    return _LANES(_LANES, _LANES, _LANES, _LANES), generate


@_instruction
def lower(typing: Any, a: Any, b: Any) -> Any:
    """Return the lower number of each lane."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.select(builder.fcmp_ordered("<", *arguments), *arguments)

    return _LANES(_LANES, _LANES), generate


@_instruction
def exp(typing: Any, value: Any) -> Any:
    """Return the exponential: 2^k times a polynomial of the rest, which is within ln(2) / 2 of 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x = arguments[0]
        x = builder.select(builder.fcmp_ordered("<", x, _all(_FAR)), x, _all(_FAR))
        x = builder.select(builder.fcmp_ordered(">", x, _all(-_FAR)), x, _all(-_FAR))
        name, kind = f"llvm.floor.v{LANES}f64", ir.FunctionType(_NUMBERS, [_NUMBERS])
        floor = cgutils.get_or_insert_function(builder.module, kind, name)  # type: ignore[no-untyped-call]
        k = builder.call(floor, [builder.fadd(builder.fmul(x, _all(1 / math.log(2))), _all(0.5))])
        rest = builder.fsub(x, builder.fmul(k, _all(_LN2_HIGH), flags=_FAST), flags=_FAST)
        rest = builder.fsub(rest, builder.fmul(k, _all(_LN2_LOW), flags=_FAST), flags=_FAST)
        power = builder.shl(builder.add(builder.fptosi(k, _BITS), _all_bits(1023)), _all_bits(52))
        return builder.fmul(_polynomial(builder, rest, _EXP_TERMS), builder.bitcast(power, _NUMBERS))

    return _LANES(_LANES), generate


@_instruction
def log(typing: Any, value: Any) -> Any:
    """Return the natural logarithm: k ln(2) plus 2 artanh((m - 1) / (m + 1)), m being within a root of 2 of 1."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        bits = builder.bitcast(arguments[0], _BITS)
        mantissa = builder.and_(bits, _all_bits((1 << 52) - 1))
        m = builder.bitcast(builder.or_(mantissa, _all_bits(1023 << 52)), _NUMBERS)
        large = builder.fcmp_ordered(">", m, _all(math.sqrt(2)))
        m = builder.select(large, builder.fmul(m, _all(0.5)), m)
        k = builder.sitofp(builder.sub(builder.lshr(bits, _all_bits(52)), _all_bits(1023)), _NUMBERS)
        k = builder.select(large, builder.fadd(k, _all(1.0)), k)
        s = builder.fdiv(builder.fsub(m, _all(1.0)), builder.fadd(m, _all(1.0)))
        series = builder.fmul(s, _polynomial(builder, builder.fmul(s, s), _LOG_TERMS))
        low = builder.fadd(series, builder.fmul(k, _all(_LN2_LOW), flags=_FAST), flags=_FAST)
        return builder.fadd(low, builder.fmul(k, _all(_LN2_HIGH), flags=_FAST), flags=_FAST)

    return _LANES(_LANES), generate


def _polynomial(builder: Any, x: Any, terms: list[float]) -> Any:
    """Sum the terms times the powers of x, by Horner's rule."""
    total = _all(terms[-1])
    for term in reversed(terms[:-1]):
        total = builder.fadd(builder.fmul(total, x, flags=_FAST), _all(term), flags=_FAST)
    return total


def _arithmetic(instruction: str) -> Any:
    """Return the compiled function of one instruction on two values."""

    def operate(typing: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return getattr(builder, instruction)(*arguments, flags=_FAST)

        return _LANES(_LANES, _LANES), generate

    return _instruction(operate)


def _register(symbol: Any, operate: Any) -> None:
    """Let a symbol work on two values, or a value and a number."""

    # numba compares the signatures of the two functions, annotations included: none in either.
    def choose(a, b):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        if a is _LANES and b is _LANES:
            return lambda a, b: operate(a, b)  # noqa: PLW0108
        if a is _LANES and isinstance(b, types.Number):
            return lambda a, b: operate(a, splat(float(b)))
        if b is _LANES and isinstance(a, types.Number):
            return lambda a, b: operate(splat(float(a)), b)
        return None

    overload(symbol)(choose)


for _symbol, _name in (
    (operator.add, "fadd"), (operator.sub, "fsub"), (operator.mul, "fmul"), (operator.truediv, "fdiv"),
):  # fmt: skip
    _register(_symbol, _arithmetic(_name))
