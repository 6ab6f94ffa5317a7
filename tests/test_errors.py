"""Every error message is provoked here, and has its three parts: what, where, what instead."""

import copy
import math
import pickle
import warnings

import numpy as np
import pytest
import scipy.integrate
import scipy.interpolate

import dualrev as dr
from dualrev import errors

X = np.array([1.0, 2.0, 3.0])
rng = np.random.default_rng(0)


def parts(error: BaseException) -> None:
    text = str(error)
    assert len(text.splitlines()[0]) > 10, text
    assert "called in" in text and "test_errors.py:" in text, text
    assert "instead" in text, text


def provoke(kind: type, call) -> str:
    with pytest.raises(kind) as caught:
        call()
    assert isinstance(caught.value, errors.DualrevError)
    parts(caught.value)
    return str(caught.value)


MODES = [
    lambda f, x: dr.grad(f)(x),
    lambda f, x: dr.jvp(f, (x,), (np.ones_like(x),)),
    lambda f, x: dr.hessian(f)(x),
]


@pytest.mark.parametrize("run", MODES, ids=["reverse", "forward", "nested"])
class TestLosingTheTrace:
    def test_float(self, run):
        text = provoke(errors.ConcreteValueError, lambda: run(lambda x: float(x[0]) * x[1], X))
        assert "float" in text and "math.sin" in text

    def test_math(self, run):
        text = provoke(errors.ConcreteValueError, lambda: run(lambda x: math.sin(x[0]) * x[1], X))
        assert "np.sin" in text
        assert "math.sin(x[0])" in text  # the user's line is quoted

    def test_int(self, run):
        provoke(errors.ConcreteValueError, lambda: run(lambda x: int(x[0]) * x[1], X))

    def test_complex(self, run):
        provoke(errors.ConcreteValueError, lambda: run(lambda x: complex(x[0]).real * x[1], X))

    def test_index(self, run):
        provoke(errors.ConcreteValueError, lambda: run(lambda x: X[x[0]] * x[1], X))

    def test_asarray_of_floats(self, run):
        provoke(errors.ConcreteValueError, lambda: run(lambda x: np.sum(np.asarray(x, float)), X))
        provoke(
            errors.ConcreteValueError, lambda: run(lambda x: np.sum(np.array(x, dtype="f8")), X)
        )

    def test_storing_into_a_plain_array(self, run):
        def f(x):
            y = np.zeros(3)
            y[0] = x[0]
            return np.sum(y)

        text = provoke(errors.ConcreteValueError, lambda: run(f, X))
        assert "like=x" in text

    def test_unsupported_function(self, run):
        text = provoke(errors.NoRuleError, lambda: run(lambda x: np.sum(np.packbits(x)), X))
        assert "packbits" in text and "dr.custom" in text

    def test_a_list_of_traced_and_plain_numbers(self, run):
        text = provoke(
            errors.UnsupportedArgumentError, lambda: run(lambda x: np.sum(np.exp([x[0], 1.0])), X)
        )
        assert "np.exp([x[0], 1.0])" in text and "like=x" in text

    @pytest.mark.parametrize(
        "draw",
        [
            lambda x: np.random.normal(x[0], 1.0),
            lambda x: np.random.default_rng(0).normal(x[0]),
            lambda x: rng.normal(x, 1.0),
        ],
    )
    def test_random(self, run, draw):
        text = provoke(errors.ConcreteValueError, lambda: run(lambda x: np.sum(draw(x)) * x[0], X))
        assert "standard_normal" in text and "random" in text

    def test_pickle(self, run):
        text = provoke(
            errors.ConcreteValueError, lambda: run(lambda x: pickle.dumps(x) and x[0], X)
        )
        assert "stop_gradient" in text

    def test_copies_are_copies(self, run):
        def f(x):
            y, z = copy.copy(x), copy.deepcopy([x])[0]
            y[0] = 0.0
            return np.sum(y * z * x)

        assert np.isfinite(np.sum(run(f, X)[0]))

    def test_a_trace_lost_in_a_library(self, run):
        text = provoke(
            errors.ConcreteValueError,
            lambda: run(lambda x: scipy.integrate.quad(lambda t: t * x[0], 0.0, 1.0)[0], X),
        )
        assert "test_errors.py" in text.split("called in")[1].splitlines()[0]
        text = provoke(
            errors.ConcreteValueError,
            lambda: run(lambda x: scipy.interpolate.PchipInterpolator(X, x)(1.5), X),
        )
        assert "inside" in text and "_cubic.py" not in text.split("called in")[1].splitlines()[0]

    def test_format_loses_nothing(self, run):
        def f(x):
            assert "%.1f" % x[0] == f"{x[0]:.1f}" == f"{X[0]:.1f}"  # noqa: UP031
            return x[0] * x[1]

        run(f, X)

    def test_strides(self, run):
        provoke(
            errors.UnsupportedArgumentError,
            lambda: run(lambda x: np.lib.stride_tricks.as_strided(x, (2, 2), (8, 8))[0, 0], X),
        )

    def test_complex_objects(self, run):
        text = provoke(
            errors.UnsupportedArgumentError,
            lambda: run(lambda x: np.sum(np.array([x[0] + 1j * x[1], 1j]).imag), X),
        )
        assert "np.stack" in text


def test_shape_assignment():
    def f(x):
        x.shape = (3, 1)
        return np.sum(x)

    provoke(errors.AliasError, lambda: dr.grad(f)(X))


def test_unhashable():
    with pytest.raises(TypeError, match="unhashable"):
        dr.grad(lambda x: {x: 1}[x])(1.0)


@pytest.mark.parametrize(
    "bad", [True, np.array([True]), "text", np.array(["a"]), object(), {1, 2}, np.array([None])]
)
def test_not_differentiable(bad):
    for call in (
        lambda: dr.grad(lambda x: x)(bad),
        lambda: dr.jvp(lambda x: x, (bad,), (bad,)),
        lambda: dr.vjp(lambda x: x, bad),
        lambda: dr.derivative(lambda x: x)(bad),
        lambda: dr.jacfwd(lambda x: x)(bad),
    ):
        provoke(errors.NotDifferentiableError, call)


def test_not_scalar():
    text = provoke(errors.NotScalarError, lambda: dr.grad(lambda x: x * 2)(X))
    assert "jacrev" in text and "float64[3]" in text
    provoke(errors.NotScalarError, lambda: dr.grad(lambda x: x[:1])(X))
    provoke(errors.NotScalarError, lambda: dr.grad(lambda x: (x[0], x[1]))(X))
    provoke(errors.NotScalarError, lambda: dr.grad(lambda x: None)(X))
    provoke(errors.NotScalarError, lambda: dr.grad(lambda x: "text")(X))
    assert "holomorphic" in provoke(errors.NotScalarError, lambda: dr.grad(lambda z: z * 1j)(1.0))
    provoke(errors.NotScalarError, lambda: dr.grad(lambda x: x, holomorphic=True)(1.0))
    provoke(errors.NotScalarError, lambda: dr.hessian(lambda x: x * 2)(X))
    provoke(errors.NotScalarError, lambda: dr.hvp(lambda x: x * 2, X, X))


def test_structure():
    f = np.sin
    provoke(errors.StructureError, lambda: dr.jvp(f, (X,), (X, X)))
    provoke(errors.StructureError, lambda: dr.jvp(f, X, X))
    provoke(errors.StructureError, lambda: dr.jvp(f, (X,), (np.ones(4),)))
    provoke(errors.StructureError, lambda: dr.jvp(f, (X,), ([X],)))
    provoke(errors.StructureError, lambda: dr.jvp(f, (X,), (X * 1j,)))
    provoke(errors.StructureError, lambda: dr.vjp(f, X)[1](np.ones(2)))
    provoke(errors.StructureError, lambda: dr.vjp(f, X)[1]((X,)))
    provoke(errors.StructureError, lambda: dr.hvp(np.sum, X, np.ones(2)))
    provoke(errors.StructureError, lambda: dr.linearize(f, X)[1](np.ones(2)))
    provoke(errors.StructureError, lambda: dr.linearize(f, X)[1](X, X))
    provoke(errors.StructureError, lambda: dr.derivative(np.sum)(X))
    provoke(errors.StructureError, lambda: dr.grad(lambda x: np.sum(x), has_aux=True)(X))
    text = provoke(
        errors.StructureError,
        lambda: dr.jvp(
            lambda d: d["a"], ({"a": 1.0, "b": {"c": X}},), ({"a": 1.0, "b": {"d": X}},)
        ),
    )
    assert "['b']" in text


def test_argnums():
    text = provoke(errors.StructureError, lambda: dr.grad(lambda x, y: x, argnums=2)(1.0, 2.0))
    assert "2" in text
    provoke(errors.StructureError, lambda: dr.grad(lambda x: x, argnums="z")(1.0))


def test_unsupported_arguments():
    provoke(errors.UnsupportedArgumentError, lambda: dr.hvp(np.sum, X, X, mode="sideways"))
    provoke(errors.UnsupportedArgumentError, lambda: dr.jacfwd(np.exp)(X * 1j))
    provoke(errors.UnsupportedArgumentError, lambda: dr.jacrev(np.exp, holomorphic=True)(X))
    provoke(errors.UnsupportedArgumentError, lambda: dr.jacrev(lambda x: x * 1j)(X))


@pytest.mark.parametrize(
    "use", [lambda t: t * 2, lambda t: 2 - t, np.sin, lambda t: t[0], np.sum, lambda t: t @ t]
)
def test_leaked(use):
    kept = []

    def f(x):
        kept.append(x)
        return np.sum(x)

    dr.grad(f)(X)
    dr.jvp(f, (X,), (X,))
    dr.linearize(f, X)
    for tracer in kept:
        provoke(errors.LeakedTracerError, lambda tracer=tracer: use(tracer))


def test_rule_errors():
    @dr.custom
    def nothing(x):
        return x

    provoke(errors.RuleError, lambda: dr.grad(nothing)(1.0))
    wrong_count = dr.custom(lambda x, y: x * y, vjp=lambda x, y: (x * y, lambda ct: (ct, ct, ct)))
    provoke(errors.RuleError, lambda: dr.grad(wrong_count)(1.0, 2.0))
    wrong_shape = dr.custom(lambda x: x * 2, jvp=lambda p, t: (p[0] * 2, np.ones(7)))
    provoke(errors.RuleError, lambda: dr.jvp(wrong_shape, (X,), (X,)))
    wrong_form = dr.custom(lambda x: x * 2, jvp=lambda p, t: t[0])
    provoke(errors.RuleError, lambda: dr.jvp(wrong_form, (X,), (X,)))


def test_check_reports_a_wrong_rule():
    wrong = dr.custom(lambda x: x**2, vjp=lambda x: (x**2, lambda ct: (3 * x * ct,)))
    with pytest.raises(errors.CheckError, match="FAIL"):
        dr.check(wrong, X)


def test_errors_change_nothing():
    x = X.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for call in (
            lambda: dr.grad(lambda x: x * 2)(x),
            lambda: dr.grad(lambda x: float(x[0]))(x),
            lambda: dr.jvp(np.sin, (x,), (np.ones(7),)),
        ):
            with pytest.raises(errors.DualrevError):
                call()
    np.testing.assert_array_equal(x, X)
    assert dr.grad(lambda x: x**2)(3.0) == 6.0


def test_the_tree_of_errors_is_drawn():
    drawn = errors.__doc__
    for name, value in vars(errors).items():
        if isinstance(value, type) and issubclass(value, errors.DualrevError):
            assert name in drawn
            assert issubclass(value, Exception)
