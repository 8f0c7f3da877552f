"""Are the posteriors calibrated?

Where known truths fall in the posteriors of simulated sweeps of the default law. A calibrated posterior stays inside
the shaded band, as all four do here.
"""

import json

import numpy as np

import bayeskisl as bk
from bayeskisl.shipped import shipped_folder

path = shipped_folder("data") / "proof" / "calibration" / "limits.jsonl"
truths = [json.loads(line)["exact"] for line in path.read_text().splitlines()[1:]]
names = ["intercept[infused]", "exponent[infused, params]", "tau[infused]"]
names += ["sigma_run[infused]"]
ranks = {name: np.array([each[name] for each in truths]) for name in names}
figure = bk.plot_calibration(ranks)
