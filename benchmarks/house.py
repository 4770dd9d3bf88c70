"""The shape of the code, counted: `python -m benchmarks.house`.

The counts are read from the code that git knows, by its syntax; nothing of it is run.
"""

import ast
import statistics
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = Path("src/alexnet_pipe")

_SHARED = ("cli", "stages")
"""A verb of the command line and its stage may have the same name; each says what its folder says."""


@dataclass(frozen=True)
class Module:
    """
    Attributes:
        path: Below the project's folder.
        text: What it holds.
    """

    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def lines(self) -> int:
        return self.text.count("\n")

    def functions(self) -> Iterator[tuple[str, int]]:
        """Name and lines of each function and method, decorators not counted."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1

    def classes(self) -> set[str]:
        return {node.name for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef)}

    def written_attributes(self) -> Iterator[tuple[str, str]]:
        """Name and attribute of each assignment to `name.attribute`."""
        for node in ast.walk(self.tree):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            for target in targets:
                if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                    yield target.value.id, target.attr

    def imported(self) -> set[str]:
        """The project's modules that it imports."""
        nodes = [node for node in ast.walk(self.tree) if isinstance(node, ast.ImportFrom)]
        return {node.module for node in nodes if node.module and node.module.startswith("alexnet_pipe")}


def modules(*folders: str) -> list[Module]:
    """The Python files that git knows or would add, below `folders`."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *folders],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    paths = [Path(name) for name in listed if name.endswith(".py") and (ROOT / name).exists()]
    return [Module(path, (ROOT / path).read_text(encoding="utf-8")) for path in paths]


def names_of_two(found: list[Module]) -> Mapping[str, list[Path]]:
    """The names that more than one module of the package has."""
    places = defaultdict(list)
    for module in found:
        if module.path.is_relative_to(PACKAGE) and not module.path.stem.startswith("__"):
            places[module.path.stem].append(module.path)
    return {
        name: paths
        for name, paths in places.items()
        if sum(path.parent.name not in _SHARED for path in paths) > 1
        or len([path for path in paths if path.parent.name == "cli"]) > 1
    }


def classes_written_into(found: list[Module]) -> list[str]:
    """`Class.attribute`, for each assignment to an attribute of a class of the project."""
    classes = {name for module in found for name in module.classes()}
    written = [pair for module in found for pair in module.written_attributes()]
    return sorted(f"{name}.{attribute}" for name, attribute in written if name in classes)


def written_modules(found: list[Module]) -> list[Module]:
    """Those with code of their own, so without the files that only say what a folder is."""
    return [module for module in found if any(not isinstance(node, ast.Expr) for node in module.tree.body)]


def main() -> None:
    """Print the counts."""
    found = written_modules(modules("src", "flows"))
    lines = [module.lines for module in found]
    functions = sorted(length for module in found for _, length in module.functions())
    rows = {
        "modules in src and flows": f"{len(found)}, and {len(modules('src', 'flows')) - len(found)} empty ones",
        "lines": f"{sum(lines):,}",
        "lines of a module: median, largest": f"{statistics.median(lines):.0f}, {max(lines)}",
        "lines of a function: median, nine in ten, largest": (
            f"{statistics.median(functions):.0f}, {functions[len(functions) * 9 // 10]}, {functions[-1]}"
        ),
        "names that two modules have": ", ".join(sorted(names_of_two(found))) or "none",
        "classes written into from outside": ", ".join(classes_written_into(found)) or "none",
    }
    width = max(map(len, rows))
    for name, value in rows.items():
        print(f"{name:{width}}  {value}")


if __name__ == "__main__":
    main()
