"""Train and evaluate runs of an export in one process, so that the libraries are loaded once: DIR RUN..."""

import importlib.util
import os
import sys
from pathlib import Path

sys.path.insert(0, "launch")


def main(runs: list[str]) -> None:
    import lm_eval
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    spec = importlib.util.spec_from_file_location("train_hf", "launch/train_hf.py")
    train_hf = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(train_hf)
    for run in runs:
        train_hf.main(f"runs/{run}/hf.json")
        folder = Path("runs") / run / "tasks"
        tracker = EvaluationTracker(output_path=f"results/{run}")
        results = lm_eval.simple_evaluate(
            model="hf",
            model_args=f"pretrained=models/{run},add_bos_token=True",
            tasks=sorted(path.stem for path in folder.glob("*.yaml")),
            task_manager=TaskManager(include_path=str(folder), include_defaults=False),
            batch_size=64,
            device="cpu",
            evaluation_tracker=tracker,
        )
        results.pop("samples")
        tracker.save_results_aggregated(results=results, samples=None)


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    main(sys.argv[2:])
