"""Megatron-LM: arguments of ``pretrain_gpt.py``, and one indexed dataset of whole sequences."""

from bayeskisl.sweeping.export.trainers.base import Job, Trainer, convert

__all__ = ["MegatronLM"]


class MegatronLM(Trainer):
    """Rotary positions, RMS norm, no biases, a feed-forward of 4 widths: 12 layers width^2 and the norms' gains."""

    name, title, format = "megatron", "Megatron-LM", "megatron"
    keeps_order = False  # it shuffles documents and samples by its seed

    def refuse(self, job: Job) -> None:
        pass

    def params(self, job: Job) -> int:
        return job.size.params + (2 * job.size.layers + 1) * job.size.width

    def files(self, job: Job) -> dict[str, str]:
        size, recipe, steps = job.size, job.training, job.run.steps
        arguments: dict[str, object] = {
            "num-layers": size.layers, "hidden-size": size.width, "ffn-hidden-size": 4 * size.width,
            "num-attention-heads": size.heads, "seq-length": job.context, "max-position-embeddings": job.context,
            "global-batch-size": recipe.batch, "train-iters": steps, "seed": job.seed + 1, "clip-grad": 0.0,
            "lr": job.matrix_rate, "min-lr": job.matrix_rate * recipe.final_share, "lr-decay-style": "WSD",
            "lr-wsd-decay-style": "linear", "lr-wsd-decay-iters": job.decay_steps, "lr-decay-iters": steps,
            "lr-warmup-iters": job.warmup_steps, "weight-decay": recipe.weight_decay, "adam-beta1": recipe.beta1,
            "adam-beta2": recipe.beta2, "normalization": "RMSNorm", "position-embedding-type": "rope",
            "data-path": job.folder / "data" / self.format / "train", "split": "100,0,0", "eval-iters": 0,
            "tokenizer-type": "HuggingFaceTokenizer", "tokenizer-model": "tokenizer",
            "save": job.folder / "checkpoints", "load": job.folder / "checkpoints",
            "save-interval": job.steps_between_saves,
        }  # fmt: skip
        switches = ["disable-bias-linear", "untie-embeddings-and-output-weights", "use-mcore-models"]
        if recipe.precision == "bfloat16":
            switches.append("bf16")
        lines = [f"--{name}\n{value}\n" for name, value in arguments.items()]
        return {"megatron.args": "".join([*lines, *(f"--{name}\n" for name in switches)])}

    def train(self) -> str:
        return """\
# MEGATRON: its checkout; CONVERT: a command that makes a model of transformers, called with the checkpoints' folder and
# the model's
mapfile -t ARGUMENTS < "runs/$RUN/megatron.args"
"${PYTHON:-python}" -m torch.distributed.run --standalone --nproc_per_node="${GPUS:-1}" \\
  "${MEGATRON:?}/pretrain_gpt.py" "${ARGUMENTS[@]}" --micro-batch-size "${DEVICE_BATCH:-1}"
""" + convert('"runs/$RUN/checkpoints"')
