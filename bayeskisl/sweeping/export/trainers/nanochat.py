"""nanochat: arguments of ``scripts.base_train``, and Parquet shards of text as its ``base_data``."""

from bayeskisl.errors import InputError
from bayeskisl.sweeping.export.trainers.base import Job, Trainer, convert

__all__ = ["Nanochat"]


class Nanochat(Trainer):
    """nanochat sets its own recipe (Muon) by the depth; sizes, steps and batch are those of the sweep."""

    name, title, format = "nanochat", "nanochat", "parquet"
    keeps_order = False  # its loader packs the documents that fit best

    def refuse(self, job: Job) -> None:
        size = job.size
        head, base = size.width // size.heads, size.width // size.layers * size.layers
        if -(-base // head) * head != size.width:
            raise InputError("a width that nanochat makes of depth and aspect ratio",
                             f"{size.width} with {size.layers} layers and {size.heads} heads", "ladder",
                             "take a width divisible by the layers")  # fmt: skip

    def params(self, job: Job) -> int:
        return job.size.params

    def files(self, job: Job) -> dict[str, str]:
        size = job.size
        arguments = {
            "depth": size.layers, "aspect-ratio": size.width // size.layers, "head-dim": size.width // size.heads,
            "max-seq-len": job.context, "window-pattern": "L", "num-iterations": job.run.steps,
            "total-batch-size": job.training.batch * job.context, "warmup-steps": job.warmup_steps,
            "warmdown-ratio": round(1 - job.training.flat_until, 6), "final-lr-frac": job.training.final_share,
            "eval-every": -1, "core-metric-every": -1, "sample-every": -1, "model-tag": job.run.name,
        }  # fmt: skip
        return {"nanochat.args": "".join(f"--{name}={value}\n" for name, value in arguments.items())}

    def train(self) -> str:
        return """\
# NANOCHAT: its checkout; NANOCHAT_TOKENIZER: its folder `tokenizer`, of the tokeniser that this export was made with;
# CONVERT: a command that makes a model of transformers, called with the checkpoint's folder and the model's
export NANOCHAT_BASE_DIR="$PWD/runs/$RUN/nanochat"
mkdir -p "$NANOCHAT_BASE_DIR"
ln -sfn "$PWD/runs/$RUN/data/parquet" "$NANOCHAT_BASE_DIR/base_data"
ln -sfn "$PWD/runs/$RUN/data/parquet" "$NANOCHAT_BASE_DIR/base_data_climbmix"
ln -sfn "${NANOCHAT_TOKENIZER:?}" "$NANOCHAT_BASE_DIR/tokenizer"
mapfile -t ARGUMENTS < "runs/$RUN/nanochat.args"
(cd "${NANOCHAT:?}" && "${PYTHON:-python}" -m torch.distributed.run --standalone --nproc_per_node="${GPUS:-1}" \\
  -m scripts.base_train -- "${ARGUMENTS[@]}" --device-batch-size="${DEVICE_BATCH:-32}")
""" + convert('"$NANOCHAT_BASE_DIR/base_checkpoints/$RUN"')
