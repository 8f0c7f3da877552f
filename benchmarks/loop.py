"""The baseline: one decoder after the other in a plain nanoGPT-style loop, as a researcher would write it.

Same architecture, data, schedule, learning rates and precision as the sweep's; fused AdamW with a parameter group for
the matrices and one for the embeddings. Compiled once and used for every run, or eager.
"""

import math
import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bayeskisl.sweeping.spec import RunSpec
from bayeskisl.sweeping.steps import learning_rate_at
from bayeskisl.sweeping.training import behind_start, draw_run


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attend = nn.Linear(width, 3 * width, bias=False)
        self.merge = nn.Linear(width, width, bias=False)
        self.expand = nn.Linear(width, 4 * width, bias=False)
        self.contract = nn.Linear(4 * width, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        batch, context, width = x.shape
        parts = self.attend(F.rms_norm(x, (width,))).split(width, dim=2)
        q, k, v = (p.view(batch, context, self.heads, width // self.heads).transpose(1, 2) for p in parts)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.merge(mixed.transpose(1, 2).reshape(batch, context, width))
        return x + self.contract(F.relu(self.expand(F.rms_norm(x, (width,)))).square())


class Model(nn.Module):
    def __init__(self, run: RunSpec) -> None:
        super().__init__()
        width, vocabulary = run.model.width, run.facts.vocabulary
        self.token = nn.Embedding(vocabulary, width)
        self.position = nn.Embedding(run.mixture.context, width)
        self.blocks = nn.ModuleList(Block(width, run.model.heads) for _ in range(run.model.layers))
        self.head = nn.Linear(width, vocabulary, bias=False)
        nn.init.normal_(self.position.weight, std=0.5)
        nn.init.zeros_(self.head.weight)
        for linear in self.blocks.modules():
            if isinstance(linear, nn.Linear):
                nn.init.normal_(linear.weight, std=1 / math.sqrt(linear.in_features))

    def forward(self, inputs: Tensor, targets: Tensor) -> Tensor:
        x = self.token(inputs) + self.position.weight[: inputs.shape[1]]
        for block in self.blocks:
            x = block(x)
        logits = self.head(F.rms_norm(x, x.shape[-1:]))
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.reshape(-1))


class Loop:
    """Trains runs of one size one after the other; the first call of a compiled one compiles."""

    def __init__(self, run: RunSpec, device: str, compiled: bool) -> None:
        self.device, self.bfloat16 = device, run.training.precision == "bfloat16"
        self.model = Model(run).to(device)
        self.call = torch.compile(self.model) if compiled else self.model
        self.begun = {name: value.clone() for name, value in self.model.state_dict().items()}

    def train(self, run: RunSpec, steps: int) -> tuple[float, list[float]]:
        """Train one run for so many of its steps; its last loss, and the wall time before the first and after each."""
        t, device = run.training, self.device
        self.model.load_state_dict(self.begun)
        embeddings = [self.model.token.weight, self.model.position.weight]
        matrices = [p for p in self.model.parameters() if all(p is not e for e in embeddings)]
        groups = [{"params": embeddings, "scale": 1.0}, {"params": matrices, "scale": t.base_width / run.model.width}]
        optimiser = torch.optim.AdamW(
            groups, lr=t.learning_rate, betas=(t.beta1, t.beta2), weight_decay=t.weight_decay, fused=True
        )
        material, _ = draw_run(run)
        tokens = torch.from_numpy(behind_start(material.stream, run.facts.start)).to(device)
        ticks = [time.perf_counter()]
        for step in range(steps):
            for group in optimiser.param_groups:
                group["lr"] = t.learning_rate * group["scale"] * learning_rate_at(t, step, run.steps)
            batch = tokens[step * t.batch : (step + 1) * t.batch].long()
            with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=self.bfloat16):
                loss = self.call(batch[:, :-1], batch[:, 1:])
            loss.backward()
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            if torch.device(device).type == "cuda":
                torch.cuda.synchronize()
            ticks.append(time.perf_counter())
        return loss.item(), ticks
