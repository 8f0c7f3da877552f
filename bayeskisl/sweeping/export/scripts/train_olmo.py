"""Train one exported run with OLMo-core: torchrun launch/train_olmo.py runs/RUN/olmo.json.

DEVICE_BATCH is how many sequences a device takes at a time, all of its share of a step by default. What was interrupted
continues from its last checkpoint.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import torch
from olmo_core.config import DType
from olmo_core.data import NumpyDataLoaderConfig, NumpyDatasetDType, NumpyFSLDatasetConfig, TokenizerConfig
from olmo_core.distributed.parallel import DataParallelType
from olmo_core.nn.transformer import TransformerConfig
from olmo_core.optim import WSD, AdamWConfig, OptimGroupOverride
from olmo_core.train import Duration, TrainerConfig, prepare_training_environment, teardown_training_environment
from olmo_core.train.callbacks import CheckpointerCallback
from olmo_core.train.train_module import TransformerDataParallelConfig, TransformerTrainModuleConfig
from olmo_core.utils import seed_all

_MATRICES = ["blocks.*.w*.weight", "lm_head.w_out.weight"]


def main(path: str) -> None:
    config = json.loads(Path(path).read_text())
    seed_all(config["init_seed"])
    model = TransformerConfig.llama_like(**config["model"]).build(init_device="meta")
    module = train_module(config).build(model)
    dataset = dataset_config(config["dataset"]).build()
    loader = NumpyDataLoaderConfig(**config["data_loader"]).build(dataset, dp_process_group=module.dp_process_group)
    trainer = trainer_config(config["trainer"]).build(module, loader)
    trainer.maybe_load_checkpoint()
    trainer.fit()


def dataset_config(given: dict[str, Any]) -> NumpyFSLDatasetConfig:
    tokenizer, kind = TokenizerConfig(**given["tokenizer"]), NumpyDatasetDType(given["dtype"])
    return NumpyFSLDatasetConfig(**{**given, "tokenizer": tokenizer, "dtype": kind})


def train_module(config: dict[str, Any]) -> TransformerTrainModuleConfig:
    given, context = config["train_module"], config["dataset"]["sequence_length"]
    share = config["data_loader"]["global_batch_size"] // int(os.environ.get("WORLD_SIZE", "1"))
    matrices = OptimGroupOverride(params=_MATRICES, opts={"lr": given["matrix_lr"]})
    return TransformerTrainModuleConfig(
        rank_microbatch_size=min(share, int(os.environ.get("DEVICE_BATCH", share)) * context),
        max_sequence_length=context,
        optim=AdamWConfig(**{**given["optim"], "betas": tuple(given["optim"]["betas"])}, group_overrides=[matrices]),
        scheduler=WSD(**given["scheduler"]),
        dp_config=TransformerDataParallelConfig(name=DataParallelType.ddp, param_dtype=DType(given["param_dtype"])),
    )


def trainer_config(given: dict[str, Any]) -> TrainerConfig:
    config = TrainerConfig(save_folder=given["save_folder"], save_overwrite=True,
                           max_duration=Duration.steps(given["max_steps"]))  # fmt: skip
    return config.with_callback("checkpointer", CheckpointerCallback(save_interval=given["save_interval"]))


if __name__ == "__main__":
    prepare_training_environment(backend="cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
    try:
        main(sys.argv[1])
    finally:
        teardown_training_environment()
