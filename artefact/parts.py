"""What a SAM template says about code: which folder each layer and each function is made of."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from quantscout.errors import InputError
from quantscout_local.resources import load_template

LAYER, FUNCTION = "AWS::Serverless::LayerVersion", "AWS::Serverless::Function"


class FunctionPart(NamedTuple):
    """A function's own folder, the handler in it, and the layers that it carries, by name."""

    folder: Path
    handler: str
    layers: tuple[str, ...]


class Parts(NamedTuple):
    """The folders of the layers and the functions, by their names in the template."""

    layers: Mapping[str, Path]
    functions: Mapping[str, FunctionPart]

    def folders(self) -> dict[str, Path]:
        """Return every folder by the name of its layer or function, layers first."""
        return {**self.layers, **{name: function.folder for name, function in self.functions.items()}}


def load_parts(template: Path) -> Parts:
    """Return the parts of the template, a source's or a built one's (InputError where there is none)."""
    if not template.is_file():
        raise InputError(f"{template} is not there; make build writes it")
    return parts_of(load_template(template), template.parent)


def parts_of(template: Mapping[str, Any], root: Path) -> Parts:
    """Return the parts of a template whose folders are relative to `root`."""
    shared = template.get("Globals", {}).get("Function", {})
    layers, functions = {}, {}
    for name, resource in template["Resources"].items():
        own = resource.get("Properties", {})
        if resource["Type"] == LAYER:
            layers[name] = root / own["ContentUri"]
        elif resource["Type"] == FUNCTION:
            carried = [_reference(layer) for layer in [*shared.get("Layers", []), *own.get("Layers", [])]]
            handler = own.get("Handler") or shared["Handler"]
            functions[name] = FunctionPart(root / own["CodeUri"], handler, tuple(carried))
    return Parts(layers, functions)


def _reference(layer: Any) -> str:
    """Return the name that a layer is referred to by (InputError for one of somebody else's account)."""
    if isinstance(layer, Mapping) and "Ref" in layer:
        return str(layer["Ref"])
    raise InputError(f"template.yaml: the layer {layer!r} is none of the template's own: its size is not known here")
