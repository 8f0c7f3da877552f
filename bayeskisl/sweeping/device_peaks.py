"""Peak speeds of common accelerators, for costs without measurements."""

from bayeskisl.errors import InputError

__all__ = ["PEAKS", "UTILISATION", "peak_of"]

UTILISATION = 0.4  # of the peak; what tuned trainers reach on a node
# FLOP/s of one device's matrix products in bfloat16, dense, as the makers' data sheets state them. A sheet that states
# twice as much counts structured sparsity, which training does not have.
PEAKS = {
    "a100": 3.12e14,  # nvidia.com/en-us/data-center/a100
    "a10": 1.25e14,  # nvidia.com/en-us/data-center/products/a10-gpu
    "l4": 1.21e14,  # nvidia.com/en-us/data-center/l4
    "l40s": 3.62e14,  # nvidia.com/en-us/data-center/l40s
    "rtx4090": 1.65e14,  # Ada architecture, table 2: accumulated in float32
    "h100": 9.89e14,  # nvidia.com/en-us/data-center/h100, SXM
    "h100-pcie": 7.56e14,  # the same sheet, PCIe
    "h200": 9.89e14,  # nvidia.com/en-us/data-center/h200, SXM
    "gh200": 9.89e14,  # the same chip as the H200
    "b200": 2.25e15,  # nvidia.com/en-us/data-center/dgx-b200: 18 PFLOP/s for eight
    "gb200": 2.5e15,  # nvidia.com/en-us/data-center/gb200-nvl72: 180 PFLOP/s for 72
    "mi250x": 3.83e14,  # amd.com/en/products/accelerators/instinct/mi200/mi250x, both dies
    "mi300x": 1.307e15,  # amd.com/en/products/accelerators/instinct/mi300/mi300x
    "mi325x": 1.307e15,  # amd.com/en/products/accelerators/instinct/mi300/mi325x
    "mi355x": 2.5e15,  # amd.com/en/products/accelerators/instinct/mi350/mi355x
    "tpu-v4": 2.75e14,  # cloud.google.com/tpu/docs/v4, one chip
    "tpu-v5e": 1.97e14,  # cloud.google.com/tpu/docs/v5e
    "tpu-v5p": 4.59e14,  # cloud.google.com/tpu/docs/v5p
    "tpu-v6e": 9.18e14,  # cloud.google.com/tpu/docs/v6e
}


def peak_of(device: str) -> float:
    """Return the peak FLOP/s of a device, in dense bfloat16.

    Parameters
    ----------
    device : str
        A name of `PEAKS` in any spelling, such as ``"H100"``, or the FLOP/s themselves, such as ``"9.89e14"``.

    Raises
    ------
    InputError
        If it is neither.
    """
    name = str(device).strip().lower().replace(" ", "-").replace("_", "-")
    known = {key.replace("-", ""): peak for key, peak in PEAKS.items()}
    if (peak := known.get(name.replace("-", ""))) is not None:
        return peak
    try:
        peak = float(name)
    except ValueError:
        peak = 0.0
    if not 0 < peak < float("inf"):
        raise InputError(f"a device among {', '.join(PEAKS)}, or its peak in FLOP/s such as 9.89e14", repr(device),
                         "device")  # fmt: skip
    return peak
