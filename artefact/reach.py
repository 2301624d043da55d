"""Whether a function computes: whether anything that its handler imports, however far away, imports polars."""

import ast
from collections.abc import Iterator
from pathlib import Path

from artefact.parts import Parts

COMPUTES_WITH = "polars"
PRODUCT = "quantscout"


def reached(app: Path, product: Path) -> set[str]:
    """Return the names of all modules that importing `app` may reach; those of the product are followed.

    `product` is the folder that holds the package quantscout. An import inside a function counts, one that only a type
    checker sees does not.
    """
    seen: set[str] = set()
    waiting = [app]
    while waiting:
        for name in _imports(waiting.pop()):
            if name not in seen:
                seen.add(name)
                waiting += _files(name, product)
    return seen


def _files(name: str, product: Path) -> list[Path]:
    if name.partition(".")[0] != PRODUCT:
        return []
    path = product.joinpath(*name.split("."))
    return [file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()]


def _imports(path: Path) -> Iterator[str]:
    for node in _visible(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield module
                yield from (f"{module}.{alias.name}" for alias in names)  # may be a module, too


def _visible(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the node and those below it, but for what stands under `if TYPE_CHECKING`."""
    yield node
    hidden = node.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" else []
    for child in ast.iter_child_nodes(node):
        if child not in hidden:
            yield from _visible(child)


def computes(app: Path, product: Path) -> bool:
    """Tell whether the handler reaches polars."""
    return any(name.partition(".")[0] == COMPUTES_WITH for name in reached(app, product))


def idle_carriers(parts: Parts, product: Path) -> list[str]:
    """Return a sentence for each function that carries polars and reaches it nowhere."""
    with_polars = {name for name, folder in parts.layers.items() if any(folder.rglob(f"{COMPUTES_WITH}/__init__.py"))}
    return [
        f"{name} carries {COMPUTES_WITH} and does not compute: give it only the layers that it needs"
        for name, part in parts.functions.items()
        if with_polars & {*part.layers} and not computes(part.folder / f"{part.handler.split('.')[0]}.py", product)
    ]
