"""The shape of the source: layers, and no cycle between any two files."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "takeback"


def test_imports_go_downward_only() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 kept, 0 broken" in done.stdout


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in PACKAGE.rglob("*.py")}


def imports_of(source: str) -> set[str]:
    """Our own modules that this source imports when it is imported: not within functions, not for types only."""
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                continue
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                continue
            case ast.Import(names=names):
                found.update(alias.name for alias in names)
            case ast.ImportFrom(module=str(module), names=names):
                # `from package import module` means the module; the package's own file has then run already.
                of_modules = {f"{module}.{alias.name}" for alias in names} & MODULES.keys()
                found.update(of_modules if len(of_modules) == len(names) else {module, *of_modules})
        waiting.extend(ast.iter_child_nodes(node))
    return found & MODULES.keys()


def cycle_in(graph: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [str(name) for name in error.args[1]]
    return []


def test_no_two_files_need_each_other() -> None:
    graph = {name: imports_of(path.read_text("utf-8")) - {name} for name, path in MODULES.items()}
    assert sum(map(len, graph.values())) > 100, "hardly any import was found, so this has shown nothing"
    assert cycle_in(graph) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import takeback.clock", {"takeback.clock"}),
        ("from takeback.clock import now", {"takeback.clock"}),
        ("from takeback import clock, ids", {"takeback.clock", "takeback.ids"}),
        ("from takeback import clock, __version__", {"takeback", "takeback.clock"}),
        ("def f():\n import takeback.clock", set()),
        ("if TYPE_CHECKING:\n import takeback.clock", set()),
        ("class A:\n from takeback import clock", {"takeback.clock"}),
        ("import os", set()),
    ],
)
def test_what_counts_as_an_import(source: str, found: set[str]) -> None:
    assert imports_of(source) == found


def test_a_cycle_is_found() -> None:
    assert len(cycle_in({"a": {"b"}, "b": {"c"}, "c": {"a"}})) == 4
    assert cycle_in({"a": {"b"}, "b": {"c"}}) == []
