"""`scipy.spatial`: distances."""

import scipy.spatial as _original

from ..mirror import ClassStandIn as _ClassStandIn
from ..mirror import face as _face
from ..mirror import with_refusals as _with_refusals
from . import distance as distance
from ._distances import OF_SPATIAL as _OF_SPATIAL

_CLASSES = (
    "KDTree",
    "cKDTree",
    "Delaunay",
    "ConvexHull",
    "Voronoi",
    "SphericalVoronoi",
    "HalfspaceIntersection",
)
FUNCTIONS = _with_refusals(
    _original,
    {**distance.FUNCTIONS, **_OF_SPATIAL},
    ("procrustes", "geometric_slerp", "minkowski_distance_p"),
)
FUNCTIONS |= {c: _ClassStandIn(c) for c in (getattr(_original, name) for name in _CLASSES)}
_names, __getattr__ = _face(_original, FUNCTIONS, own=("distance",))
globals().update(_names)
