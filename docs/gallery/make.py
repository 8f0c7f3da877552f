"""Draw the pictures of the gallery: `python docs/gallery/make.py [NAME ...]`.

Every example is a script that a reader can run as it stands. Here each fit of `bayeskisl.fit` is kept in
`build/gallery` and shared by the examples that ask for it.
"""

import hashlib
import sys
from pathlib import Path

import matplotlib

import bayeskisl as bk
from bayeskisl.inference import fit as fit_curves
from bayeskisl.inference import load_fit

HERE = Path(__file__).parent
FIGURES = HERE / "figures"
KEPT = HERE.parents[1] / "build" / "gallery"


def kept_fit(curves, law="limits", *, rivals=(), **_):
    """Return a fit, from the folder of kept ones if it is there."""
    runs = hashlib.sha256("".join([law, *rivals, *curves["run"].values.astype(str), *curves["group"].values]).encode())
    path = KEPT / f"{runs.hexdigest()[:16]}.nc"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fit_curves(curves, law, rivals=rivals, throw=False).save(path)
    return load_fit(path)


def draw(script):
    """Run an example and save its figure."""
    names = {}
    exec(compile(script.read_text(), script.name, "exec"), names)
    FIGURES.mkdir(exist_ok=True)
    names["figure"].savefig(FIGURES / f"{script.stem}.png", dpi=120)


def main(wanted):
    """Draw all examples, or those that are named."""
    matplotlib.use("Agg")
    bk.fit = kept_fit
    for script in sorted(HERE.glob("[0-9]*.py")):
        if not wanted or any(name in script.stem for name in wanted):
            draw(script)
            print(script.stem, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
