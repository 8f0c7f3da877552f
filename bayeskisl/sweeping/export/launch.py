"""Scripts that train and evaluate every run: on one node, as an array job of SLURM, on a Ray cluster."""

import math
from importlib.resources import files
from pathlib import Path

from bayeskisl.files import replace_file
from bayeskisl.sweeping.export.trainers import Trainer

__all__ = ["write_launchers"]

# A run gets this many times the hours that were estimated for it, and never less than so many minutes.
_MARGIN, _FEWEST_MINUTES = 2.0, 30

_RUN = """\
#!/usr/bin/env bash
# Train run $1 with {title} and evaluate it; a run that has results is left alone.
set -euo pipefail
cd "$(dirname "${{BASH_SOURCE[0]}}")/.."
export RUN="$1" RESULTS="${{RESULTS:-results}}" MODEL="models/$1"
export HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1 TOKENIZERS_PARALLELISM="${{TOKENIZERS_PARALLELISM:-false}}"
[ -z "$(find "$RESULTS/$RUN" -name 'results*.json' 2>/dev/null)" ] || exit 0
if [ ! -f "$MODEL/config.json" ]; then
{train}
fi
TASKS=$(for file in "runs/$RUN/tasks"/*.yaml; do basename "$file" .yaml; done | paste -sd, -)
"${{PYTHON:-python}}" -m lm_eval --model hf --model_args "pretrained=$MODEL,add_bos_token=True" --tasks "$TASKS" \\
  --include_path "runs/$RUN/tasks" --output_path "$RESULTS/$RUN" \\
  --batch_size "${{EVAL_BATCH:-64}}" ${{EVAL_ARGUMENTS:-}}
"""

_NODE = """\
#!/usr/bin/env bash
# Every run on this node, JOBS side by side, each with a device of its own: JOBS=8 bash launch/node.sh
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
JOBS="${JOBS:-1}"
failed=0
worker() {
  IFS=, read -ra devices <<< "${CUDA_VISIBLE_DEVICES:-}"
  [ "$JOBS" = 1 ] || export CUDA_VISIBLE_DEVICES="${devices[$1 % (${#devices[@]} > 0 ? ${#devices[@]} : 1)]:-$1}"
  awk -v w="$1" -v n="$JOBS" 'NR % n == w' launch/runs.txt | {
    bad=0
    while read -r run; do bash launch/run.sh "$run" < /dev/null || { echo "$run failed" >&2; bad=1; }; done
    exit $bad
  }
}
for ((w = 0; w < JOBS; w++)); do worker "$w" & done
for job in $(jobs -p); do wait "$job" || failed=1; done
exit $failed
"""

_SLURM = """\
#!/usr/bin/env bash
# Every run as one task of an array job; submit it in the export's folder: sbatch launch/slurm.sh
#SBATCH --job-name={name}
#SBATCH --array=0-{last}%{side_by_side}
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --gpus-per-node=1
#SBATCH --time={time}
#SBATCH --requeue
#SBATCH --output=logs/%A_%a.out
set -euo pipefail
cd "${{SLURM_SUBMIT_DIR:?}}"
exec bash launch/run.sh "$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" launch/runs.txt)"
"""


def write_launchers(root: Path, name: str, trainer: Trainer, runs: list[str], hours: float, side_by_side: int) -> None:
    """Write the folder ``launch``.

    Parameters
    ----------
    root : Path
        The export's folder.
    name : str
        Name of the sweep.
    trainer : Trainer
    runs : list of str
        Names, the longest runs first, so that none of them is left for the end.
    hours : float
        Hours of the longest run on one device.
    side_by_side : int
        Tasks of the array job that run at a time.
    """
    scripts = files("bayeskisl.sweeping.export") / "scripts"
    content = {
        "runs.txt": "".join(f"{run}\n" for run in runs),
        "run.sh": _RUN.format(
            title=trainer.title, train="\n".join(f"  {line}" for line in trainer.train().splitlines())
        ),
        "node.sh": _NODE,
        "slurm.sh": _SLURM.format(name=name, last=len(runs) - 1, side_by_side=side_by_side, time=_time(hours)),
        **{script: (scripts / script).read_text() for script in ("ray_runs.py", *trainer.scripts())},
    }
    for file, text in content.items():
        replace_file(root / "launch" / file, text.encode())
    (root / "logs").mkdir(exist_ok=True)


def _time(hours: float) -> str:
    minutes = max(_FEWEST_MINUTES, math.ceil(hours * _MARGIN * 60))
    return f"{minutes // 60:02d}:{minutes % 60:02d}:00"
