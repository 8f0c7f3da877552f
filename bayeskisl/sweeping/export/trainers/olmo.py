"""OLMo-core: arguments of its configuration classes, and token shards without a header as its ``NumpyFSLDataset``."""

import json

from bayeskisl.sweeping.export.trainers.base import Job, LlamaTrainer, convert

__all__ = ["OLMoCore"]


class OLMoCore(LlamaTrainer):
    """``TransformerConfig.llama_like``: rotary positions, RMS norm and a gated feed-forward of 8/3 widths."""

    name, title, format = "olmo", "OLMo-core", "memmap"
    keeps_order = False  # its loader shuffles windows, which stay whole

    def files(self, job: Job) -> dict[str, str]:
        config = {"model": self._model(job), "dataset": self._dataset(job), "data_loader": self._loader(job),
                  "train_module": self._train_module(job), "trainer": self._trainer(job),
                  "init_seed": job.seed}  # fmt: skip
        return {"olmo.json": json.dumps(config, indent=2) + "\n"}

    def train(self) -> str:
        return """\
# CONVERT: a command that makes a model of transformers, called with the checkpoints' folder and the model's
"${PYTHON:-python}" -m torch.distributed.run --standalone --nproc_per_node="${GPUS:-1}" \\
  launch/train_olmo.py "runs/$RUN/olmo.json"
""" + convert('"runs/$RUN/checkpoints"')

    def scripts(self) -> tuple[str, ...]:
        return ("train_olmo.py",)

    @staticmethod
    def inner(width: int) -> int:
        return 8 * width // 3  # as ``llama_like`` rounds it

    @staticmethod
    def _model(job: Job) -> dict[str, object]:
        """Arguments of ``TransformerConfig.llama_like``."""
        size = job.size
        return {"d_model": size.width, "vocab_size": job.vocabulary, "n_layers": size.layers, "n_heads": size.heads,
                "hidden_size_multiple_of": 1}  # fmt: skip

    def _dataset(self, job: Job) -> dict[str, object]:
        """Arguments of ``NumpyFSLDatasetConfig``; the tokeniser's are those of ``TokenizerConfig``."""
        tokenizer = {"vocab_size": job.vocabulary, "eos_token_id": job.end, "pad_token_id": job.end,
                     "identifier": "tokenizer"}  # fmt: skip
        folder = job.folder / "data" / self.format
        return {"paths": [str(folder / "*.npy")], "expand_glob": True, "sequence_length": job.context,
                "dtype": "uint16" if job.vocabulary <= 2**16 else "uint32", "tokenizer": tokenizer,
                "work_dir": str(job.folder / "work")}  # fmt: skip

    @staticmethod
    def _loader(job: Job) -> dict[str, object]:
        """Arguments of ``NumpyDataLoaderConfig``; batches are counted in tokens."""
        return {"global_batch_size": job.training.batch * job.context, "seed": job.seed}

    @staticmethod
    def _train_module(job: Job) -> dict[str, object]:
        """Arguments of ``AdamWConfig`` and ``WSD``, and the rate of the matrices."""
        recipe = job.training
        return {
            "optim": {"lr": recipe.learning_rate, "betas": [recipe.beta1, recipe.beta2],
                      "weight_decay": recipe.weight_decay},
            "matrix_lr": job.matrix_rate,
            "scheduler": {"warmup": job.warmup_steps, "decay": job.decay_steps, "decay_fraction": None,
                          "decay_min_lr": job.matrix_rate * recipe.final_share},
            "param_dtype": "bfloat16" if recipe.precision == "bfloat16" else "float32",
        }  # fmt: skip

    @staticmethod
    def _trainer(job: Job) -> dict[str, object]:
        """Arguments of ``TrainerConfig``: the folder, the steps, and those between checkpoints."""
        steps = job.run.steps
        return {"save_folder": str(job.folder / "checkpoints"), "max_steps": steps,
                "save_interval": job.steps_between_saves}  # fmt: skip
