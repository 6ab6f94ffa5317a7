"""Pictures and tables of recorded computations, and charts."""

import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import dualrev as dr
from dualrev.charts import line_chart
from dualrev.errors import StructureError, UnsupportedArgumentError
from dualrev.show import graph


def lesson(x):
    return np.sin((2 * x + 1) ** 2)


def network(params, x, y):
    h = np.tanh(params["W"] @ x + params["b"])
    return np.sum((h - y) ** 2)


PARAMS = {"W": np.array([[0.1, 0.2], [0.3, -0.4], [0.5, 0.6]]), "b": np.zeros(3)}


def test_the_seed_lesson():
    nodes = graph(lesson, 0.5).nodes
    assert [node.expression for node in nodes] == ["x", "2 * x", "v1 + 1", "v2**2", "sin(v3)"]
    assert [float(node.value) for node in nodes] == [0.5, 1.0, 2.0, 4.0, np.sin(4.0)]
    assert [tuple(map(float, node.derivatives)) for node in nodes] == [
        (),
        (2.0,),
        (1.0,),
        (4.0,),
        (np.cos(4.0),),
    ]
    expected = [8 * np.cos(4.0), 4 * np.cos(4.0), 4 * np.cos(4.0), np.cos(4.0), 1.0]
    assert np.allclose([node.cotangent for node in nodes], expected, rtol=1e-15)
    assert [node.output for node in nodes] == [False] * 4 + [True]
    assert all("lesson, test_show.py" in node.line for node in nodes[1:])


def test_trees_are_named_and_cotangents_are_gradients():
    x, y = np.array([1.0, 2.0]), np.array([0.5, 0.0, -0.5])
    made = graph(network, PARAMS, x, y)
    by_name = {node.name: node for node in made.nodes}
    assert list(by_name)[:4] == ["params['W']", "params['b']", "x", "y"]
    gradients, gx, gy = dr.grad(network, (0, 1, 2))(PARAMS, x, y)
    assert np.array_equal(by_name["params['W']"].cotangent, gradients["W"])
    assert np.array_equal(by_name["params['b']"].cotangent, gradients["b"])
    assert np.array_equal(by_name["x"].cotangent, gx)
    assert np.array_equal(by_name["y"].cotangent, gy)


def test_local_derivatives():
    nodes = graph(lambda x: x[0] * x[1] + np.sum(x), np.array([2.0, 5.0])).nodes
    product = next(node for node in nodes if node.operation == "multiply")
    assert product.derivatives == (5.0, 2.0)
    item = next(node for node in nodes if node.operation == "getitem")
    assert np.array_equal(item.derivatives[0], [1.0, 0.0])


def test_a_value_used_twice_has_two_edges():
    made = graph(lambda x: x * x, 3.0)
    assert made.nodes[-1].parents == (0, 0)
    assert made.nodes[0].cotangent == 6.0
    assert made.to_svg().count("marker-end") == 2


def test_array_results_need_a_cotangent():
    x = np.array([1.0, 2.0])
    assert graph(lambda x: 3 * x, x).nodes[0].cotangent is None
    made = graph(lambda x: (3 * x, x[0]), x, ct=(np.array([1.0, 10.0]), 5.0))
    assert np.array_equal(made.nodes[0].cotangent, [8.0, 30.0])
    assert [node.output for node in made.nodes] == [False, True, True]
    with pytest.raises(StructureError, match="shape"):
        graph(lambda x: 3 * x, x, ct=np.ones(3))


def test_options_that_are_not_numbers_are_passed_on():
    made = graph(lambda x, flag, name: x * 2 if flag and name == "a" else x, 1.0, True, "a")
    assert [node.name for node in made.nodes] == ["x", "v1"]


def test_writes_and_unused_values():
    def f(x):
        y = x * 1.0
        y[0] = y[1] * 2
        np.sin(x)
        return np.sum(y)

    made = graph(f, np.array([1.0, 2.0, 3.0]))
    assert np.array_equal(made.nodes[0].cotangent, [0.0, 3.0, 1.0])
    assert next(n for n in made.nodes if n.operation == "sin").cotangent is None
    written = next(n for n in made.nodes if n.operation == "setitem")
    assert written.expression == "setitem(v1, v3, key=0)"
    assert np.array_equal(made.nodes[1].value, [1.0, 2.0, 3.0])  # as it was before the write
    assert np.array_equal(written.value, [4.0, 2.0, 3.0])
    assert "stroke-dasharray" in made.to_svg()
    assert "-" in made.to_text()


def test_singular_partials_are_shown_not_raised():
    made = graph(lambda x: np.where(x > 0, np.sqrt(x), 0.0), 0.0)
    assert made.nodes[0].cotangent == 0.0


def test_svg_is_well_formed_and_escaped():
    made = graph(lambda x: np.sum(np.where(x < 2, x**3, -x)), np.linspace(0, 3, 20))
    root = ET.fromstring(made.to_svg())
    assert root.tag.endswith("svg")
    boxes = [e for e in root.iter() if e.tag.endswith("rect") and e.get("rx")]
    assert len(boxes) == len(made.nodes)
    assert made._repr_svg_() == made.to_svg()


def test_boxes_do_not_overlap():
    def f(x):
        s = 0.0
        for k in range(6):
            s = s * x[k] + np.sin(x[k])
        return s

    root = ET.fromstring(graph(f, np.linspace(0, 1, 6)).to_svg())
    boxes = [
        tuple(float(e.get(k)) for k in ("x", "y", "width", "height"))
        for e in root.iter()
        if e.get("rx")
    ]
    for i, (x, y, w, h) in enumerate(boxes):
        for x2, y2, w2, h2 in boxes[:i]:
            assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y


def test_dot_text():
    text = graph(lambda p: p["a"] * 2, {"a": 1.0}).to_dot()
    assert text.startswith("digraph")
    assert re.search(r"n0 -> n1 \[label=\"2\"\]", text)


def test_save_by_suffix(tmp_path):
    made = graph(lesson, 0.5)
    for suffix, start in (
        (".svg", "<svg"),
        (".dot", "digraph"),
        (".gv", "digraph"),
        (".txt", "    value of"),
    ):
        made.save(tmp_path / f"g{suffix}")
        assert (tmp_path / f"g{suffix}").read_text(encoding="utf-8").startswith(start)
    with pytest.raises(UnsupportedArgumentError, match=r"\.png"):
        made.save(tmp_path / "g.png")


def test_a_crowd_is_not_drawn():
    def f(x):
        for _ in range(1001):
            x = x * 1.0 + 0.0
        return x

    made = graph(f, 1.0)
    with pytest.raises(UnsupportedArgumentError, match=r"summary"):
        made.to_svg()
    assert made._repr_svg_() is None
    assert "1001  multiply" in made.summary()
    assert made.nodes[0].cotangent == 1.0


def test_the_graph_of_a_gradient():
    made = graph(lambda x: dr.grad(lesson)(x), 0.5)
    assert np.isclose(made.nodes[0].cotangent, dr.grad(dr.grad(lesson))(0.5))


def test_tuple_valued_operations():
    two = dr.custom(
        lambda x: (x * 2, x * 3),
        jvp=lambda primals, tangents: (two(*primals), (2 * tangents[0], 3 * tangents[0])),
    )

    def f(x):
        a, b = two(x)
        return a * b

    made = graph(f, 1.0)
    assert made.nodes[0].cotangent == 12.0
    assert ET.fromstring(made.to_svg()) is not None
    made.to_text()


def test_results_that_are_lists_of_traced_scalars():
    made = graph(lambda x: np.array([x[1], -x[0]]), np.array([1.0, 2.0]), ct=np.array([1.0, 10.0]))
    assert np.array_equal(made.nodes[0].cotangent, [-10.0, 1.0])
    assert made.nodes[-1].output


@pytest.mark.parametrize("log", [False, True])
def test_line_chart(tmp_path, log):
    series = {
        "a < b": ([1, 10, 100], [3.0, 0.0, 1e-3]),
        "c": ([1, 10], [math.nan, 2.0]),
        "empty": ([], []),
    }
    text = line_chart(
        series, tmp_path / "c.svg", title="T & U", xlabel="n", ylabel="s", logx=log, logy=log
    )
    assert (tmp_path / "c.svg").read_text(encoding="utf-8") == text
    root = ET.fromstring(text)
    words = {e.text for e in root.iter() if e.tag.endswith("text")}
    assert {"a < b", "c", "T & U", "n", "s"} <= words


def test_line_chart_of_one_point():
    ET.fromstring(line_chart({"a": ([5.0], [7.0])}))
    ET.fromstring(line_chart({}))


def test_points_dashes_and_bands():
    text = line_chart(
        {"a": ([0, 1, 2], [1.0, 2.0, 3.0])},
        points={"a": ([0, 2], [1.1, 2.9]), "data": ([1, 2], [math.nan, 5.0])},
        dashes={"a": ([0, 1, 1, 1, 2], [0.0, 1.0, math.nan, 4.0, 5.0])},
        bands={"a": ([0, 1, 2], [0.5, 1.5, 2.5], [1.5, 2.5, 9.0])},
    )
    root = ET.fromstring(text)
    words = [e.text for e in root.iter() if e.tag.endswith("text")]
    assert words.count("a") == words.count("data") == 1
    assert "10" in words  # the axis reaches to the end of the band
    paths = [e for e in root.iter() if e.tag.endswith("path")]
    assert sum("stroke-dasharray" in e.attrib for e in paths) == 2  # broken at the missing point
    (band,) = [e for e in paths if "fill-opacity" in e.attrib]
    (line,) = [e for e in paths if e.get("stroke-width") == "2"]
    assert band.get("fill") == line.get("stroke")
    assert sum(e.tag.endswith("circle") for e in root.iter()) == 3 + 2 + 1
