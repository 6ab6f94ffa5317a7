"""Fourier transforms."""

import numpy as np
import pytest

import dualrev as dr

from .harness import Case, check_case

rng = np.random.default_rng(6)
A = rng.standard_normal((3, 5))
T = rng.standard_normal((2, 3, 4))
C = rng.standard_normal((3, 5)) + 1j * rng.standard_normal((3, 5))
Z = rng.standard_normal((2, 3, 4)) + 1j * rng.standard_normal((2, 3, 4))

ONE = {
    "": {},
    "n=4": {"n": 4},
    "n=7, axis=0": {"n": 7, "axis": 0},
    "n=1": {"n": 1},
    "n=2, ortho": {"n": 2, "norm": "ortho"},
    "forward, axis=-2": {"norm": "forward", "axis": -2},
    "backward": {"norm": "backward"},
}
CASES = [
    Case(f"np.fft.{f.__name__}, {name}, {x.dtype}", lambda x, f=f, kw=kw: f(x, **kw), (x,), order=2)
    for f in (np.fft.fft, np.fft.ifft, np.fft.rfft, np.fft.irfft, np.fft.hfft, np.fft.ihfft)
    for name, kw in ONE.items()
    for x in ((A,) if f in (np.fft.rfft, np.fft.ihfft) else (A, C))
]
SEVERAL = {
    "": {},
    "axes": {"axes": (0, 2)},
    "s": {"s": (4, 3), "axes": (1, -1), "norm": "ortho"},
    "s=-1": {"s": (-1, 5), "axes": (-1, 0), "norm": "forward"},
}
CASES += [
    Case(f"np.fft.{f.__name__}, {name}, {x.dtype}", lambda x, f=f, kw=kw: f(x, **kw), (x,), order=2)
    for f in (
        np.fft.fftn,
        np.fft.ifftn,
        np.fft.rfftn,
        np.fft.irfftn,
        np.fft.fft2,
        np.fft.ifft2,
        np.fft.rfft2,
        np.fft.irfft2,
    )
    for name, kw in SEVERAL.items()
    for x in ((T,) if f in (np.fft.rfftn, np.fft.rfft2) else (T, Z))
]
CASES += [
    Case("np.fft.fft, power spectrum", lambda x: np.abs(np.fft.fft(x)) ** 2, (A,)),
    Case("np.fft.rfft and back", lambda x: np.fft.irfft(np.fft.rfft(x) ** 2, 5), (A,)),
    Case("np.fft.fft, vector", lambda z: np.fft.ifft(np.fft.fft(z) ** 2), (C[0],)),
    Case("np.fft.fft, float32", np.fft.fft, (A.astype(np.float32),)),
    Case("np.fft.rfft, float32", np.fft.rfft, (A.astype(np.float32),)),
    Case("np.fft.irfft, complex64", np.fft.irfft, (C.astype(np.complex64),)),
    Case("np.fft.fft, empty", np.fft.fft, (np.zeros((0, 3)),)),
    Case("np.fft.fftshift", np.fft.fftshift, (A,)),
    Case("np.fft.ifftshift", np.fft.ifftshift, (A,)),
    Case("np.fft.fftshift, axes", lambda x: np.fft.fftshift(x, axes=(0, -1)), (A,)),
    Case("np.fft.ifftshift, axis", lambda x: np.fft.ifftshift(x, axes=1), (C,)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)


def test_gradient_of_a_complex_argument_is_not_conjugated():
    z = np.array([1.0 + 2.0j, -1.0 + 0.5j, 0.3 - 1.0j])
    g = dr.grad(lambda z: np.sum(np.abs(np.fft.fft(z)) ** 2))(z)
    np.testing.assert_allclose(g, 2 * 3 * np.conj(z))


def test_errors():
    with pytest.raises(ValueError, match="data points"):
        dr.grad(lambda x: np.fft.fft(x, 0).real.sum())(A)
    with pytest.raises(ValueError, match="norm"):
        dr.grad(lambda x: np.fft.fft(x, norm="unknown").real.sum())(A)
    with pytest.raises(TypeError):
        dr.grad(lambda x: np.fft.rfft(x).real.sum())(C)
