"""Train one exported run with torchtitan: torchrun launch/train_titan.py runs/RUN/torchtitan.json.

DEVICE_BATCH is how many sequences a device takes at a time, all of its share of a step by default. What was interrupted
continues from its last checkpoint.
"""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.distributed.checkpoint.stateful import Stateful
from torch.utils.data import IterableDataset
from torchtitan.components.checkpoint import CheckpointManager
from torchtitan.components.dataloader import ParallelAwareDataloader
from torchtitan.components.loss import CrossEntropyLoss
from torchtitan.components.optimizer import LRSchedulersContainer, OptimizersContainer, ParamGroupConfig
from torchtitan.config import DebugConfig, TrainingConfig
from torchtitan.models import llama3
from torchtitan.models.common import ComplexRoPE, Embedding, Linear, RMSNorm
from torchtitan.trainer import Trainer

_MATRICES = r".*(layers\..*(attention|feed_forward)\..*|lm_head\.)weight"


class Windows(IterableDataset[Any], Stateful):
    """Windows of every shard in the order in which they were written, each behind the end of a document."""

    def __init__(self, folder: str, start: int, rank: int, ranks: int) -> None:
        self._shards, self._start = sorted(Path(folder).glob("*.npy")), start
        self._rank, self._ranks, self._next = rank, ranks, 0

    def __iter__(self) -> Iterator[tuple[dict[str, torch.Tensor], torch.Tensor]]:
        begun = 0
        for shard in self._shards:
            windows = np.load(shard, mmap_mode="r")
            first = max(0, self._next - begun)
            for at in range(first, len(windows)):
                self._next = begun + at + 1
                if (begun + at) % self._ranks == self._rank:
                    yield self._sample(torch.from_numpy(windows[at].astype(np.int64)))
            begun += len(windows)

    def _sample(self, tokens: torch.Tensor) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        behind = torch.cat([torch.tensor([self._start]), tokens[:-1]])
        return {"input": behind, "positions": torch.arange(len(tokens))}, tokens

    def state_dict(self) -> dict[str, Any]:
        return {"next": self._next}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._next = state_dict["next"]


class ExportedLoader(ParallelAwareDataloader):
    """The loader of an export, configured as those of torchtitan."""

    @dataclass(kw_only=True, slots=True)
    class Config(ParallelAwareDataloader.Config):
        start_token: int = 0

    def __init__(
        self, config: Config, *, dp_world_size: int, dp_rank: int, local_batch_size: int, **unused: Any
    ) -> None:
        windows = Windows(str(config.dataset_path), config.start_token, dp_rank, dp_world_size)
        super().__init__(windows, dp_rank=dp_rank, dp_world_size=dp_world_size, batch_size=local_batch_size)


def model_spec(given: dict[str, Any]) -> Any:
    """The specification of `llama3` with this size."""
    width, vocabulary = given["dim"], given["vocab_size"]
    spec = llama3.model_registry("debugmodel", attn_backend=os.environ.get("ATTENTION", "flex"))
    config = llama3.Llama3Model.Config(
        dim=width,
        vocab_size=vocabulary,
        tok_embeddings=Embedding.Config(num_embeddings=vocabulary, embedding_dim=width,
                                        param_init=llama3._EMBEDDING_INIT),
        norm=RMSNorm.Config(normalized_shape=width, param_init=llama3._NORM_INIT),
        lm_head=Linear.Config(in_features=width, out_features=vocabulary, param_init=llama3._output_linear_init(width)),
        layers=llama3._build_llama3_layers(
            n_layers=given["n_layers"], dim=width, n_heads=given["n_heads"], hidden_dim=given["hidden_dim"],
            rope=ComplexRoPE.Config(dim=width // given["n_heads"], max_seq_len=given["seq_len"], theta=10_000),
            attn_backend=os.environ.get("ATTENTION", "flex"),
        ),
    )  # fmt: skip
    spec.model, spec.flavor = config, "exported"
    return spec


def optimizer(given: dict[str, Any]) -> OptimizersContainer.Config:
    """Return AdamW with the rate of matrices, the head included, and the peak rate for all other weights."""
    shared = {"betas": tuple(given["betas"]), "eps": 1e-8, "weight_decay": given["weight_decay"]}
    groups = [(_MATRICES, given["matrix_lr"]), (r".*", given["lr"])]
    return OptimizersContainer.Config(
        param_groups=[
            ParamGroupConfig(pattern=pattern, optimizer_name="AdamW", optimizer_kwargs={"lr": rate, **shared})
            for pattern, rate in groups
        ]
    )


def trainer_config(config: dict[str, Any]) -> Trainer.Config:
    training = config["training"]
    share = training["global_batch_size"] // int(os.environ.get("WORLD_SIZE", "1"))
    return Trainer.Config(
        model_spec=model_spec({**config["model"], "seq_len": training["seq_len"]}),
        loss=CrossEntropyLoss.Config(global_vocab_size=config["model"]["vocab_size"]),
        hf_assets_path=config["hf_assets_path"],
        dump_folder=config["dump_folder"],
        dataloader=ExportedLoader.Config(**config["dataloader"]),
        optimizer=optimizer(config["optimizer"]),
        lr_scheduler=LRSchedulersContainer.Config(**config["lr_scheduler"]),
        training=TrainingConfig(**training, local_batch_size=min(share, int(os.environ.get("DEVICE_BATCH", share)))),
        checkpoint=CheckpointManager.Config(**config["checkpoint"]),
        debug=DebugConfig(**config["debug"]),
    )


if __name__ == "__main__":
    trainer = trainer_config(json.loads(Path(sys.argv[1]).read_text())).build()
    try:
        trainer.train()
    finally:
        trainer.close()
