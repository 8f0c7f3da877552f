"""The captured step of CUDA: what is compiled, that warming up leaves no trace, and the graph itself on a GPU."""

import contextlib

import numpy as np
import pytest
import torch

from bayeskisl.sweeping.decoder import Decoder
from bayeskisl.sweeping.fastest_steps import make_steps
from bayeskisl.sweeping.ladder import ModelSize, Training
from bayeskisl.sweeping.steps import State
from bayeskisl.sweeping.torch_steps import GraphSteps, TorchSteps

STEPS, RUNS, VOCABULARY, CONTEXT = 6, 2, 19, 5
TRAINING = Training(batch=4)
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")


@pytest.fixture
def given():
    decoder = Decoder(ModelSize(width=8, layers=1, heads=2), VOCABULARY, CONTEXT)
    rng = np.random.default_rng(1)
    weights = np.stack([decoder.initial(rng) for _ in range(RUNS)])
    tokens = rng.integers(VOCABULARY, size=(RUNS, STEPS * TRAINING.batch, CONTEXT + 1)).astype(np.int32)
    return lambda: (decoder, TRAINING, np.full_like(weights, 0.02), tokens, State.initial(weights.copy()))


class Recorder:
    """Stands in for ``torch.cuda.CUDAGraph`` where there is no GPU: a replay takes the step that was captured."""

    def __init__(self, steps):
        self.steps, self.captured, self.replays = steps, False, 0

    def replay(self):
        assert self.captured
        self.replays += 1
        TorchSteps._take(self.steps)


@pytest.fixture
def captured(given, monkeypatch):
    """Steps that were captured by the stand-in, not compiled; unlike on CUDA, the captured step is also executed."""
    monkeypatch.setattr(torch, "compile", lambda function, **_: function)
    steps = GraphSteps(*given(), "cpu")
    stream = type("Stream", (), {"wait_stream": lambda self, other: None})
    graph = Recorder(steps)

    @contextlib.contextmanager
    def capturing(of):
        assert of is graph
        yield
        graph.captured = True

    monkeypatch.setattr(torch.cuda, "Stream", stream)
    monkeypatch.setattr(torch.cuda, "current_stream", stream)
    monkeypatch.setattr(torch.cuda, "stream", lambda side: contextlib.nullcontext())
    monkeypatch.setattr(torch.cuda, "CUDAGraph", lambda: graph)
    monkeypatch.setattr(torch.cuda, "graph", capturing)
    steps._capture()
    return steps, graph


def compare(steps, given, device="cpu", tolerance=1e-6):
    """With plain steps: the losses of every step and the state after them, taken in two parts."""
    plain = TorchSteps(*given(), device)
    for first, last in ((0, 2), (2, STEPS)):
        np.testing.assert_allclose(steps.advance(first, last), plain.advance(first, last), rtol=0, atol=tolerance)
    for ours, theirs in zip(vars(steps.state()).values(), vars(plain.state()).values(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance)


# of torch.compile on Python 3.13.0 alone, of objects such as an architecture: a captured step checks no guards
@pytest.mark.filterwarnings("ignore:Guards may run slower:RuntimeWarning")
@pytest.mark.slow
def test_compiled_loss_and_update_take_the_same_steps(given):
    compare(GraphSteps(*given(), "cpu"), given)


def test_capturing_leaves_no_trace_and_every_step_is_one_replay(captured, given):
    steps, graph = captured
    compare(steps, given)
    assert graph.replays == STEPS


def test_only_a_compiled_sweep_on_cuda_is_captured(given, monkeypatch):
    made = []
    monkeypatch.setattr("bayeskisl.sweeping.torch_steps.GraphSteps", lambda *a: made.append(("graph", a[-1])))
    monkeypatch.setattr("bayeskisl.sweeping.torch_steps.TorchSteps", lambda *a: made.append(("torch", a[-1])))
    make_steps(*given(), "cuda:1", compiled=True)
    make_steps(*given(), "cuda:1", compiled=False)
    assert made == [("graph", "cuda:1"), ("torch", "cuda:1")]


@needs_cuda
def test_the_graph_takes_the_steps_of_plain_torch(given):
    compare(GraphSteps(*given(), "cuda"), given, "cuda", 1e-5)
