"""Hugging Face: a Llama made from its configuration, trained by the `Trainer` of ``transformers``."""

import json

from bayeskisl.sweeping.architectures import PLAIN
from bayeskisl.sweeping.architectures.standard import ROTARY_BASE, Standard, inner_width
from bayeskisl.sweeping.decoder import ADAM_EPSILON, Decoder
from bayeskisl.sweeping.export.trainers.base import Job, LlamaTrainer

__all__ = ["HuggingFace"]

# The array of a standard decoder that each module of a Llama is, or is a part of
_ARRAYS = {"embed_tokens": "token", "input_layernorm": "attend_gain0", "q_proj": "attend0", "k_proj": "attend0",
           "v_proj": "attend0", "o_proj": "merge0", "post_attention_layernorm": "expand_gain0",
           "gate_proj": "expand0", "up_proj": "expand0", "down_proj": "contract0", "norm": "gain",
           "lm_head": "head"}  # fmt: skip
_NORM_EPSILON = 1.1920929e-07  # torch.finfo(float32).eps, as `rms_norm` takes it in the engine


class HuggingFace(LlamaTrainer):
    """``transformers``: rotary positions, RMS norm and a gated feed-forward of 8/3 widths with 8 width^2 weights.

    A standard decoder is a Llama, array for array; its starts, rates, decays and epsilons are stated for each module.
    """

    name, title, format = "hf", "Hugging Face Trainer", "datasets"
    keeps_order = True
    architectures = (PLAIN, Standard.name)

    def refuse(self, job: Job) -> None:
        if job.size.form.name == PLAIN:
            super().refuse(job)

    def params(self, job: Job) -> int:
        return super().params(job) if job.size.form.name == PLAIN else job.size.params

    def files(self, job: Job) -> dict[str, str]:
        plain = job.size.form.name == PLAIN
        recipe = {"matrix_learning_rate": job.matrix_rate} if plain else {"modules": self._modules(job)}
        return {"hf.json": json.dumps({"model": self._model(job), "training": self._training(job),
                                       "data": str(job.folder / "data" / self.format), "tokenizer": "tokenizer",
                                       "start_token": job.end, "sequences_per_step": job.training.batch,
                                       "schedule": self._schedule(job), **recipe, "model_folder": str(job.model)},
                                      indent=2) + "\n"}  # fmt: skip

    def train(self) -> str:
        return '"${PYTHON:-python}" ${LAUNCHER:-} launch/train_hf.py "runs/$RUN/hf.json"'

    def scripts(self) -> tuple[str, ...]:
        return ("train_hf.py",)

    def _model(self, job: Job) -> dict[str, object]:
        """Arguments of ``LlamaConfig``."""
        size = job.size
        plain = size.form.name == PLAIN
        own = {} if plain else {"rms_norm_eps": _NORM_EPSILON, "rope_theta": ROTARY_BASE}
        inner = self.inner(size.width) if plain else inner_width(size.width)
        return {
            "vocab_size": job.vocabulary, "hidden_size": size.width, "intermediate_size": inner, **own,
            "num_hidden_layers": size.layers, "num_attention_heads": size.heads, "num_key_value_heads": size.heads,
            "max_position_embeddings": 2 * (job.context + 1), "tie_word_embeddings": False,
            "bos_token_id": job.end, "eos_token_id": job.end, "pad_token_id": job.end,
        }  # fmt: skip

    @staticmethod
    def _modules(job: Job) -> dict[str, dict[str, float]]:
        """Start and rule of the weights of each module; the layers are alike."""
        decoder, recipe = Decoder(job.size, job.vocabulary, job.context), job.training
        starts, rules = decoder.starts(recipe), decoder.rules(recipe)
        return {
            module: {
                "mean": starts[array].mean, "sd": starts[array].sd, "lr": recipe.learning_rate * rules[array].rate,
                "weight_decay": recipe.weight_decay * rules[array].decay, "eps": ADAM_EPSILON * rules[array].epsilon,
            }
            for module, array in _ARRAYS.items()
        }  # fmt: skip

    @staticmethod
    def _schedule(job: Job) -> dict[str, float]:
        """Steps of the rise and of the fall of the learning rate, and its share of the peak at the end."""
        return {"warmup_steps": job.warmup_steps, "decay_steps": job.decay_steps,
                "final_share": job.training.final_share}  # fmt: skip

    @staticmethod
    def _training(job: Job) -> dict[str, object]:
        """Arguments of ``TrainingArguments``."""
        recipe, steps = job.training, job.run.steps
        return {
            "output_dir": str(job.folder / "checkpoints"), "max_steps": steps, "learning_rate": recipe.learning_rate,
            "adam_beta1": recipe.beta1, "adam_beta2": recipe.beta2, "weight_decay": recipe.weight_decay,
            "train_sampling_strategy": "sequential", "bf16": recipe.precision == "bfloat16",
            "seed": job.seed, "max_grad_norm": 0.0,
            "save_steps": job.steps_between_saves, "save_total_limit": 1, "logging_steps": max(1, steps // 20),
            "report_to": "none", "disable_tqdm": True,
        }  # fmt: skip
