"""Train one exported run with the Trainer of Hugging Face: python launch/train_hf.py runs/RUN/hf.json.

On several devices: LAUNCHER="-m torch.distributed.run --standalone --nproc_per_node=8". What was interrupted goes on.
PER_DEVICE is how many sequences a device takes at a time; gradients are summed up to the sequences of a step.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

if "WORLD_SIZE" not in os.environ:  # one process takes one device: Trainer would give each visible one a batch
    os.environ["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]

import torch
from datasets import load_from_disk
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments, set_seed
from transformers.trainer_utils import get_last_checkpoint


def main(path: str) -> None:
    config = json.loads(Path(path).read_text())
    devices = int(os.environ.get("WORLD_SIZE", "1"))
    share = config["sequences_per_step"] // devices
    per_device = min(int(os.environ.get("PER_DEVICE", share)), share)
    if config["sequences_per_step"] % devices or per_device < 1 or share % per_device:
        raise SystemExit(f"{config['sequences_per_step']} sequences a step do not divide by {devices} devices with "
                         f"{per_device} each; set PER_DEVICE")  # fmt: skip
    arguments = TrainingArguments(
        **config["training"],
        per_device_train_batch_size=per_device,
        gradient_accumulation_steps=share // per_device,
        remove_unused_columns=False,
        dataloader_pin_memory=torch.cuda.is_available(),
    )
    if arguments.train_batch_size * devices * arguments.gradient_accumulation_steps != config["sequences_per_step"]:
        raise SystemExit(f"{arguments.n_gpu} devices in one process would read more than "
                         f"{config['sequences_per_step']} sequences a step; start one process a device")  # fmt: skip
    set_seed(config["training"]["seed"])
    model = LlamaForCausalLM(LlamaConfig(**config["model"]))
    begin(model, config)
    adamw = optimizer(model, config)
    trainer = Trainer(
        model=model,
        args=arguments,
        train_dataset=load_from_disk(config["data"]),
        data_collator=behind_start(config["start_token"]),
        optimizers=(adamw, schedule(adamw, config)),
    )
    folder = Path(config["training"]["output_dir"])
    trainer.train(resume_from_checkpoint=get_last_checkpoint(folder) if folder.is_dir() else None)
    if trainer.is_world_process_zero():
        save(model, config)


def save(model: LlamaForCausalLM, config: dict[str, Any]) -> None:
    """Save the model and its tokeniser; the folder appears as a whole."""
    folder = Path(config["model_folder"])
    part = folder.with_name(f"{folder.name}.part")
    for left in (folder, part):
        shutil.rmtree(left, ignore_errors=True)
    model.save_pretrained(part)
    AutoTokenizer.from_pretrained(config["tokenizer"]).save_pretrained(part)
    part.rename(folder)


def behind_start(token: int) -> Callable[[list[dict[str, Any]]], dict[str, torch.Tensor]]:
    """Return a collator that puts the end of a document before every sequence, so that its first token is predicted."""

    def collate(rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        tokens = torch.tensor([[token, *row["input_ids"]] for row in rows])
        return {"input_ids": tokens, "labels": tokens.clone()}

    return collate


def by_module(model: LlamaForCausalLM, config: dict[str, Any]) -> list[tuple[torch.nn.Parameter, dict[str, float]]]:
    """Parameters with what the configuration states of their module, if it does: model.norm.weight is of norm."""
    if "modules" not in config:
        return []
    return [(p, config["modules"][name.split(".")[-2]]) for name, p in model.named_parameters()]


@torch.no_grad()
def begin(model: LlamaForCausalLM, config: dict[str, Any]) -> None:
    """Draw the initial weights that are stated."""
    for parameter, own in by_module(model, config):
        parameter.normal_(own["mean"], own["sd"])


def optimizer(model: LlamaForCausalLM, config: dict[str, Any]) -> torch.optim.AdamW:
    """Return AdamW as stated for each module, else with two rates: of matrices, the head included, and of all else."""
    training = config["training"]
    betas = (training["adam_beta1"], training["adam_beta2"])
    stated = [
        {"params": [p], "lr": own["lr"], "weight_decay": own["weight_decay"], "eps": own["eps"]}
        for p, own in by_module(model, config)
    ]
    if stated:
        return torch.optim.AdamW(stated, betas=betas)
    matrices = [*(p for p in model.model.layers.parameters() if p.ndim == 2), *model.lm_head.parameters()]
    known = {id(p) for p in matrices}
    groups = [
        {"params": matrices, "lr": config["matrix_learning_rate"]},
        {"params": [p for p in model.parameters() if id(p) not in known], "lr": training["learning_rate"]},
    ]
    return torch.optim.AdamW(groups, betas=betas, weight_decay=training["weight_decay"])


def schedule(optimizer: torch.optim.Optimizer, config: dict[str, Any]) -> torch.optim.lr_scheduler.LambdaLR:
    """Return a linear warm-up from the first step on, the peak, and a linear fall to the final share at the last step.

    That of transformers, `warmup_stable_decay`, begins its warm-up at the final share.
    """
    own, steps = config["schedule"], config["training"]["max_steps"]

    def rate(step: int) -> float:
        fallen = max(0.0, 1 - (steps - step - 1) / own["decay_steps"])
        return min((step + 1) / max(1, own["warmup_steps"]), 1 - fallen * (1 - own["final_share"]))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, rate)


if __name__ == "__main__":
    main(sys.argv[1])
