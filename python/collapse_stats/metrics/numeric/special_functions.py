"""Special functions of the metrics, accurate to about 1e-15 and free of cancellation.

NumPy has none of them, and SciPy would be a heavy dependency for forty lines.
"""

import math
from typing import TypeVar

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]
Numbers = TypeVar("Numbers", FloatArray, ComplexArray)

LN2 = math.log(2)
_EULER_GAMMA = float(np.euler_gamma)
_DIRECT_TERMS = 80
_ZETA_TERMS = 16

# Weights of the Euler-Maclaurin formula, B_2k / (2k)! for k = 1, 2, ...
_BERNOULLI = (1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000)


def log1p_gap(x: FloatArray) -> FloatArray:
    """Compute ``x - log(1 + x)``, never negative, with relative error below 1e-14 for x > -1.

    Near zero, where the two terms agree in most digits, the difference is summed as a series in
    r = x / (2 + x), from log(1 + x) = 2 atanh r.

    >>> float(log1p_gap(np.array([1e-20]))[0])
    5e-41
    """
    small = np.abs(x) < 0.25
    if small.all():  # usual, and much faster
        return _by_series(x)
    near = np.where(small, x, 0.0)
    return np.where(small, _by_series(near), x - np.log1p(np.where(small, 0.0, x)))


def _by_series(x: FloatArray) -> FloatArray:
    """`log1p_gap` near zero."""
    r = x / (2 + x)
    square = r * r
    tail = np.zeros_like(r)
    for k in range(21, 1, -2):  # in place, because the arrays are short and there are many
        tail += 1 / k
        tail *= square
    return r * (x - 2 * tail)


def log_minus_digamma(x: FloatArray) -> FloatArray:
    """Compute ``log(x) - digamma(x)`` for x >= 1 with relative error below 1e-14.

    Small arguments are raised to 16 by the recurrence, whose steps are all positive; from 16 on the
    asymptotic series is used (Abramowitz & Stegun 6.3.18).
    """
    x, correction = x.copy(), np.zeros_like(x)
    low = np.flatnonzero(x < 16)
    steps = x[low] + np.arange(16)[:, np.newaxis]  # x, x + 1, ... of each argument
    correction[low] = np.cumsum(np.where(steps < 16, log1p_gap(1 / steps), 0.0), axis=0)[-1]
    x[low] += np.ceil(16 - x[low])
    z = 1 / (x * x)
    series = z * (1 / 12 - z * (1 / 120 - z * (1 / 252 - z * (1 / 240 - z / 132))))
    return correction + (0.5 / x + series)


def geometric_harmonic_sum(y: float, start: int) -> float:
    """Compute the sum over j >= 0 of ``exp(-y (j + 1)) / (start + j)``, relative error below 1e-13.

    This takes constant time for all y > 0 and start >= 1: the first terms are summed directly, the
    others by the Euler-Maclaurin formula, whose integral is an exponential integral.
    """
    j = np.arange(_DIRECT_TERMS)
    total = float(np.sum(np.exp(-y * (j + 1.0)) / (start + j)))
    if y > 0.5:  # the other terms are below exp(-40) of the total
        return total
    n = float(start + _DIRECT_TERMS)
    tail = _scaled_e1(n * y) + 0.5 / n
    moment = 1 / n  # integral of exp(-n t) (y + t)^k over t > 0, here for k = 0
    for k, weight in enumerate(_BERNOULLI):
        odd = 2 * k + 1
        moment = (y**odd + odd * moment) / n
        tail += weight * moment
        moment = (y ** (odd + 1) + (odd + 1) * moment) / n
    return total + math.exp(-y * (_DIRECT_TERMS + 1)) * tail


def scaled_zeta(s: Numbers, a: FloatArray) -> Numbers:
    """Compute ``a^s zeta(s, a)``, the sum over k >= 0 of (1 + k/a)^-s.

    For 1 < Re s <= 32 and a >= 1, with relative error below 1e-12, by the Euler-Maclaurin formula,
    after 16 direct terms where a is small. With an imaginary part of 1e-30 in s, the result's
    imaginary part is 1e-30 times the derivative (complex-step differentiation).
    """
    s = np.broadcast_to(s, a.shape)
    small = a < 64
    near, s_near = a[small], s[small]
    total = np.zeros_like(s)
    for k in range(_ZETA_TERMS):
        total[small] += np.exp(-s_near * np.log1p(k / near))
    end = a + _ZETA_TERMS * small
    factor = s / end
    tail = end / (s - 1) + 0.5
    for k, weight in enumerate(_BERNOULLI):
        tail = tail + weight * factor
        factor = factor * ((s + 2 * k + 1) * (s + 2 * k + 2)) / (end * end)
    tail[small] *= np.exp(-s_near * np.log1p(_ZETA_TERMS / near))
    return total + tail


def log_gamma_ratio(x: FloatArray, shift: float) -> FloatArray:
    """Compute ``log(Gamma(x + shift) / Gamma(x))`` with absolute error below 1e-13.

    For x >= 1 and -1 < shift <= 1. Both arguments are raised to 16 by the recurrence; from there
    the large terms of Stirling's series are cancelled analytically.
    """
    x, correction = x.copy(), np.zeros_like(x)
    while len(low := np.flatnonzero(x < 16)):
        correction[low] -= np.log1p(shift / x[low])
        x[low] += 1
    y = x + shift
    stirling = _stirling_remainder(y) - _stirling_remainder(x)
    return correction + (x - 0.5) * np.log1p(shift / x) + shift * np.log(y) - shift + stirling


def _stirling_remainder(x: FloatArray) -> FloatArray:
    """log Gamma(x) minus (x - 1/2) log x - x + log(2 pi) / 2, for x >= 16."""
    z = 1 / (x * x)
    return (1 / 12 - z * (1 / 360 - z * (1 / 1260 - z * (1 / 1680 - z / 1188)))) / x


def _scaled_e1(x: float) -> float:
    """``exp(x) E1(x)`` for x > 0: power series up to 1, continued fraction above (A&S 5.1.22)."""
    if x <= 1:
        term, total = -1.0, -_EULER_GAMMA - math.log(x)
        for k in range(1, 25):
            term *= -x / k
            total += term / k
        return math.exp(x) * total
    fraction = 0.0
    for k in range(120, 0, -1):
        fraction = k / (1 + k / (x + fraction))
    return 1 / (x + fraction)
