"""Our own engine and the Trainer of Hugging Face, on the same exported data: their collapse points agree.

Both train the engine's architecture on the exported windows, from the same initial weights, so that what is compared is
the order of the data, the batches, the optimiser and its schedule. Two minutes of one core on an idle machine.
"""

import importlib.util
import json

import numpy as np
import pytest

import bayeskisl as bk
from bayeskisl.sweeping.decoder import Decoder
from bayeskisl.sweeping.fastest_steps import make_steps
from bayeskisl.sweeping.forward import logits_of, token_loss
from bayeskisl.sweeping.steps import State
from bayeskisl.sweeping.torch_steps import one_thread
from bayeskisl.sweeping.training import behind_start, draw_run
from studies.simulated.text_sweep import write_sweep

torch = pytest.importorskip("torch")
pytest.importorskip("transformers", reason="the extra hf is not installed")
pytest.importorskip("accelerate", reason="the extra hf is not installed")

LEVELS = (15, 30, 60, 120)
GROUP = "infused"
TOLD = ("tokens", "ratio", "facts", "exposures", "tokens_per_fact")


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

    arguments = TrainingArguments(**recipe, per_device_train_batch_size=config["sequences_per_step"],
                                  remove_unused_columns=False, use_cpu=True)  # fmt: skip
    data = load_from_disk(str(folder / "data" / "datasets"))
    schedule = launch_script(folder.parents[1] / "launch" / "train_hf.py").schedule(optimizer, config)
    trainer = Trainer(
        model=model, args=arguments, train_dataset=data, data_collator=collate, optimizers=(optimizer, schedule)
    )
    with one_thread():  # threads that wait for one another over matrices of 16 x 16 cost more than they save
        trainer.train()
    return model


def launch_script(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def by_the_engine(run, folder, config):
    """The engine's steps after they have read the exported windows."""
    windows = np.concatenate([np.load(path) for path in sorted((folder / "data" / "npy").glob("*.npy"))])
    decoder = Decoder(run.model, config["model"]["vocab_size"], run.mixture.context)
    rates = run.training.learning_rate * decoder.rate_factors(run.training)
    state = State.initial(decoder.initial(draw_run(run)[1])[None])
    read = behind_start(windows, config["start_token"])[None]
    steps = make_steps(decoder, run.training, rates[None].astype(np.float32), read, state, "cpu", compiled=True)
    steps.advance(0, run.steps)
    return steps


def recall(run, right_in, start):
    """Facts asked as the engine asks them, and the number of those recalled."""
    material, _ = draw_run(run)
    questions = material.ask(GROUP, run.probes, np.random.default_rng(0))
    sequences = np.where(questions.sequences == run.facts.separator, start, questions.sequences)
    right = right_in(behind_start(sequences, start))
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
    exported = bk.export_sweep(spec, tmp_path / "out", formats=("npy",))
    rows = {"engine": [], "Trainer": []}
    for run in exported.runs:
        folder = exported.folder / "runs" / run.name
        config = json.loads((folder / "hf.json").read_text())
        steps, model = by_the_engine(run, folder, config), train(run, folder, config)
        right_in = {"engine": lambda tokens, steps=steps: steps.evaluate(0, tokens)[1], "Trainer": model.right}
        for name, right in right_in.items():
            recalled, asked = recall(run, right, config["start_token"])
            mixture = {field: getattr(run.mixture, field) for field in TOLD}
            rows[name].append({"params": run.params, **mixture, "recalled": recalled, "probed": asked})

    print({name: [round(row["recalled"] / row["probed"], 2) for row in table] for name, table in rows.items()})
    points = {name: collapse(bk.curves_from_table(table, axis="amount")) for name, table in rows.items()}
    for name in rows:
        print(name, points[name].round().tolist())
    for (low, middle, high), (their_low, their_middle, their_high) in zip(*points.values(), strict=True):
        assert low <= their_middle <= high
        assert their_low <= middle <= their_high
    assert (points["Trainer"][1:, 1] > 1.5 * points["Trainer"][:-1, 1]).all()  # four times the parameters
