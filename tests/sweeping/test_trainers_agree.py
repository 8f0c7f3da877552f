"""Our own engine and the Trainer of Hugging Face, on the same exported data: their collapse points agree.

Both train the engine's architecture from the same initial weights, so that what is compared is the data, their order,
the batches, the optimiser and its schedule. Two minutes of one core on an idle machine.
"""

import json

import numpy as np
import pytest

import bayeskisl as bk
from bayeskisl.curves import build_curves
from bayeskisl.sweeping import run_sweep
from bayeskisl.sweeping.decoder import Decoder
from bayeskisl.sweeping.forward import logits_of, token_loss
from bayeskisl.sweeping.training import behind_start, draw_run
from tests.sweeping.exported import write_sweep

torch = pytest.importorskip("torch")
pytest.importorskip("transformers", reason="the extra hf is not installed")
pytest.importorskip("accelerate", reason="the extra hf is not installed")

LEVELS = (15, 30, 60, 120)
GROUP = "infused"


class Engine(torch.nn.Module):
    """The engine's decoder as a module that the Trainer takes: one parameter for each of its matrices."""

    def __init__(self, run, vocabulary, rng):
        super().__init__()
        self.decoder = Decoder(run.model, vocabulary, run.mixture.context)
        sizes = [rows * columns for rows, columns in self.decoder.shapes.values()]
        parts = torch.from_numpy(self.decoder.initial(rng)).split(sizes)
        self.parts = torch.nn.ParameterDict(
            {name: torch.nn.Parameter(part.clone()) for name, part in zip(self.decoder.shapes, parts, strict=True)}
        )

    @property
    def weights(self):
        return torch.cat([self.parts[name] for name in self.decoder.shapes])[None]

    def forward(self, input_ids, labels=None):
        loss = token_loss(self.decoder, self.weights, input_ids[None, :, :-1], input_ids[None, :, 1:])
        return {"loss": loss.mean()}

    @torch.no_grad()
    def right(self, tokens):
        """Whether the most probable token is the next one, shape ``(sequence, context)``."""
        read = torch.from_numpy(tokens.astype(np.int64))
        logits = logits_of(self.decoder, self.weights, read[None, :, :-1])[0]
        return (logits.argmax(dim=-1).view(read[:, 1:].shape) == read[:, 1:]).numpy()


def train(run, folder, config):
    """The run's model after the Trainer has read the exported windows."""
    from datasets import load_from_disk
    from transformers import Trainer, TrainingArguments

    model = Engine(run, config["model"]["vocab_size"], draw_run(run)[1])
    embeddings = [model.parts[name] for name in ("token", "position")]
    matrices = [part for name, part in model.parts.items() if name not in ("token", "position")]
    groups = [{"params": embeddings, "lr": run.training.learning_rate},
              {"params": matrices, "lr": config["matrix_learning_rate"]}]  # fmt: skip
    recipe = {**config["training"], "output_dir": str(folder / "checkpoints"), "save_strategy": "no"}
    optimizer = torch.optim.AdamW(
        groups, betas=(recipe["adam_beta1"], recipe["adam_beta2"]), weight_decay=recipe["weight_decay"]
    )

    def collate(rows):
        tokens = torch.tensor([[config["start_token"], *row["input_ids"]] for row in rows])
        return {"input_ids": tokens, "labels": tokens}

    arguments = TrainingArguments(**recipe, per_device_train_batch_size=config["sequences_per_step"], max_grad_norm=0,
                                  remove_unused_columns=False, use_cpu=True)  # fmt: skip
    data = load_from_disk(str(folder / "data" / "datasets"))
    Trainer(
        model=model, args=arguments, train_dataset=data, data_collator=collate, optimizers=(optimizer, None)
    ).train()
    return model


def recall(run, model, start):
    """Facts asked as the engine asks them, and the number of those recalled."""
    material, _ = draw_run(run)
    questions = material.ask(GROUP, run.probes, np.random.default_rng(0))
    sequences = np.where(questions.sequences == run.facts.separator, start, questions.sequences)
    right = model.right(behind_start(sequences, start))
    recalled, _ = questions.judge(np.zeros(right.shape), right)
    return recalled, questions.asked


def collapse(curves):
    fit = bk.fit(curves, law="power", rivals=[], seed=0)  # two sizes tell nothing of limits
    points = fit.posterior["collapse"].sel(group=GROUP).quantile([0.05, 0.5, 0.95], ("chain", "draw"))
    return points.transpose("cell", "quantile").values


@pytest.mark.slow
def test_the_engine_and_the_trainer_of_hugging_face_find_the_same_collapse_points(tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    cache.mkdir(mode=0o700)
    monkeypatch.setenv("BAYESKISL_CACHE", str(cache))
    spec = write_sweep(tmp_path, steps=400, levels=LEVELS, documents=3000)
    exported = bk.export_sweep(spec, tmp_path / "out")
    run_sweep(spec, tmp_path / "own")
    own = build_curves(tmp_path / "own").sel(group=[GROUP])

    theirs = own.copy(deep=True)
    for run in exported.runs:
        folder = exported.folder / "runs" / run.name
        config = json.loads((folder / "hf.json").read_text())
        model = train(run, folder, config)
        recalled, asked = recall(run, model, config["start_token"])
        at = theirs["run"].values.tolist().index(run.name)
        theirs["recalled"][at, 0], theirs["probed"][at, 0] = recalled, asked

    print(
        (own["recalled"] / own["probed"]).values.ravel().round(3),
        (theirs["recalled"] / theirs["probed"]).values.ravel().round(3),
    )
    ours, other = collapse(own), collapse(theirs)
    for (low, middle, high), (their_low, their_middle, their_high) in zip(ours, other, strict=True):
        print(f"engine {middle:.0f} ({low:.0f} to {high:.0f}), Trainer {their_middle:.0f} "
              f"({their_low:.0f} to {their_high:.0f})")  # fmt: skip
        assert low <= their_middle <= high or their_low <= middle <= their_high
    assert (other[1:, 1] > 1.5 * other[:-1, 1]).all()  # four times the parameters keep clearly more facts
