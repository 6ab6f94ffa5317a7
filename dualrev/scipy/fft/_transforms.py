"""The transforms of `scipy.fft`, through NumPy's of the same name."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft as sf

from ...fronts.keywords import as_shaped, normal_axes
from ...primitive import Array
from ...rules import filters as fi
from ...rules.fourier import OPPOSITE, resize
from ..mirror import Function, Table, drop_in, refusing, table, unsupported


def _floating(x: Any) -> Array:
    x = as_shaped(x)
    return x if x.dtype.kind in "fc" else x.astype(np.float64)


def _planless(name: str, plan: Any) -> None:
    if plan is not None:
        unsupported(f"scipy.fft.{name} of a traced array with a plan.", "leave out `plan`")


def _along(name: str) -> Function:
    """A transform along one axis."""

    @drop_in(getattr(sf, name))
    def transform(
        x: Any,
        n: Any = None,
        axis: int = -1,
        norm: Any = None,
        overwrite_x: bool = False,
        workers: Any = None,
        *,
        plan: Any = None,
    ) -> Any:
        _planless(name, plan)
        return getattr(np.fft, name)(_floating(x), n, axis, norm)

    return transform


def _over(name: str, default: Any) -> Function:
    """A transform over several axes."""

    @drop_in(getattr(sf, name))
    def transform(
        x: Any,
        s: Any = None,
        axes: Any = default,
        norm: Any = None,
        overwrite_x: bool = False,
        workers: Any = None,
        *,
        plan: Any = None,
    ) -> Any:
        _planless(name, plan)
        x = _floating(x)
        if s is not None:
            s = (s,) if np.isscalar(s) else tuple(s)
        if axes is None:
            axes = tuple(range(-(x.ndim if s is None else len(s)), 0))
        axes = (axes,) if np.isscalar(axes) else tuple(axes)
        return getattr(np.fft, (default is None and name) or name[:-1] + "n")(x, s, axes, norm)

    return transform


def _shift(name: str) -> Function:
    @drop_in(getattr(sf, name))
    def shift(x: Any, axes: Any = None) -> Any:
        return getattr(np.fft, name)(as_shaped(x), axes)

    return shift


# -- cosine and sine transforms --------------------------------------------------------------------


def _trigonometric(
    x: Array, primitive: Any, kind: int, n: Any, axis: int, norm: Any, orthogonalize: Any, name: str
) -> Array:
    """The transform of a kind with a factor: none, its inverse, or the root of that."""
    if norm not in OPPOSITE or kind not in fi.OTHER:
        raise ValueError(f"Invalid norm value {norm!r} or type {kind!r}")
    if orthogonalize is not None and bool(orthogonalize) != (norm == "ortho"):
        unsupported(
            f"scipy.fft.{name} of a traced array with orthogonalize={orthogonalize}.",
            "leave it out",
        )
    if n is not None and n != x.shape[axis]:
        x = resize(x, n=int(n), axis=axis)
    y = primitive(x, kind=kind, axis=axis, ortho=norm == "ortho")
    if norm != "forward":
        return y
    n = x.shape[axis]
    end = 0 if kind != 1 else (-1 if primitive is fi.dct else 1)
    return y / (2 * (n + end))


def _one(name: str) -> Function:
    primitive = fi.dct if name.endswith("dct") else fi.dst
    inverse = name.startswith("i")

    @drop_in(getattr(sf, name))
    def transform(
        x: Any,
        type: int = 2,
        n: Any = None,
        axis: int = -1,
        norm: Any = None,
        overwrite_x: bool = False,
        workers: Any = None,
        orthogonalize: Any = None,
    ) -> Any:
        x = _floating(x)
        (axis,) = normal_axes(axis, x.ndim)
        kind, factor = (fi.OTHER[type], OPPOSITE[norm]) if inverse else (type, norm)
        return _trigonometric(x, primitive, kind, n, axis, factor, orthogonalize, name)

    return transform


def _many(name: str) -> Function:
    primitive = fi.dct if "dct" in name else fi.dst
    inverse = name.startswith("i")

    @drop_in(getattr(sf, name))
    def transform(
        x: Any,
        type: int = 2,
        s: Any = None,
        axes: Any = None,
        norm: Any = None,
        overwrite_x: bool = False,
        workers: Any = None,
        *,
        orthogonalize: Any = None,
    ) -> Any:
        x = _floating(x)
        if axes is None and s is not None:
            axes = tuple(range(-len(s), 0))
        places = normal_axes(axes, x.ndim)
        sizes = [None] * len(places) if s is None else list(s)
        kind, factor = (fi.OTHER[type], OPPOSITE[norm]) if inverse else (type, norm)
        for axis, n in zip(places, sizes, strict=True):
            x = _trigonometric(x, primitive, kind, n, axis, factor, orthogonalize, name)
        return x

    return transform


FUNCTIONS: Table = {
    **table(
        *map(_along, ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")),
        *(_over(name, (-2, -1)) for name in ("fft2", "ifft2", "rfft2", "irfft2")),
        *(_over(name, None) for name in ("fftn", "ifftn", "rfftn", "irfftn")),
        *map(_shift, ("fftshift", "ifftshift")),
        *map(_one, ("dct", "idct", "dst", "idst")),
        *map(_many, ("dctn", "idctn", "dstn", "idstn")),
    ),
    **{
        original: refusing(original)
        for original in (sf.hfft2, sf.ihfft2, sf.hfftn, sf.ihfftn, sf.fht, sf.ifht)
    },
}
