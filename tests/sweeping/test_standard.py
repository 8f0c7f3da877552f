"""The standard architecture is a plain Llama that CompleteP's table trains."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from bayeskisl.curves import build_curves, cell_table, load_curves
from bayeskisl.errors import InputError
from bayeskisl.shipped import shipped_folder
from bayeskisl.sweeping import NamedDevice, estimate_sweep, load_ladder, run_sweep
from bayeskisl.sweeping.architectures.standard import inner_width
from bayeskisl.sweeping.decoder import Decoder
from bayeskisl.sweeping.fastest_steps import make_steps
from bayeskisl.sweeping.forward import logits_of, token_loss
from bayeskisl.sweeping.ladder import ModelSize, Training
from bayeskisl.sweeping.native import compiler
from bayeskisl.sweeping.probing import train_and_probe
from bayeskisl.sweeping.steps import State
from tests.sweeping.conftest import records_of
from tests.sweeping.tiny import loaded

VOCABULARY, CONTEXT = 19, 5
SIZE = ModelSize(width=8, layers=3, heads=2, architecture="standard")
# Twice the base width and three times the base depth, and a decay and an epsilon that matter.
RECIPE = Training(learning_rate=0.02, base_width=4, base_layers=1, batch=4, weight_decay=0.1, warmup_steps=2)

LADDER = """
context = 24
tokens_per_param = 20
[model]
architecture = "standard"
layers = 1
heads = 2
[training]
batch = 8
base_width = 8
base_layers = 1
warmup_steps = 20
[facts]
symbols = 16
subject_length = 3
answer_length = 2
[corpus]
symbols = 16
order = 1
successors = 8
[[sizes]]
width = 8
learning_rate = 2e-2
[[sizes]]
width = 16
layers = 2
learning_rate = 2e-2
"""
SWEEP = 'name = "deep"\naxis = "amount"\nladder = "{}"\nwidths = [8]\nlevels = [4, 16]\nstack = 2\n'


class Llama(nn.Module):
    """The published form, multipliers and all, for one run: written without a look at the package."""

    def __init__(self, width, layers, heads, n, l):  # noqa: E741
        super().__init__()
        inner = inner_width(width)
        self.heads, self.n, self.l = heads, n, l
        self.token = nn.Embedding(VOCABULARY, width)
        linear = {"q": (width, width), "k": (width, width), "v": (width, width), "o": (width, width),
                  "gate": (width, inner), "up": (width, inner), "down": (inner, width)}  # fmt: skip
        self.blocks = nn.ModuleList(
            nn.ModuleDict({
                **{name: nn.Linear(*shape, bias=False) for name, shape in linear.items()},
                "norm1": nn.RMSNorm(width), "norm2": nn.RMSNorm(width),
            })
            for _ in range(layers)
        )  # fmt: skip
        self.norm, self.head = nn.RMSNorm(width), nn.Linear(width, VOCABULARY, bias=False)

    def forward(self, inputs):
        x = self.token(inputs)
        for block in self.blocks:
            x = x + self.attend(block, block["norm1"](x)) / self.l
            y = block["norm2"](x)
            x = x + block["down"](F.silu(block["gate"](y)) * block["up"](y)) / self.l
        return self.head(self.norm(x)) / self.n

    def attend(self, block, y):
        q, k, v = (block[name](y).unflatten(-1, (self.heads, -1)).transpose(1, 2) for name in "qkv")
        places, half = torch.arange(y.shape[1]), q.shape[-1] // 2
        angles = torch.outer(places, 10_000.0 ** (-torch.arange(half) / half)).repeat(1, 2)

        def turned(x):
            return x * angles.cos() + torch.cat([-x[..., half:], x[..., :half]], -1) * angles.sin()

        mixed = F.scaled_dot_product_attention(turned(q), turned(k), v, is_causal=True)
        return block["o"](mixed.transpose(1, 2).flatten(2))

    def groups(self, rate, decay, epsilon):
        """Parameter groups of the reference implementation of CompleteP."""
        n, l = self.n, self.l  # noqa: E741
        linear = [m.weight for m in self.blocks.modules() if isinstance(m, nn.Linear)]
        gains = [m.weight for m in self.blocks.modules() if isinstance(m, nn.RMSNorm)]
        outer = {"lr": rate, "eps": epsilon / n}
        return [
            {"params": [self.token.weight, self.head.weight], "weight_decay": decay, **outer},
            {"params": gains, "weight_decay": 0.0, "lr": rate, "eps": epsilon / (n * l)},
            {"params": linear, "weight_decay": decay * n, "lr": rate / n, "eps": epsilon / (n * l)},
            {"params": [self.norm.weight], "weight_decay": 0.0, **outer},
        ]

    def of_row(self, decoder, row):
        """Take the weights of a run, with multipliers taken out of them."""
        sizes = [rows * columns for rows, columns in decoder.shapes.values()]
        parts = zip(decoder.shapes.items(), torch.from_numpy(row).split(sizes), strict=True)
        part = {name: value.view(shape) for (name, shape), value in parts}
        own = {"token.weight": part["token"], "norm.weight": part["gain"][0], "head.weight": self.n * part["head"].T}
        for layer in range(len(self.blocks)):
            q, k, v = part[f"attend{layer}"].T.chunk(3)
            gate, up = part[f"expand{layer}"].T.chunk(2)
            of_block = {"q": q, "k": k, "v": v, "gate": gate, "up": up, "o": self.l * part[f"merge{layer}"].T,
                        "down": self.l * part[f"contract{layer}"].T, "norm1": part[f"attend_gain{layer}"][0],
                        "norm2": part[f"expand_gain{layer}"][0]}  # fmt: skip
            own |= {f"blocks.{layer}.{name}.weight": value for name, value in of_block.items()}
        self.load_state_dict(own)
        return self


@pytest.fixture(scope="module")
def decoder():
    return Decoder(SIZE, VOCABULARY, CONTEXT)


def llama(decoder, row):
    n, l = SIZE.width / RECIPE.base_width, SIZE.layers / RECIPE.base_layers  # noqa: E741
    return Llama(SIZE.width, SIZE.layers, SIZE.heads, n, l).of_row(decoder, row)


def disturbed(decoder, rng):
    """Initial weights with noise, so that the head is not zero and no gain is one."""
    start = decoder.initial(rng, RECIPE)
    return (start + 0.1 * rng.standard_normal(len(start))).astype(np.float32)


@pytest.mark.parametrize(("width", "layers"), [(8, 1), (16, 3), (24, 2), (100, 4)])
def test_parameters_are_those_that_torch_counts(width, layers):
    model = Llama(width, layers, 2, 1, 1)
    counted = sum(p.numel() for p in model.parameters())
    size = ModelSize(width, layers, 2, "standard")
    assert size.total_params(VOCABULARY, CONTEXT) == counted == Decoder(size, VOCABULARY, CONTEXT).weights_per_run
    assert size.params == counted - model.token.weight.numel() - model.head.weight.numel()


def test_logits_are_those_of_the_published_form(decoder):
    rng = np.random.default_rng(1)
    rows = np.stack([disturbed(decoder, rng) for _ in range(2)])
    inputs = torch.from_numpy(rng.integers(VOCABULARY, size=(2, 3, CONTEXT)))
    ours = logits_of(decoder, torch.from_numpy(rows), inputs).view(2, 3, CONTEXT, VOCABULARY)
    theirs = torch.stack([llama(decoder, row)(read) for row, read in zip(rows, inputs, strict=True)])
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_training_without_multipliers_is_the_table_with_them(decoder):
    """Multipliers that are folded into starts, rates, decays and epsilons change nothing."""
    rng, steps = np.random.default_rng(2), 12
    row = disturbed(decoder, rng)
    tokens = rng.integers(VOCABULARY, size=(1, steps * RECIPE.batch, CONTEXT + 1)).astype(np.int32)
    rates = (RECIPE.learning_rate * decoder.rate_factors(RECIPE))[None]
    ours = make_steps(decoder, RECIPE, rates, tokens, State.initial(row[None].copy()))
    losses = ours.advance(0, steps)[:, 0]
    model = llama(decoder, row)
    groups = model.groups(RECIPE.learning_rate, RECIPE.weight_decay, 1e-8)
    optimiser = torch.optim.AdamW(groups, betas=(RECIPE.beta1, RECIPE.beta2))
    peaks = [group["lr"] for group in groups]
    for step, batch in enumerate(torch.from_numpy(tokens[0]).long().split(RECIPE.batch)):
        for group, peak in zip(optimiser.param_groups, peaks, strict=True):
            group["lr"] = peak * ours._schedule[step, 0].item()
        loss = F.cross_entropy(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        assert losses[step] == pytest.approx(loss.item(), rel=2e-5)
    again = llama(decoder, ours.state().weights[0])
    for (name, one), other in zip(again.named_parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=2e-4, msg=name)


@pytest.mark.skipif(compiler() is None, reason="no C++ compiler on this machine")
def test_compiled_steps_are_those_of_torch(decoder):
    """Two runs of a stack, with their rates, decays and epsilons."""
    rng, steps = np.random.default_rng(5), 12
    rows = np.stack([disturbed(decoder, rng) for _ in range(2)])
    tokens = rng.integers(VOCABULARY, size=(2, steps * RECIPE.batch, CONTEXT + 1)).astype(np.int32)
    rates = np.outer([0.01, 0.02], decoder.rate_factors(RECIPE)).astype(np.float32)
    native, plain = (
        make_steps(decoder, RECIPE, rates, tokens, State.initial(rows.copy()), compiled=way) for way in (True, False)
    )
    assert (native.name, plain.name) == ("native", "torch")
    np.testing.assert_allclose(native.advance(0, steps), plain.advance(0, steps), rtol=0, atol=2e-5)
    np.testing.assert_allclose(native.state().weights, plain.state().weights, rtol=0, atol=2e-4)


def test_starts_are_those_of_the_table():
    size, rng = ModelSize(64, 4, 4, "standard"), np.random.default_rng(3)
    decoder = Decoder(size, VOCABULARY, CONTEXT)
    row = decoder.initial(rng, replace(RECIPE, base_layers=2))
    ends = np.cumsum([rows * columns for rows, columns in decoder.shapes.values()])
    part = dict(zip(decoder.shapes, np.split(row, ends[:-1]), strict=True))
    assert {name: set(part[name].tolist()) for name in ("gain", "attend_gain3", "head")} == {
        "gain": {1.0}, "attend_gain3": {1.0}, "head": {0.0}
    }  # fmt: skip
    for name, sd in {"token": 1, "attend0": 1 / 8, "expand1": 1 / 8, "merge2": 1 / 16,
                     "contract3": 1 / (2 * math.sqrt(inner_width(64)))}.items():  # fmt: skip
        assert part[name].std() == pytest.approx(sd, rel=0.05), name


def test_every_weight_has_a_gradient(decoder):
    row = torch.from_numpy(disturbed(decoder, np.random.default_rng(4)))[None].requires_grad_()
    inputs = torch.arange(VOCABULARY - VOCABULARY % CONTEXT).view(1, -1, CONTEXT)
    loss = token_loss(decoder, row, inputs, inputs + 1).sum()
    (gradient,) = torch.autograd.grad(loss, row)
    used = torch.ones(decoder.weights_per_run, dtype=torch.bool)
    used[inputs.max().item() * SIZE.width + SIZE.width : VOCABULARY * SIZE.width] = False  # tokens that are not read
    assert (gradient[0, used] != 0).all()


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    folder = tmp_path_factory.mktemp("standard")
    (folder / "deep.toml").write_text(LADDER)
    return loaded(folder, SWEEP.format(folder / "deep.toml") + "layers = [1, 2]\ncompile = false\n")


def test_depths_are_crossed_with_widths_and_budgets_follow_the_ladder(spec):
    assert [(cell.width, cell.layers) for cell in spec.cells()] == [(8, 1), (8, 2)]
    step = 8 * 24
    for run in spec.runs():
        assert run.model.architecture == "standard"
        assert run.mixture.tokens == round(20 * run.params / step) * step


def test_an_estimate_has_a_row_for_every_depth(spec):
    sizes = estimate_sweep(spec, device=NamedDevice(tokens_per_second=1000.0)).sizes
    assert [(size.width, size.layers, size.runs) for size in sizes] == [(8, 1, 2), (8, 2, 2)]
    assert sum(size.tokens for size in sizes) == sum(run.mixture.tokens for run in spec.runs())


@pytest.fixture(scope="module")
def trained(spec, tmp_path_factory):
    out = tmp_path_factory.mktemp("trained")
    run_sweep(spec, out, workers=1)
    return out


def test_depth_is_a_covariate_and_makes_cells(trained):
    curves = build_curves(trained)
    assert curves["depth"].values.tolist() == [1, 1, 2, 2]
    assert curves["depth"].attrs["units"] == "layers"
    cells, _ = cell_table(curves)
    assert cells["depth"].values.tolist() == [1, 2]
    one_size = curves.assign_coords(params=("run", [1000] * 4), total_params=("run", [2000] * 4))
    assert len(cell_table(one_size.assign_coords(tokens=("run", [15_360] * 4)))[0].cell) == 2, "by their depth alone"


def test_records_are_the_same_on_every_repetition(spec, trained, tmp_path):
    run_sweep(spec, tmp_path, workers=1, save_every=0.0)
    assert records_of(tmp_path) == records_of(trained)


def test_the_shipped_ladder_scales_width_and_depth_and_keeps_the_width_of_heads():
    ladder = load_ladder("standard")
    sizes = list(ladder.sizes.values())
    assert {size.width // size.heads for size in sizes} == {8}
    assert len({size.layers for size in sizes}) >= 4
    assert sizes[-1].params > 50 * sizes[0].params
    assert ladder.training.final_share == 0
    assert ladder.tokens_per_param == 100


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"standard"', '"mamba"', "an architecture among plain, standard, got 'mamba'"),
        ('"standard"', '"plain"', r"no base_layers with the architecture 'plain', .*, got 1; leave it out"),
        ("heads = 2", "heads = 8", "heads of an even width, .* got 8 in 8 heads"),
        ("tokens_per_param = 20", "tokens_per_param = 0", "'tokens_per_param' to be greater than 0, got 0"),
    ],
)
def test_ladders_that_cannot_be_are_refused(tmp_path, old, new, message):
    (tmp_path / "ladder.toml").write_text(LADDER.replace(old, new, 1))
    with pytest.raises(InputError, match=message):
        load_ladder(tmp_path / "ladder.toml")


@pytest.mark.slow
def test_a_tiny_run_learns(spec):
    """All of four facts, and the general text better than by the frequencies of its symbols."""
    long = replace(spec, tokens=(192_000,), tokens_per_param=None, levels=(4.0,), layers=(2,))
    _, (probe,) = train_and_probe(long.runs(), compiled=True)
    (measured,) = probe.measured
    assert measured.groups["infused"].recalled == 4
    assert measured.general_loss < 2.5


def test_the_rate_of_the_ladder_is_near_the_best_at_every_shape_and_no_other_is():
    curves = load_curves(shipped_folder("data") / "rates" / "standard-rates.nc").sel(group="infused")
    runs = curves[["answer_nats", "params", "learning_rate"]].reset_coords(drop=False).to_dataframe()
    nats = runs.groupby(["params", "learning_rate"])["answer_nats"].mean().unstack()
    worst = nats.div(nats.min(axis="columns"), axis="index").max()
    assert nats.shape == (6, 5)
    assert max(nats.index) / min(nats.index) > 16
    (rate,) = set(load_ladder("standard").learning_rates.values())
    assert worst[rate] < 2
    assert (worst.drop(rate) > 5).all()
