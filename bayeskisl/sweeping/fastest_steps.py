"""Choice of the fastest training steps on a device; torch is imported only if it is needed."""

from bayeskisl.arrays import Float32Array, IntArray
from bayeskisl.errors import SweepError
from bayeskisl.sweeping.decoder import Decoder
from bayeskisl.sweeping.ladder import Training
from bayeskisl.sweeping.native import native_step
from bayeskisl.sweeping.native_steps import NativeSteps
from bayeskisl.sweeping.steps import State, Steps

__all__ = ["make_steps"]


def make_steps(
    decoder: Decoder,
    training: Training,
    rates: Float32Array,
    tokens: IntArray,
    state: State,
    device: str = "cpu",
    *,
    compiled: bool = False,
) -> Steps:
    """Return the fastest steps on a device: the kernel on a CPU, a captured graph on CUDA, otherwise plain torch.

    The kernel computes in float32: a recipe in bfloat16 is left to torch.
    """
    given = (decoder, training, rates, tokens, state)
    if compiled and device == "cpu" and training.precision == "float32":
        kernel = native_step(decoder.size, decoder.vocabulary, decoder.context, training.batch)
        if kernel is not None:
            return NativeSteps(kernel, *given)
    try:
        from bayeskisl.sweeping.torch_steps import GraphSteps, TorchSteps
    except ModuleNotFoundError:
        raise SweepError(
            "training needs torch here: install it with `pip install 'bayeskisl[train]'`, or on a CPU install g++."
        ) from None
    kind = GraphSteps if compiled and device.startswith("cuda") else TorchSteps
    return kind(*given, device)
