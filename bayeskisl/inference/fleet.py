"""Many posteriors of one law: for simulation studies, calibration, and sweeps that share only the law."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Unpack

import xarray as xr

from bayeskisl.arguments import in_words
from bayeskisl.cores import available_cores, one_blas_thread
from bayeskisl.curves import final, load_curves, without_covariates
from bayeskisl.errors import InputError
from bayeskisl.inference.fit import fit_laws, teller
from bayeskisl.inference.result import Fit
from bayeskisl.inference.sampler import Sampler, SamplerKeywords, require_seed
from bayeskisl.inference.settings import Settings
from bayeskisl.keywords import from_keywords
from bayeskisl.laws import Law, load_law
from bayeskisl.seeds import seed_of

__all__ = ["fit_many"]


@one_blas_thread()
def fit_many(
    curves: Iterable[xr.Dataset | str | Path],
    law: str | Path | Law = "limits",
    *,
    rivals: Sequence[str | Path | Law] = (),
    sampler: Sampler | None = None,
    seed: int = 0,
    workers: int | None = None,
    retry: bool = False,
    light: bool = True,
    progress: bool | Callable[[str], None] = False,
    **short: Unpack[SamplerKeywords],
) -> list[Fit]:
    """Infer the posterior of each of many sweeps, each with its own gate and seed.

    A failed gate raises no error: check ``fit.gate.passed``. Results depend neither on the number of workers nor on the
    other sweeps.

    Parameters
    ----------
    curves : iterable of xarray.Dataset or path
        Retention curves.
    law : str, path or Law
        A shipped law's name, a law file, or a law.
    rivals : sequence of laws
        Further laws to fit; none by default.
    sampler : Sampler, optional
        Settings of the sampler for each posterior; by default 4 chains of 1,000 draws. Its cores are ignored.
    seed : int
        Seed of the fleet. The seed of each posterior is in ``fit.tree.attrs["seed"]``, with which `fit` makes the same
        draws.
    workers : int, optional
        Number of posteriors in parallel, each on one core; by default the number of cores that this process may use.
    retry : bool
        Whether a law that fails its gate is sampled once more and longer, as in `fit`.
    light : bool
        Whether to leave out the groups ``log_likelihood`` and ``posterior_predictive``.
    progress : bool or callable
        True prints a line for each posterior to standard error; a callable receives its name.
    **short
        Keywords of `Sampler`, instead of the object.

    Returns
    -------
    list of Fit
        Fits in the order of the curves.

    Raises
    ------
    InputError
        If some curves break the schema, there is no such law, a setting of the sampler is not possible, or a preview is
        requested.
    """
    if isinstance(curves, str | Path | xr.Dataset) or not hasattr(curves, "__iter__"):
        raise InputError("several sets of curves", in_words(curves), "curves", "write a list, even for one: [curves]")
    sweeps = [without_covariates(final(load_curves(each))) for each in curves]
    law, others, tell = load_law(law), [load_law(other) for other in rivals], teller(progress)

    (how,) = from_keywords(short, (Sampler, sampler), of=fit_many)
    require_seed(seed)
    if how.method != "nuts":
        raise InputError("the method 'nuts' for many sweeps", repr(how.method), "method", "preview one with `fit`")

    def fit_one(at: int) -> Fit:
        settings = Settings(replace(how, cores=1), seed_of(seed, at), retry=retry)
        fitted = fit_laws(sweeps[at], law, others, settings, throw=False, light=light)
        tell(f"posterior {at + 1} of {len(sweeps)}: {'passed' if fitted.gate.passed else 'failed'} its gate")
        return fitted

    with ThreadPoolExecutor(workers or available_cores()) as pool:
        return list(pool.map(fit_one, range(len(sweeps))))
