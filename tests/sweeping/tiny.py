"""Sweeps that train in a second, specified by what they say beyond the smallest."""

import json

from bayeskisl.sweeping import Stack, load_sweep, run_sweep
from bayeskisl.sweeping.records import GroupProbe, Measured, RunProbe
from bayeskisl.sweeping.store import open_folder

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


def probe_of(run, share):
    """A probe without training: so many of the facts are known, or the run diverged."""
    if share is None:
        return RunProbe((), diverged_at=3)
    facts = {
        "infused": run.mixture.facts,
        **({"background": run.mixture.background_facts} if run.mixture.background else {}),
    }
    asked = {group: min(run.probes, count) for group, count in facts.items()}
    groups = {group: GroupProbe(round(share * count), count, 1.0) for group, count in asked.items()}
    return RunProbe((Measured(run.steps * run.training.batch * run.mixture.context, groups, 1.0),))


def written(spec, out, share=0.5):
    """The folder of records of a sweep's coarse pass that was not trained."""
    with open_folder(spec, out) as folder:
        for run in spec.runs():
            folder.write(run, Stack((run,)), probe_of(run, share))
    return out
