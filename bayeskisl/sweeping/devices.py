"""Check that a torch device is available on this machine."""

from bayeskisl.arguments import in_words
from bayeskisl.errors import InputError, way

__all__ = ["require_device"]


def require_device(device: str) -> None:
    """Refuse a device on which this machine cannot train.

    Parameters
    ----------
    device : str
        ``cpu``, ``cuda``, ``cuda:1`` or another device of torch.

    Raises
    ------
    InputError
        If torch knows no such device, or it is not there.
    """
    if not isinstance(device, str):
        raise InputError("the name of a device", in_words(device), "device", 'write "cpu" or "cuda"')
    if device == "cpu":
        return
    import torch

    try:
        torch.ones(1, device=device).item()
    except (RuntimeError, AssertionError) as error:  # what torch was built without is an assertion of its
        raise InputError(
            "cpu, or an accelerator that torch finds on this machine",
            f"{device!r}",
            "device",
            "train on cpu, or estimate for a device elsewhere with "
            + way("`bk.estimate_sweep(spec, tokens_per_second=...)`", "`sweep estimate --tokens-per-second`"),
        ) from error
