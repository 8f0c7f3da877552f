"""Sweeps that train in a second, specified by what they say beyond the smallest."""

import json

from bayeskisl.sweeping import load_sweep, run_sweep

SMALLEST = {"name": "tiny", "axis": "amount", "ladder": "smoke", "widths": [8], "tokens": 15_360, "levels": [4, 16]}


def specification(tables="", **keys):
    """The text of a specification: the smallest one with other keys, and further tables."""
    said = {**SMALLEST, **keys}
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in said.items()) + tables


def loaded(folder, text):
    folder.mkdir(exist_ok=True)
    path = folder / "sweep.toml"
    path.write_text(text)
    return load_sweep(path)


def trained(folder, text):
    """The folder of the records of a sweep that was trained here and now."""
    run_sweep(loaded(folder, text), folder / "records", workers=1)
    return folder / "records"
