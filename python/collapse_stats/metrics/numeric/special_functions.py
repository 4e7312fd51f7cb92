"""The few special functions the metrics need, each to about 1e-15 and free of cancellation.

NumPy has none of them; SciPy would be a heavy dependency for forty lines.
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

# B_2k / (2k)! for k = 1, 2, ...: the Euler-Maclaurin weights.
_BERNOULLI = (1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000)


def log1p_gap(x: FloatArray) -> FloatArray:
    """``x - log(1 + x)``, never negative, relative error below 1e-14 for every x > -1.

    Near zero both terms agree to most of their digits, so there the difference is summed as a
    series in r = x / (2 + x), from log(1 + x) = 2 atanh r.

    >>> float(log1p_gap(np.array([1e-20]))[0])
    5e-41
    """
    small = np.abs(x) < 0.25
    r = np.where(small, x / (2 + x), 0.0)
    square = r * r
    tail = np.zeros_like(r)
    for k in range(21, 1, -2):
        tail = (tail + 1 / k) * square
    return np.where(small, r * (x - 2 * tail), x - np.log1p(np.where(small, 0.0, x)))


def log_minus_digamma(x: FloatArray) -> FloatArray:
    """``log(x) - digamma(x)`` for x >= 1, relative error below 1e-14.

    Small arguments are raised to 16 by the recurrence, whose steps are all positive; from there the
    asymptotic series (Abramowitz & Stegun 6.3.18) holds.
    """
    x, rest = x.copy(), np.zeros_like(x)
    while len(low := np.flatnonzero(x < 16)):
        rest[low] += log1p_gap(1 / x[low])
        x[low] += 1
    z = 1 / (x * x)
    series = z * (1 / 12 - z * (1 / 120 - z * (1 / 252 - z * (1 / 240 - z / 132))))
    return rest + (0.5 / x + series)


def geometric_harmonic_sum(y: float, start: int) -> float:
    """``sum over j >= 0 of exp(-y (j + 1)) / (start + j)``, relative error below 1e-13.

    For every y > 0 and start >= 1 in constant time: the first terms directly, the others by
    Euler-Maclaurin, whose integral is an exponential integral.
    """
    j = np.arange(_DIRECT_TERMS)
    total = float(np.sum(np.exp(-y * (j + 1.0)) / (start + j)))
    if y > 0.5:  # what follows is below exp(-40) of it
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
    """``a^s zeta(s, a)``, the sum over k >= 0 of (1 + k/a)^-s, for 1 < Re s <= 32 and a >= 1.

    Relative error below 1e-12 by Euler-Maclaurin, after 16 terms where a is small. s may be
    complex: an imaginary part of 1e-30 carries the derivative.
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
    """``log(Gamma(x + shift) / Gamma(x))`` for x >= 1, -1 < shift <= 1, absolute error below 1e-13.

    Both arguments are raised to 16 by the recurrence; from there the large terms of Stirling's
    series are cancelled on paper.
    """
    x, rest = x.copy(), np.zeros_like(x)
    while len(low := np.flatnonzero(x < 16)):
        rest[low] -= np.log1p(shift / x[low])
        x[low] += 1
    y = x + shift
    stirling = _stirling_rest(y) - _stirling_rest(x)
    return rest + (x - 0.5) * np.log1p(shift / x) + shift * np.log(y) - shift + stirling


def _stirling_rest(x: FloatArray) -> FloatArray:
    z = 1 / (x * x)
    return (1 / 12 - z * (1 / 360 - z * (1 / 1260 - z * (1 / 1680 - z / 1188)))) / x


def _scaled_e1(x: float) -> float:
    """``exp(x) E1(x)`` for x > 0: power series up to 1, continued fraction (A&S 5.1.22) above."""
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
