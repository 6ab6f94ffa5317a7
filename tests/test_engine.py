"""The engine: depth, cost, memory, threads, writes and views."""

import gc
import threading
import tracemalloc

import numpy as np
import pytest

import dualrev as dr
from dualrev.primitive import CLOSED

X = np.array([1.0, 2.0, 3.0, 4.0])


def test_a_chain_of_a_hundred_thousand_operations():
    def f(x):
        for _ in range(100_000):
            x = x * 0.99999
        return x

    assert dr.grad(f)(1.0) == pytest.approx(0.99999**100_000)


@pytest.mark.slow
def test_a_chain_of_a_million_operations():
    def f(x):
        for _ in range(1_000_000):
            x = x + 1.0
        return x

    assert dr.grad(f)(1.0) == 1.0


def test_reading_elements_one_by_one_touches_each_once():
    """The cotangent is added in place: no array of zeros for every element read."""
    n = 4000

    def f(x):
        total = 0.0
        for i in range(n):
            total = total + x[i] * x[i]
        return total

    x = np.linspace(0, 1, n)
    tracemalloc.start()
    g = dr.grad(f)(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_allclose(g, 2 * x)
    assert peak < n * 2000  # n arrays of n numbers would be 128 MB
    np.testing.assert_allclose(dr.hvp(f, x, np.ones(n)), np.full(n, 2.0))


def test_peak_memory_of_a_sweep():
    """k large intermediates and two more, no matter how the sweep goes."""
    n, k = 250_000, 12
    x = np.full(n, 0.5)

    def f(x):
        for _ in range(k):
            x = np.sin(x)
        return np.sum(x)

    gradient = dr.grad(f)
    gradient(x)
    gc.collect()
    tracemalloc.start()
    gradient(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= (k + 2.2) * x.nbytes


def test_linear_records_hold_no_arrays():
    n = 250_000
    x = np.full(n, 0.5)

    def f(x):
        for _ in range(10):
            x = (x + 1.0) * 0.5 - 0.25
        return np.sum(x)

    tracemalloc.start()
    dr.grad(f)(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 4.2 * x.nbytes


def test_threads_are_independent():
    results: dict[int, float] = {}

    def work(k):
        def f(x):
            for _ in range(50):
                x = np.sin(x + k) * 0.9
            return x

        results[k] = max(abs(dr.grad(f)(0.1 * k) - dr.derivative(f)(0.1 * k)) for _ in range(20))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 9)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(results) == 8 and max(results.values()) < 1e-9


def test_public_concepts():
    """Dual and Tape by hand, as the documentation shows them."""
    run = dr.Trace()
    x = dr.Dual(np.float64(3.0), np.float64(1.0), run)
    y = x * x + 1.0
    assert (y.primal, y.tangent) == (10.0, 6.0)
    tape = dr.Tape()
    u = tape.variable(3.0)
    v = u * u + 1.0
    assert tape.sweep_back({v.index: 1.0}, [u.index]) == [6.0]
    assert tape.sweep_forward({u.index: 1.0}, [v.index])[v.index] == 6.0
    tape.close()
    assert tape.alert & CLOSED


class TestWrites:
    """A traced array can be written to, and views behave as NumPy's do."""

    def check(self, f, x=X):
        plain = f(x.copy())
        value, gradient = dr.value_and_grad(f)(x)
        assert value == plain
        np.testing.assert_allclose(gradient, dr.jacfwd(f)(x), rtol=1e-14)
        h = 1e-6
        differences = [(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(x.size)]
        np.testing.assert_allclose(gradient, differences, rtol=1e-7, atol=1e-7)
        dr.check(f, x)

    def test_item_assignment(self):
        def f(x):
            y = x * 1.0
            y[0] = y[1] * y[2]
            y[1:3] = y[0] * 2
            y[-1] = 7.0
            return np.sum(y**2)

        self.check(f)

    def test_write_through_a_view(self):
        def f(x):
            y = x * x
            u = y[1:]
            u += x[0]
            u[0] *= 3.0
            return np.sum(y**2)

        self.check(f)

    def test_write_seen_by_a_view(self):
        def f(x):
            y = x * x
            u = y[:2]
            y[0] = x[3]
            y *= 2.0
            return np.sum(u**2)

        self.check(f)

    def test_views_of_views(self):
        def f(x):
            y = x * x
            u = y[1:]
            w = u[::2]
            w *= x[0]
            y[1] = x[2] * y[3]
            return np.sum(u**2) + np.sum(w)

        self.check(f)

    def test_residuals_are_safe(self):
        def f(x):
            y = x * 1.0
            z = np.exp(y) * y
            y[...] = 0.0
            return np.sum(z) + np.sum(y)

        self.check(f)

    def test_overwriting_the_argument(self):
        def f(x):
            x[0] = x[1] ** 2
            x *= x[2]
            return np.sum(x)

        self.check(f)

    def test_scalars_are_not_shared(self):
        def f(x):
            s = x[0]
            t = s
            s += 1.0
            return s * t

        self.check(f)

    def test_augmented_assignment_keeps_aliases(self):
        def f(x):
            y = x * 1.0
            z = y
            y += x
            y **= 2
            y /= 3.0
            y -= 1.0
            return np.sum(z)

        self.check(f)

    def test_fancy_and_boolean(self):
        def f(x):
            y = x * x
            y[[0, 2]] = x[[1, 3]] * 2
            y[x > 3.5] = x[0]
            y[[1, 1]] += x[:2]
            return np.sum(y * x)

        self.check(f)

    def test_repeated_index_last_wins(self):
        def f(x):
            y = x * 1.0
            y[[0, 0, 1]] = x[1:] ** 2
            return np.sum(y**2)

        self.check(f)

    def test_outer_buffer_inner_values(self):
        """A buffer of the outer level takes values of an inner one."""

        def f(x):
            def inner(z):
                buffer = x * 1.0
                buffer[0] = z * z
                return np.sum(buffer**2)

            return dr.grad(inner)(x[1])

        assert dr.grad(f)(X)[1] == pytest.approx(12 * X[1] ** 2)
        assert dr.jacfwd(f)(X)[1] == pytest.approx(12 * X[1] ** 2)

    def test_writing_elements_one_by_one_costs_each_once(self):
        n = 3000

        def f(x):
            y = x * 0.0
            y[0] = x[0]
            for i in range(1, n):
                y[i] = 0.5 * y[i - 1] + x[i] ** 2
            return np.sum(y)

        x = np.linspace(0, 1, n)
        tracemalloc.start()
        g = dr.grad(f)(x)
        peak = tracemalloc.get_traced_memory()[1]
        dr.jvp(f, (x,), (x,))
        dr.hvp(f, x, x)
        tracemalloc.stop()
        assert peak < n * 3000  # n arrays of n numbers would be 72 MB
        np.testing.assert_allclose(g[1:], 2 * x[1:] * (1 - 0.5 ** np.arange(n - 1, 0, -1)) / 0.5)

    def test_writes_at_every_level(self):
        def f(x):
            y = x * x
            for i in range(1, 4):
                y[i] = y[i - 1] * x[i] + np.sin(y[i])
                y[:2] = y[1:3] * 0.5
            return np.sum(y**2)

        self.check(f)


class TestResidualsAreSafe:
    """What a record keeps does not change with the caller's buffers."""

    @pytest.mark.parametrize("n", [3, 50_000])
    def test_constant_operand(self, n):
        def f(x):
            c = np.arange(float(n))
            y = x * c
            c *= 2.0
            return np.sum(y * c)

        x = np.ones(n)
        if n < 8000:
            np.testing.assert_array_equal(dr.grad(f)(x), 2 * np.arange(float(n)) ** 2)
        else:  # too large to be copied at every operation: noticed and refused
            with pytest.raises(dr.errors.AliasError, match="overwritten"):
                dr.grad(f)(x)
        np.testing.assert_allclose(dr.jvp(f, (x,), (x,))[1], f(x))

    def test_reused_index_and_mask(self):
        def f(x):
            i = np.array([0, 1])
            mask = np.array([True, False, True, False])
            y = x[i] * np.where(mask[:2], x[:2], 0.0)
            z = x[mask]
            i += 1
            mask[...] = False
            return np.sum(y) + np.sum(z) + np.sum(x[i])

        np.testing.assert_allclose(dr.grad(f)(X), dr.jacfwd(f)(X))
        np.testing.assert_allclose(dr.grad(f)(X), [2 * X[0] + 1, 1.0, 2.0, 0.0])

    def test_matrix(self):
        def f(x):
            a = np.diag([1.0, 2.0, 3.0, 4.0])
            y = a @ x
            a[...] = 0
            return np.sum(y)

        np.testing.assert_array_equal(dr.grad(f)(X), [1.0, 2.0, 3.0, 4.0])


class TestFoundByAttack:
    """Programs that once went wrong without a word."""

    def test_an_element_is_not_a_view(self):
        def swap(x):
            y = x * 1.0
            y[0], y[1] = y[1], y[0]
            return y[0] * 10 + y[1]

        value, gradient = dr.value_and_grad(swap)(X)
        assert value == swap(X)
        np.testing.assert_array_equal(gradient, [1.0, 10.0, 0.0, 0.0])

        def kept(x):
            y = x * x
            a = y[0]
            rows = list(y)
            y[0] = 9.0
            return a * a + rows[0]

        dr.check(kept, X)

    def test_nan_that_is_masked_out(self):
        x = np.array([np.nan, 2.0])
        np.testing.assert_array_equal(dr.grad(lambda x: np.nansum(x * x))(x), [0.0, 4.0])
        np.testing.assert_array_equal(dr.jacrev(lambda x: np.nansum(x * x))(x), [0.0, 4.0])
        data = np.array([np.nan, 1.0, 2.0])
        loss = lambda w: np.sum(np.where(np.isnan(data), 0, (data * w["a"] - 1) ** 2))
        assert dr.grad(loss)({"a": 2.0})["a"] == 2 * (1 * (2 - 1) + 2 * (4 - 1))
        assert dr.hvp(loss, {"a": 2.0}, {"a": 1.0})["a"] == 10.0

    def test_stop_gradient_gives_arrays_of_its_own(self):
        def f(x):
            y = x * 2
            s = dr.stop_gradient(y)
            s[0] = 100.0
            return np.sum(y * y)

        x = X.copy()
        np.testing.assert_array_equal(dr.grad(f)(x), 8 * X)
        dr.grad(lambda x: (dr.stop_gradient(x).fill(0), np.sum(x))[1])(x)
        np.testing.assert_array_equal(x, X)

    def test_results_do_not_share_memory_with_arguments(self):
        x = X.copy()
        dr.jvp(lambda a: a.copy(), (x,), (x,))[0][:] = 5.0
        dr.jvp(lambda a: {"a": a.reshape(2, 2)}, (x,), (x,))[0]["a"][:] = 5.0
        dr.value_and_grad(lambda a: (np.sum(a), a.copy()), has_aux=True)(x)[0][1][:] = 5.0
        np.testing.assert_array_equal(x, X)

    def test_a_gradient_to_which_nothing_flows(self):
        np.testing.assert_array_equal(dr.grad(lambda x: np.sum(np.zeros_like(x)))(X), np.zeros(4))
        np.testing.assert_array_equal(dr.hvp(lambda x: np.sum(np.ones_like(x)), X, X), np.zeros(4))

    def test_constants_inside_moves_are_safe(self):
        def f(x):
            counts = np.array([1, 2, 0, 1])
            y = np.repeat(x, counts)
            counts[:] = 1
            c = np.ones(1)
            z = x * np.broadcast_to(c, 4)
            c[:] = 99.0
            return np.sum(y * y) + np.sum(z)

        np.testing.assert_array_equal(dr.grad(f)(X), [2 * 1 + 1, 4 * 2 + 1, 1, 2 * 4 + 1])

    @pytest.mark.parametrize("argnums", [(0, 0), (0, -2), ("a", 0), True, 1.0, None])
    def test_argnums_that_make_no_sense(self, argnums):
        with pytest.raises(dr.errors.StructureError):
            dr.grad(lambda a, b: a * b, argnums)(2.0, 3.0)

    def test_masked_arrays_are_refused(self):
        other = np.ma.array(X, mask=[0, 1, 0, 0])
        with pytest.raises(dr.errors.UnsupportedArgumentError, match="plain array"):
            dr.grad(lambda x: np.sum(x * other))(X)
        with pytest.raises(dr.errors.UnsupportedArgumentError, match="plain array"):
            dr.grad(lambda a: np.sum(a))(other)
