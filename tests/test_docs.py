"""Every block of code in the documentation runs, every link leads somewhere, and the
generated pages are up to date.

A page's ```python blocks share one namespace, in order. A block with ``>>>`` is a doctest.
In the line before a block ``<!-- raises: ErrorName -->`` says what it must raise, and
``<!-- no-run -->`` that it is only read.
"""

import ast
import doctest
import importlib
import importlib.util
import pkgutil
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import dualrev as dr

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("docs/**/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
MODULES = sorted(
    name
    for _, name, _ in pkgutil.walk_packages(dr.__path__, "dualrev.")
    if not name.endswith("__main__")
)


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


# -- blocks of code -----------------------------------------------------------------------


class Block(NamedTuple):
    code: str
    line: int  # of its first line of code, counted from 1
    mark: str  # what the comment before it says: "", "no-run" or "raises: Name"


def blocks(text: str) -> Iterator[Block]:
    mark, lines = "", text.splitlines()
    start = None
    for k, line in enumerate(lines):
        if start is None:
            if line.strip() == "```python":
                start = k + 1
            elif line.strip().startswith("```") and len(line.strip()) > 3:
                start = -1  # another language
            elif comment := re.fullmatch(r"<!--\s*(no-run|raises: \w+)\s*-->", line.strip()):
                mark = comment[1]
            elif line.strip():
                mark = ""
        elif line.strip() == "```":
            if start >= 0:
                yield Block(textwrap.dedent("\n".join(lines[start:k])) + "\n", start + 1, mark)
            start, mark = None, ""


def run_plain(block: Block, names: dict[str, Any], file: str) -> None:
    """Run a block so that its lines have the numbers, and the source, of the page."""
    code = ast.parse(block.code)
    ast.increment_lineno(code, block.line - 1)
    exec(compile(code, file, "exec"), names)


def run_doctest(block: Block, names: dict[str, Any], file: str) -> None:
    test = doctest.DocTestParser().get_doctest(
        block.code, {}, relative(Path(file)), file, block.line - 1
    )
    test.globs = names
    report: list[str] = []
    failed = (
        doctest.DocTestRunner(verbose=False).run(test, out=report.append, clear_globs=False).failed
    )
    assert not failed, "".join(report)


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_block_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "page"}
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.mark == "no-run":
            continue
        run = run_doctest if ">>>" in block.code else run_plain
        if not block.mark:
            run(block, names, str(page))
            continue
        expected = block.mark.removeprefix("raises: ")
        with pytest.raises(Exception) as caught:
            run(block, names, str(page))
        assert type(caught.value).__name__ == expected, (
            f"{relative(page)}:{block.line}: {caught.value!r}"
        )


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_link_leads_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        file = page if not path else (page.parent / path).resolve()
        assert file.exists(), f"{relative(page)} links to {target}"
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file), f"{relative(page)} links to {target}"


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are made from their text."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def test_every_page_is_on_the_map():
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    for page in ROOT.glob("docs/*/*.md"):
        assert f"]({page.relative_to(ROOT / 'docs')})" in index, (
            f"docs/index.md does not name {page.name}"
        )


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name):
    module = importlib.import_module(name)
    for test in doctest.DocTestFinder(exclude_empty=True).find(
        module, name, globs={"np": np, **vars(dr), **vars(module)}
    ):
        report: list[str] = []
        failed = doctest.DocTestRunner(verbose=False).run(test, out=report.append).failed
        assert not failed, "".join(report)


def test_doctest_of_the_package():
    (test,) = doctest.DocTestFinder(recurse=False).find(dr, "dualrev")
    assert not doctest.DocTestRunner(verbose=False).run(test).failed


# -- pages that are made from the code -------------------------------------------------------


def generate() -> Any:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_up_to_date():
    generator = generate()
    if not np.__version__.startswith(generator.numpy_of_the_page() + "."):
        pytest.skip("the tables are made with another NumPy")
    for path, text in generator.pages().items():
        assert path.read_text(encoding="utf-8") == text, (
            f"{relative(path)} is out of date: run python docs/generate.py"
        )


def test_the_api_page_names_what_is_public():
    page = (ROOT / "docs/reference/api.md").read_text(encoding="utf-8")
    for prefix, module in (("", dr), (r"sparse\.", dr.sparse)):
        listed = re.findall(rf"^\| \[?`dr\.{prefix}(\w+)[(`]", page, re.MULTILINE)
        assert sorted(listed) == sorted(module.__all__)


# -- what the pages claim about the code -------------------------------------------------------


def test_every_error_has_an_entry():
    page = (ROOT / "docs/reference/errors.md").read_text(encoding="utf-8")
    for name, value in vars(dr.errors).items():
        if isinstance(value, type) and issubclass(value, dr.errors.DualrevError):
            assert f"## {name}" in page or name == "DualrevError", (
                f"errors.md has no entry for {name}"
            )
            assert value is dr.errors.DualrevError or f"<!-- raises: {name} -->" in page, name


def test_every_source_is_listed():
    """The short keys in docstrings, such as [Giles 2008, 2.3.1], are in sources.md."""
    page = (ROOT / "docs/reference/sources.md").read_text(encoding="utf-8")
    missing = set()
    for file in (ROOT / "dualrev").rglob("*.py"):
        for group in re.findall(
            r"\[([A-Z][^\[\]\n]*? \d{4}[a-z]?[^\[\]]*)\]", file.read_text(encoding="utf-8")
        ):
            for part in group.split(";"):
                key = re.match(r"\s*([A-Z][\w.&, '-]*? \d{4}[a-z]?)", part)
                if key and f"**{key[1].strip()}**" not in page:
                    missing.add(f"{key[1].strip()} ({file.name})")
    assert not missing, f"docs/reference/sources.md does not list {sorted(missing)}"


def test_every_source_that_is_cited_is_listed():
    listed = set(
        re.findall(r"\*\*([^*]+?\d{4}[a-z]?)\*\*", (ROOT / "docs/reference/sources.md").read_text())
    )
    missing = {}
    for path in (ROOT / "dualrev").rglob("*.py"):
        text = re.sub(r"\s+", " ", path.read_text())
        for group in re.findall(r"\[([^\[\]]{3,160}?)\]", text):
            for part in group.split(";"):
                key = re.match(r"[a-z ]*?((?:de )?[A-Z][^\d\[\]]*? \d{4}[a-z]?)", part.strip())
                if key and key[1] not in listed:
                    missing[key[1]] = relative(path)
    assert not missing, f"not in docs/reference/sources.md: {missing}"
