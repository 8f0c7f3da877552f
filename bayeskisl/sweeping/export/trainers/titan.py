"""torchtitan: a configuration of its ``llama3`` and arrays of windows, read by the export's own loader."""

import json

from bayeskisl.sweeping.export.trainers.base import Job, LlamaTrainer, convert

# torchtitan clips at 1 unless a larger norm is named; the engine does not clip.
_NO_CLIPPING = 1e9

__all__ = ["TorchTitan"]


class TorchTitan(LlamaTrainer):
    """Configuration of torchtitan with the export's loader, which reads whole windows in their order."""

    name, title, format = "torchtitan", "torchtitan", "npy"
    keeps_order = True

    def files(self, job: Job) -> dict[str, str]:
        config = {"model": self._model(job), "training": self._training(job), "optimizer": self._optimizer(job),
                  "lr_scheduler": self._schedule(job), "checkpoint": self._checkpoint(job),
                  "dataloader": {"dataset_path": str(job.folder / "data" / self.format), "start_token": job.end},
                  "hf_assets_path": "tokenizer", "dump_folder": str(job.folder),
                  "debug": {"seed": job.seed}}  # fmt: skip
        return {"torchtitan.json": json.dumps(config, indent=2) + "\n"}

    def train(self) -> str:
        return """\
# CONVERT: a command that makes a model of transformers, called with the checkpoints' folder and the model's
"${PYTHON:-python}" -m torch.distributed.run --standalone --nproc_per_node="${GPUS:-1}" \\
  launch/train_titan.py "runs/$RUN/torchtitan.json"
""" + convert('"runs/$RUN/checkpoint"')

    def scripts(self) -> tuple[str, ...]:
        return ("train_titan.py",)

    def _model(self, job: Job) -> dict[str, object]:
        size = job.size
        return {"dim": size.width, "n_layers": size.layers, "n_heads": size.heads,
                "hidden_dim": self.inner(size.width), "vocab_size": job.vocabulary}  # fmt: skip

    @staticmethod
    def _training(job: Job) -> dict[str, object]:
        """Arguments of ``TrainingConfig``."""
        precision = "bfloat16" if job.training.precision == "bfloat16" else "float32"
        return {"global_batch_size": job.training.batch, "seq_len": job.context, "steps": job.run.steps,
                "mixed_precision_param": precision, "max_norm": _NO_CLIPPING}  # fmt: skip

    @staticmethod
    def _optimizer(job: Job) -> dict[str, object]:
        recipe = job.training
        return {"lr": recipe.learning_rate, "matrix_lr": job.matrix_rate, "betas": [recipe.beta1, recipe.beta2],
                "weight_decay": recipe.weight_decay}  # fmt: skip

    @staticmethod
    def _schedule(job: Job) -> dict[str, object]:
        """Arguments of ``LRSchedulersContainer.Config``."""
        return {"warmup_steps": job.warmup_steps, "decay_ratio": job.decay_steps / job.run.steps,
                "decay_type": "linear", "min_lr_factor": job.training.final_share}  # fmt: skip

    @staticmethod
    def _checkpoint(job: Job) -> dict[str, object]:
        return {"enable": True, "interval": job.steps_between_saves, "keep_latest_k": 2}
