"""Imports look upstream only, and the package stays light until it is used."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import bayeskisl

ROOT = Path(bayeskisl.__file__).parent
# A module may import from its own layer and from those before it.
LAYERS = [
    "arrays", "intervals", "errors", "files", "quantities", "resampling", "seeds", "schema", "shipped",
    "specifications", "card", "keywords", "kinds", "arguments", "catalogue", "budgets", "target", "netcdf",
    "machine_code", "cores", "knowledge", "axes", "sweeping", "curves", "laws", "inference", "decision", "design",
    "reporting", "workflow", "cli",
]  # fmt: skip
HEAVY = {"torch", "pymc", "jax", "arviz", "xarray", "polars"}
TRAINING_HALF = {"knowledge", "axes", "sweeping"}


def layer_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def imports_of(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_look_upstream_only(path):
    here = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if here.startswith("__"):
        return
    assert here in LAYERS, f"{here} has no place in LAYERS"
    for name in imports_of(path):
        assert name.split(".")[0] != "studies", f"{here} imports {name}, which no wheel has"
        layer = layer_of(name) if name.startswith("bayeskisl.") else ""
        if layer in LAYERS:
            assert LAYERS.index(layer) <= LAYERS.index(here), f"{here} imports {name}, which is downstream"


@pytest.mark.parametrize("layer", sorted(TRAINING_HALF))
def test_training_half_needs_torch_numpy_and_pydantic_alone(layer):
    allowed = {"torch", "numpy", "pydantic", "bayeskisl"} | set(sys.stdlib_module_names)
    for path in (ROOT / layer).rglob("*.py"):
        # an optional extra, imported when it is asked for; and scripts that are copied into a user's folder
        if path.name == "ray_workers.py" or path.parent.name == "scripts":
            continue
        foreign = {name.split(".")[0] for name in imports_of(path)} - allowed
        assert not foreign, f"{path.name} imports {foreign}"


def loaded_after(statement: str) -> set[str]:
    code = f"{statement}; import sys; print(' '.join(m.split('.')[0] for m in sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return set(out.split())


def test_import_is_light():
    assert not loaded_after("import bayeskisl") & HEAVY


@pytest.mark.parametrize("layer", sorted(TRAINING_HALF))
def test_specifications_load_without_torch(layer):
    assert not loaded_after(f"import bayeskisl.{layer}") & HEAVY


@pytest.mark.parametrize("module", ["app", "training"])
def test_help_and_the_display_of_training_are_light(module):
    assert not loaded_after(f"import bayeskisl.cli.{module}") & HEAVY


def test_no_sub_package_hides_a_public_function():
    packages = {".".join(path.parent.relative_to(ROOT).parts) for path in ROOT.rglob("__init__.py")}
    assert not {f"{module.removeprefix('bayeskisl.')}.{name}" for name, module in bayeskisl._PUBLIC.items()} & packages
    assert not packages & set(bayeskisl._PUBLIC)


def test_every_public_name_resolves():
    for name in bayeskisl.__all__:
        assert getattr(bayeskisl, name) is not None


def test_type_checkers_see_every_public_name():
    stub = ast.parse((ROOT / "__init__.pyi").read_text())
    seen = {
        alias.name: node.module for node in ast.walk(stub) if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert seen == bayeskisl._PUBLIC, "add the name to bayeskisl/__init__.pyi too"


def test_no_two_modules_import_each_other():
    """Not inside functions, and not for the sake of annotations."""
    names = {
        path: ".".join(("bayeskisl", *path.relative_to(ROOT).with_suffix("").parts)) for path in ROOT.rglob("*.py")
    }
    imported = {name: imports_of(path) & {*names.values()} - {name} for path, name in names.items()}
    assert not [(one, other) for one in imported for other in imported[one] if one in imported[other]]
