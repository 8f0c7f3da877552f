"""Hugging Face: a Llama made from its configuration, trained by the `Trainer` of ``transformers``."""

import json

from bayeskisl.sweeping.export.trainers.base import Job, LlamaTrainer

__all__ = ["HuggingFace"]


class HuggingFace(LlamaTrainer):
    """``transformers``: rotary positions, RMS norm and a gated feed-forward of 8/3 widths with 8 width^2 weights."""

    name, title, format = "hf", "Hugging Face Trainer", "datasets"
    keeps_order = True

    def files(self, job: Job) -> dict[str, str]:
        return {"hf.json": json.dumps({"model": self._model(job), "training": self._training(job),
                                       "data": str(job.folder / "data" / self.format), "tokenizer": "tokenizer",
                                       "start_token": job.end, "sequences_per_step": job.training.batch,
                                       "matrix_learning_rate": job.matrix_rate, "model_folder": str(job.model)},
                                      indent=2) + "\n"}  # fmt: skip

    def train(self) -> str:
        return '"${PYTHON:-python}" ${LAUNCHER:-} launch/train_hf.py "runs/$RUN/hf.json"'

    def scripts(self) -> tuple[str, ...]:
        return ("train_hf.py",)

    def _model(self, job: Job) -> dict[str, object]:
        """Arguments of ``LlamaConfig``."""
        size = job.size
        return {
            "vocab_size": job.vocabulary, "hidden_size": size.width, "intermediate_size": self.inner(size.width),
            "num_hidden_layers": size.layers, "num_attention_heads": size.heads, "num_key_value_heads": size.heads,
            "max_position_embeddings": 2 * (job.context + 1), "tie_word_embeddings": False,
            "bos_token_id": job.end, "eos_token_id": job.end, "pad_token_id": job.end,
        }  # fmt: skip

    @staticmethod
    def _training(job: Job) -> dict[str, object]:
        """Arguments of ``TrainingArguments``."""
        recipe, steps = job.training, job.run.steps
        return {
            "output_dir": str(job.folder / "checkpoints"), "max_steps": steps, "learning_rate": recipe.learning_rate,
            "adam_beta1": recipe.beta1, "adam_beta2": recipe.beta2, "weight_decay": recipe.weight_decay,
            "warmup_steps": job.warmup_steps, "lr_scheduler_type": "warmup_stable_decay",
            "lr_scheduler_kwargs": {"num_decay_steps": job.decay_steps, "decay_type": "linear",
                                    "min_lr_ratio": recipe.final_share},
            "train_sampling_strategy": "sequential", "bf16": recipe.precision == "bfloat16", "seed": job.run.seed,
            "save_steps": job.steps_between_saves, "save_total_limit": 1, "logging_steps": max(1, steps // 20),
            "report_to": "none", "disable_tqdm": True,
        }  # fmt: skip
