"""What each method of SciPy's minimizers takes: nothing that it would refuse or warn about.

Measured with SciPy 1.17; its documentation promises more than its code accepts.
"""

from __future__ import annotations

from ..errors import UnsupportedArgumentError, explain

SMALL = 32  # variables up to which a dense Hessian costs no more than a few products with it

# For each method the kinds of derivatives that it takes, the one to prefer first.
# fmt: off
TAKES: dict[str, tuple[str, ...]] = {
    "nelder-mead":  (),
    "powell":       (),
    "cobyla":       (),
    "cobyqa":       (),
    "cg":           ("jac",),
    "bfgs":         ("jac",),
    "l-bfgs-b":     ("jac",),
    "tnc":          ("jac",),
    "slsqp":        ("jac",),
    "newton-cg":    ("jac", "hessp", "hess", "hess_sparse"),
    "trust-ncg":    ("jac", "hessp", "hess"),
    "trust-krylov": ("jac", "hessp", "hess"),
    "trust-exact":  ("jac", "hess"),
    "dogleg":       ("jac", "hess"),  # wherever it goes, the Hessian must be positive definite
    "trust-constr": ("jac", "hessp", "hess", "hess_sparse"),
}
# fmt: on
GLOBAL = ("basinhopping", "dual_annealing", "shgo", "differential_evolution")
CONSTRAINED = ("slsqp", "cobyla", "cobyqa", "trust-constr")


def method_of(method: object) -> str:
    """The method's name in small letters; refused if SciPy has none of this name."""
    name = str(method).lower().replace(" ", "")
    if name in TAKES or name.replace("-", "_") in GLOBAL:
        return name if name in TAKES else name.replace("-", "_")
    raise UnsupportedArgumentError(
        explain(
            f"method={method!r} is unknown.",
            f"choose one of {', '.join((*TAKES, *GLOBAL))}",
        )
    )


def suitable(n: int, is_bounded: bool, is_constrained: bool) -> str:
    """The method that suits a smooth function of `n` variables whose derivatives are exact."""
    if is_constrained:
        return "slsqp" if n <= 100 else "trust-constr"
    if is_bounded:
        return "l-bfgs-b"
    return "trust-exact" if n <= 100 else "trust-ncg"
