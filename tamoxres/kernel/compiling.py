"""How functions are compiled (numba's public interface): one decorator, and the exponential that loops can use.

Conventions: compiled code is kept on disk and found there by the next process; it lets other threads run. Sums may be
reordered, always in the same way: a fit gives the same bits in whatever thread, process or company it is made. NaN and
infinity keep their meaning.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.polynomial.chebyshev import cheb2poly, poly2cheb

__all__ = ["compiled", "exponential"]

_LOG2E, _LN2_HIGH, _LN2_LOW = 1.4426950408889634, 6.93147180369123816490e-01, 1.90821492927058770002e-10
_HALF_LN2 = math.log(2.0) / 2
_FAR = 200.0
_WHOLE = 1.5 * 2.0**52
_IN_ORDER = {"contract", "nsz"}
_REORDERED = {*_IN_ORDER, "reassoc", "arcp"}


def _economised(degree: int) -> list[float]:
    """Return the polynomial of a degree nearest to (exp(r) - 1 - r) / r^2 where |r| is at most ln(2) / 2."""
    series = poly2cheb([_HALF_LN2**i / math.factorial(i + 2) for i in range(24)])
    nearest = cheb2poly(series[: degree + 1])
    return [float(term / _HALF_LN2**i) for i, term in enumerate(nearest)]


_C0, _C1, _C2, _C3, _C4, _C5, _C6, _C7, _C8, _C9 = _economised(9)

Function = TypeVar("Function", bound=Callable[..., Any])


def _source_version() -> str:
    """Hash the source of this folder: numba looks only at a function's own file when it reads its cache."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]


_VERSION = _source_version()


def compiled(function: Function) -> Function:
    """Compile a function when it is first called."""
    return _compile(function, _REORDERED)


def _compile(function: Function, fastmath: set[str], *, forceinline: bool = False) -> Function:
    function.__qualname__ = f"{function.__qualname__}_{_VERSION}"  # the name of its file in the cache
    options: dict[str, Any] = {
        "nogil": True, "fastmath": fastmath, "error_model": "numpy", "forceinline": forceinline,
    }  # fmt: skip
    try:
        return cast(Function, numba.njit(cache=True, **options)(function))
    except RuntimeError:  # there is no folder to write to: compiled anew in each process
        return cast(Function, numba.njit(**options)(function))


def _exponential(x: float) -> float:
    """Return the exponential: 2^k times a polynomial of the rest, which is within ln(2) / 2 of 0; x held within +-200.

    Cody and Waite's reduction, and a Chebyshev polynomial: within 2 ulp. Adding 1.5 x 2^52 rounds to a whole number,
    which then stands in the last bits: processors do that with whole vectors, and convert to integers one by one.
    """
    x = x if x < _FAR else _FAR
    x = x if x > -_FAR else -_FAR
    shifted = x * _LOG2E + _WHOLE
    k = shifted - _WHOLE
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    rest = _C0 + r * (_C1 + r * (_C2 + r * (_C3 + r * (_C4 + r * (_C5 + r * (_C6 + r * (_C7 + r * (_C8 + r * _C9))))))))
    power = np.int64((np.float64(shifted).view(np.int64) + 1023) << 52).view(np.float64)
    value: float = (1.0 + r * (1.0 + r * rest)) * power
    return value


exponential = _compile(_exponential, _IN_ORDER, forceinline=True)  # in order: else k would be x / ln(2)
