"""A sweep on a lent GPU, in sittings of at most ten minutes; needs torch, NumPy and pydantic alone.

    python scripts/gpu_sweep.py gpu-rates --home home --minutes 9.5
    python scripts/gpu_sweep.py gpu-amount --earlier home --home home --minutes 9.5    # again and again

The first tenth of a sitting measures speeds; the plan of what fits is printed; only what will end in time is begun.
Each finished stack leaves one small archive of its records in --home. Keep those, hand them back with --earlier: a bare
machine goes on from them. In the end, with the package installed, unpack all of them into one folder and build:

    mkdir -p runs/gpu && for f in home/*.tar.gz; do tar xzf "$f" -C runs/gpu; done
    bayeskisl curves build runs/gpu --out curves.nc
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a bare node has no installation

from bayeskisl.errors import BayeskislError
from bayeskisl.sweeping import load_sweep
from bayeskisl.sweeping.sitting import sit


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("spec", help="a sweep's TOML file, or the name of a shipped one such as gpu-amount")
    options.add_argument("--out", default="runs/gpu", help="the sweep's folder on this machine")
    options.add_argument("--home", required=True, help="receives one small archive of records per stack")
    options.add_argument("--earlier", help="folder of archives from earlier sittings")
    options.add_argument("--minutes", type=float, default=9.5)
    options.add_argument("--device", default="cuda")
    given = options.parse_args()
    how = {"minutes": given.minutes, "earlier": given.earlier, "device": given.device}
    try:
        done = sit(load_sweep(given.spec), given.out, given.home, **how, tell=lambda line: print(line, flush=True))
    except BayeskislError as problem:
        sys.exit(f"gpu_sweep: {problem}")
    print(f"{done.trained} runs trained, at least {done.left} left: {done.folder}")


if __name__ == "__main__":
    main()
