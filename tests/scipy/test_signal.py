"""`scipy.signal`, `scipy.fft`, `scipy.ndimage`: convolution, filters, transforms."""

import numpy as np
import pytest
import scipy.fft as sf
import scipy.ndimage as sn
import scipy.signal as ss

import dualrev as dr
from dualrev.scipy import fft, ndimage, signal
from tests.rules.harness import Case, check_case

rng = np.random.default_rng(13)
r = rng.standard_normal


def c(*shape):
    return r(shape) + 1j * r(shape)


A, B, X = r(7), r(4), r((2, 9))
SMALL, IMAGE = r((2, 3)), r((4, 5))
NUM, DEN = np.array([0.4, 0.3, -0.2]), np.array([1.1, -0.5, 0.2])
SOS = np.array([[0.3, 0.2, 0.1, 1.0, -0.4, 0.1], [0.5, 0.1, 0.2, 1.0, 0.3, 0.2]])
LONG = r((2, 30))
MODES = ("full", "same", "valid")
KINDS = (1, 2, 3, 4)


def conv(f, **keywords):
    return lambda a, b: f(a, b, **keywords)


# fmt: off
CASES = [
    *[Case(f"convolve, {m}", conv(signal.convolve, mode=m), (A, B)) for m in MODES],
    *[Case(f"convolve, {m}, small first", conv(signal.convolve, mode=m), (B, A)) for m in MODES],
    *[Case(f"convolve, 2-d, {m}", conv(signal.convolve, mode=m), (IMAGE, SMALL)) for m in MODES],
    *[Case(f"convolve, fft, {m}", conv(signal.convolve, mode=m, method="fft"), (A, B)) for m in MODES],
    Case("convolve, complex", signal.convolve, (c(5), c(3))),
    Case("convolve, float32", signal.convolve, (A.astype(np.float32), B.astype(np.float32))),
    *[Case(f"correlate, {m}", conv(signal.correlate, mode=m), (A, B), exact=False) for m in MODES],
    *[Case(f"correlate, {m}, small first", conv(signal.correlate, mode=m), (B, A), exact=False) for m in MODES],
    Case("correlate, complex", signal.correlate, (c(5), c(3)), exact=False),
    *[Case(f"fftconvolve, {m}", conv(signal.fftconvolve, mode=m), (IMAGE, SMALL), exact=False) for m in MODES],
    *[Case(f"fftconvolve, axes, {m}", conv(signal.fftconvolve, mode=m, axes=-1), (X, r((2, 4))), exact=False) for m in MODES],
    Case("fftconvolve, axes, complex", conv(signal.fftconvolve, axes=-1), (c(2, 5), c(1, 4)), exact=False),
    Case("oaconvolve", signal.oaconvolve, (A, B), exact=False),
    *[Case(f"convolve2d, {m}", conv(signal.convolve2d, mode=m), (IMAGE, SMALL), exact=False) for m in MODES],
    *[Case(f"correlate2d, {m}", conv(signal.correlate2d, mode=m), (IMAGE, SMALL), exact=False) for m in MODES],
    Case("lfilter", signal.lfilter, (NUM, DEN, X)),
    Case("lfilter, axis", lambda b, a, x: signal.lfilter(b, a, x, axis=0), (NUM, DEN[:1], X.T)),
    Case("lfilter, complex", signal.lfilter, (NUM, DEN + 0.1j * NUM, X[0]), exact=False),
    Case("lfilter, short", signal.lfilter, (NUM, DEN, r(2))),
    Case("lfilter, zi", lambda b, a, x, zi: signal.lfilter(b, a, x, zi=zi), (NUM, DEN, X, r((2, 2))), exact=False),
    Case("lfilter, zi, short", lambda b, a, x, zi: signal.lfilter(b, a, x, zi=zi), (r(5), DEN, r(2), r(4)), exact=False),
    Case("sosfilt", lambda b, x: signal.sosfilt(np.concatenate([b, SOS[:, 3:]], axis=1), x), (SOS[:, :3], X), exact=False),
    Case("correlate2d, same, 4", conv(signal.correlate2d, mode="same"), (IMAGE, r((4, 3))), exact=False),
    *[Case(f"filtfilt, {p}", lambda x, p=p: signal.filtfilt(NUM, DEN, x, padtype=p), (LONG,), exact=False)
      for p in ("odd", "even", "constant", None)],
    *[Case(f"savgol_filter, {w} {m}", lambda x, m=m, w=w: signal.savgol_filter(x, w, 2, mode=m), (X,), order=2, exact=False)
      for m in ("interp", "nearest") for w in (4, 8, 9)],
    *[Case(f"savgol_filter, {m}", lambda x, m=m: signal.savgol_filter(x, 5, 2, mode=m), (X,), exact=False)
      for m in ("interp", "mirror", "nearest", "wrap", "constant")],
    Case("savgol_filter, derivative", lambda x: signal.savgol_filter(x, 5, 3, 1, 0.1, axis=0), (X.T,), exact=False),
    *[Case(f"detrend, {t}", lambda x, t=t: signal.detrend(x, type=t), (X,), exact=False) for t in ("linear", "constant")],
    Case("detrend, bp", lambda x: signal.detrend(x, axis=0, bp=[4]), (X.T,), exact=False),
    *[Case(f"hilbert, {n}", lambda x, n=n: signal.hilbert(x, n), (X,), exact=False) for n in (8, 9, 12)],
    *[Case(f"fft.{k}", getattr(fft, k), (X,), exact=False) for k in ("rfft", "ihfft", "fft2", "fftn", "rfft2", "rfftn", "fftshift", "ifftshift")],
    *[Case(f"fft.{k}", getattr(fft, k), (c(3, 4),), exact=False) for k in ("fft", "ifft", "irfft", "hfft", "ifft2", "irfft2", "ifftn", "irfftn")],
    Case("fft.fft, n axis norm", lambda x: fft.fft(x, 5, 0, "ortho"), (c(3, 4),), exact=False),
    Case("fft.rfftn, s", lambda x: fft.rfftn(x, s=(4,)), (X,), exact=False),
    *[Case(f"fft.{k}, {t} {norm}", lambda x, k=k, t=t, norm=norm: getattr(fft, k)(x, t, norm=norm), (X,), order=2, exact=False)
      for k in ("dct", "idct", "dst", "idst") for t in KINDS for norm in (None, "ortho", "forward")],
    *[Case(f"fft.{k}", getattr(fft, k), (IMAGE,), exact=False) for k in ("dctn", "idctn", "dstn", "idstn")],
    Case("fft.dct, n", lambda x: fft.dct(x, n=6, axis=0), (IMAGE,), exact=False),
    *[Case(f"ndimage.{k}, {m} {o}", lambda x, w, k=k, m=m, o=o: getattr(ndimage, k)(x, w, mode=m, origin=o), (X, w), order=2, exact=False)
      for k in ("correlate1d", "convolve1d") for m in ("reflect", "constant", "nearest", "mirror", "wrap") for o in (0, 1) for w in (r(3), r(4))],
    Case("ndimage.correlate1d, axis cval", lambda x, w: ndimage.correlate1d(x, w, 0, mode="constant", cval=2.0), (IMAGE, r(3)), exact=False),
    Case("ndimage.correlate", ndimage.correlate, (IMAGE, r((3, 2))), exact=False),
    Case("ndimage.convolve", lambda x, w: ndimage.convolve(x, w, mode="constant", origin=(0, -1)), (IMAGE, r((3, 2))), exact=False),
    *[Case(f"ndimage.gaussian_filter1d, {k}", lambda x, s, k=k: ndimage.gaussian_filter1d(x, s, order=k), (X, 0.8), exact=False) for k in (0, 1, 2, 3)],
    Case("ndimage.gaussian_filter", ndimage.gaussian_filter, (IMAGE, 0.8), exact=False),
    Case("ndimage.gaussian_filter, sigmas", lambda x: ndimage.gaussian_filter(x, (0.5, 1.2), order=(0, 1), mode="wrap"), (IMAGE,), exact=False),
    Case("ndimage.gaussian_filter, float32", lambda x: ndimage.gaussian_filter(x, 0.8), (IMAGE.astype(np.float32),), exact=False),
    Case("ndimage.uniform_filter1d", lambda x: ndimage.uniform_filter1d(x, 4, origin=1), (X,), exact=False),
    Case("ndimage.uniform_filter", lambda x: ndimage.uniform_filter(x, (3, 2)), (IMAGE,), exact=False),
]
# fmt: on


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    if "float32" in case.name and "gaussian" in case.name:
        with np.errstate(all="ignore"):
            y = dr.jvp(case.f, case.args, case.args)[0]
        np.testing.assert_allclose(y, case.f(*case.args), rtol=1e-6)
        assert y.dtype == np.float32
        return
    check_case(case)


def test_names_are_scipys():
    assert (
        signal.windows is ss.windows
        and ndimage.generate_binary_structure.__wrapped__ is sn.generate_binary_structure
    )
    assert fft.fft.__wrapped__ is sf.fft and fft.fftfreq is sf.fftfreq
    b, a = signal.butter(2, 0.3)
    np.testing.assert_array_equal(signal.lfilter(b, a, A), ss.lfilter(b, a, A))
    assert set(ss.__all__) <= set(dir(signal)) and set(sf.__all__) <= set(dir(fft))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: signal.welch(x)[1],
        lambda x: signal.medfilt(x),
        lambda x: signal.filtfilt(x[:3], [1.0], x),
        lambda x: signal.convolve2d(x[None], x[None], boundary="wrap"),
        lambda x: ndimage.median_filter(x, 3),
        lambda x: ndimage.gaussian_filter(x, 1.0, output=np.empty(9)),
        lambda x: ndimage.zoom(x, 2),
        lambda x: fft.hfftn(x),
        lambda x: fft.fht(x, 1.0, 0.0),
        lambda x: fft.dct(x, orthogonalize=True),
    ],
)
@pytest.mark.parametrize("derivative", [dr.jacrev, dr.jacfwd])
def test_refused(f, derivative):
    with pytest.raises(
        (dr.errors.NoRuleError, dr.errors.UnsupportedArgumentError), match=r"scipy\."
    ):
        derivative(f)(X[0])
