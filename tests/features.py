"""The rows of docs/features.md with the tests that prove them: `make features`. Reads the tests' source, runs nothing."""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_ROW = re.compile(r"\| ([SBM]\d+) \| ([^|]+?) \|")


def rows() -> dict[str, str]:
    """The numbers and texts of the three tables, in their order."""
    lines = (ROOT / "docs" / "features.md").read_text(encoding="utf-8").splitlines()
    return {match[1]: match[2] for line in lines if (match := _ROW.match(line))}


def proofs() -> dict[str, list[str]]:
    """For each number the tests that carry it, as tests/models/test_windows.py::test_last_day."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        for name, numbers in _tests(tree, _module_marks(tree)):
            for number in numbers:
                found[number].append(f"{path.relative_to(ROOT)}::{name}")
    return dict(found)


def _tests(scope: ast.Module | ast.ClassDef, above: set[str]) -> Iterator[tuple[str, set[str]]]:
    for node in scope.body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            yield from _tests(node, above | _marks(node.decorator_list))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node.name, above | _marks(node.decorator_list)


def _module_marks(tree: ast.Module) -> set[str]:
    assigned = [node.value for node in tree.body if isinstance(node, ast.Assign) and _is_pytestmark(node)]
    return _marks(assigned)


def _is_pytestmark(node: ast.Assign) -> bool:
    return any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets)


def _marks(nodes: list[ast.expr]) -> set[str]:
    """The numbers in every …mark.feature("S17") inside; a parametrised case may carry its own."""
    calls = (inner for node in nodes for inner in ast.walk(node) if isinstance(inner, ast.Call))
    marks = (call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "feature")
    return {argument.value for call in marks for argument in call.args if isinstance(argument, ast.Constant)}


def main() -> int:
    proved = proofs()
    known = rows()
    for number, text in known.items():
        count = len(proved.get(number, ()))
        print(f"{number:<4} {count:>3} test{' ' if count == 1 else 's'}  {text}")
    shown = sum(number in proved for number in known)
    print(f"\n{shown} of {len(known)} rows proved, {len(known) - shown} without a test")
    unknown = sorted(set(proved) - set(known))
    if unknown:
        print(f"No such row: {', '.join(unknown)}", file=sys.stderr)
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
