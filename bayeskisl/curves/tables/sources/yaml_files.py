"""Small YAML files of other tools, parsed without building objects."""

from pathlib import Path
from typing import Any

from bayeskisl.errors import InputError

__all__ = ["read_yaml"]

_LARGEST = 5_000_000  # bytes


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a mapping from a YAML file; tags that build objects and anchors that multiply are refused."""
    try:
        import yaml
    except ImportError:
        raise InputError("PyYAML, to read this tool's files", "none installed", str(path),
                         "install it with `pip install pyyaml`") from None  # fmt: skip
    if path.stat().st_size > _LARGEST:
        raise InputError(f"a YAML file of at most {_LARGEST:,} bytes", f"{path.stat().st_size:,}", str(path))
    try:
        text = path.read_text(encoding="utf-8")
        if any(isinstance(token, yaml.tokens.AliasToken) for token in yaml.scan(text, Loader=yaml.SafeLoader)):
            raise InputError("YAML without aliases", "an alias", str(path), "export the runs as CSV instead")
        content = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as problem:
        if isinstance(problem, InputError):
            raise
        raise InputError("a YAML file", f"{type(problem).__name__}", str(path)) from None
    if not isinstance(content, dict):
        raise InputError("a YAML mapping", f"a {type(content).__name__}", str(path))
    return {str(name): value for name, value in content.items()}
