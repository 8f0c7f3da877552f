"""Knowledge that runs of an untrained model would retain at any infusion, draw by draw."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.decision.criterion import Levels
from bayeskisl.decision.fall import Fall
from bayeskisl.decision.general_loss import LossLaw
from bayeskisl.decision.mixture import law_of_draw
from bayeskisl.decision.planned_model import PlannedModel
from bayeskisl.laws.falls import shape_of_draws

if TYPE_CHECKING:
    from bayeskisl.inference import Fit

__all__ = [
    "Kind",
    "Prospect",
    "every_draw_at",
    "fall_of",
    "infusion_keeping",
    "kept_at_start",
    "kept_uninfused",
    "prospect_of",
]

Kind = Literal["new_run", "mean"]

_DIMS = ("sample", "point")


@dataclass(frozen=True)
class Prospect:
    """Draws of all effects of an infusion at a target.

    Parameters
    ----------
    target : PlannedModel
    falls : mapping
        Retention of each probed group of the target against its exposures, a `Fall` of draws ``(sample,)``.
    loss : LossLaw or None
        The general loss, where it was measured.
    seed : int
        Seed of the draws of the general loss.
    """

    target: PlannedModel
    falls: Mapping[str, Fall]
    loss: LossLaw | None = None
    seed: int = 0

    @property
    def samples(self) -> int:
        """Number of draws."""
        return len(self.falls[self.target.group].log_threshold)

    def outcome(self, infusion: FloatArray) -> xr.Dataset:
        """Return the knowledge that results from an infusion.

        Parameters
        ----------
        infusion : numpy.ndarray
            Values of the axis, shape ``(1, point)``, or ``(sample, point)`` for other places in every draw.

        Returns
        -------
        xarray.Dataset
            Dims ``(sample, point)``: ``kept_infused`` and ``kept_background`` in facts above guessing, and
            ``kept_infused_heldout`` where it was probed; ``infused_tokens``; ``loss_rise``, nats of general loss more
            than with almost nothing infused, where the loss was measured. Coordinates: ``infusion``, ``facts``,
            ``ratio``, ``exposures``. This is what a utility of your own is given.
        """
        place = self.target.place(infusion)
        known = {f"kept_{group}": self._kept(group, infusion, place[schema.FACTS]) for group in self.falls}
        spent = {"infused_tokens": place[schema.RATIO] * self.target.tokens}
        risen = {} if self.loss is None else {"loss_rise": self._loss_rise(self.loss, place)}
        shape = (self.samples, infusion.shape[1])
        return xr.Dataset(
            {name: (_DIMS, np.broadcast_to(value, shape)) for name, value in {**known, **spent, **risen}.items()},
            coords={
                name: (_DIMS, np.broadcast_to(value, shape)) for name, value in {"infusion": infusion, **place}.items()
            },
            attrs={schema.PARAMS: self.target.params, schema.TOKENS: self.target.tokens, "axis": self.target.axis.name},
        )

    def share_of_ceiling(self, group: str, infusion: FloatArray) -> FloatArray:
        """Retained knowledge of a group relative to its ceiling, ``(sample, point)``; ``(sample, 1)`` if constant."""
        fall = self.falls[group]
        if self.target.axis.moves(group, fall.knows_load) == 0:
            infusion = infusion[:, :1]
        effect = np.reshape(fall.load_effect, (-1, 1))
        return fall.share_of_ceiling(self.target.log_exposures(infusion, group, effect))

    def keeping(self, share: float, group: str | None = None) -> FloatArray:
        """Infusion at which a group retains `share` of its whole, shape ``(sample,)``, see `whole_of`."""
        group = group or self.target.group
        return infusion_keeping(share, self.falls[group], group, self.target)

    def admissible(self, levels: Levels) -> FloatArray:
        """The largest infusion at which every harmed group retains its level, shape ``(sample,)``."""
        return np.stack([self.holding(levels, group) for group in self.harmed]).min(axis=0)

    @property
    def harmed(self) -> list[str]:
        """The groups that infusion harms under some law."""
        return [group for group in self.falls if self.direction(group) < 0]

    def direction(self, group: str) -> int:
        """Effect of infusion on a group: 1 if it teaches, -1 if it harms, 0 if there is none."""
        return self.target.axis.moves(group, self.falls[group].knows_load)

    def holding(self, levels: Levels, group: str | None = None) -> FloatArray:
        """Infusion at which a group retains its level, shape ``(sample,)``; none gives what its ceiling lies below."""
        group = group or self.target.group
        return self.target.infusion(self.log_exposures_holding(levels, group), group, self.falls[group].load_effect)

    def log_exposures_holding(self, levels: Levels, group: str) -> FloatArray:
        """Log effective exposures at which a group retains its level, shape ``(sample,)``.

        The share that a run happens to hold of what is expected of it counts, unless the level is one relative to the
        same run without infusion or with the fewest facts, which holds as much more or less.
        """
        fall = self.falls[group]
        match levels.reference(group):
            case "ceiling":
                return fall.log_exposures_holding(np.full(self.samples, levels(group)))
            case "uninfused" if not self.target.knows_uninfused:
                return fall.log_exposures_keeping(levels(group) * kept_uninfused(fall, self.target))
            case "fewest":
                return fall.log_exposures_keeping(levels(group) * kept_at_start(fall, self.target))
            case _:  # where it was measured, the ceiling is a share of what is recalled without infusion
                return fall.log_exposures_holding(levels(group) / fall.known_at_best())

    def _kept(self, group: str, infusion: FloatArray, infused_facts: FloatArray) -> FloatArray:
        fall, fixed = self.falls[group], self.target.held_fixed
        facts = fixed.get(schema.BACKGROUND_FACTS, 0.0) if group == schema.BACKGROUND else infused_facts
        share = self.share_of_ceiling(group, infusion)
        return facts * fall.known_at_best()[:, None] * share

    def _loss_rise(self, law: LossLaw, place: dict[str, FloatArray]) -> FloatArray:
        least = self.target.place(np.full((1, 1), self.target.range[0]))
        loss = law.draws(self.target, place, self.samples, self.seed)
        return loss - law.draws(self.target, least, self.samples, self.seed)


def infusion_keeping(share: float, fall: Fall, group: str, target: PlannedModel) -> FloatArray:
    """Infusion at which a group retains `share` of its whole, shape ``(sample,)``."""
    return target.infusion(fall.log_exposures_keeping(share * whole_of(fall, group, target)), group, fall.load_effect)


def whole_of(fall: Fall, group: str, target: PlannedModel) -> FloatArray | float:
    """The whole of a group as a share of its ceiling: 1, or what a benchmark retains where the axis starts."""
    return kept_at_start(fall, target) if group in target.of_start else 1.0


def kept_uninfused(fall: Fall, target: PlannedModel) -> FloatArray:
    """Share of their ceiling that background facts retain without infusion, shape ``(sample,)``."""
    exposures = target.log_exposures_uninfused(np.reshape(fall.load_effect, (-1, 1)))
    return fall.share_of_ceiling(exposures)[:, 0]


def kept_at_start(fall: Fall, target: PlannedModel) -> FloatArray:
    """Share of their ceiling that background facts retain where the axis starts, shape ``(sample,)``.

    The infused facts are few there. A ratio that stays along the axis is that of the sweep.
    """
    exposures = target.log_exposures_at_start(np.reshape(fall.load_effect, (-1, 1)))
    return fall.share_of_ceiling(exposures)[:, 0]


def fall_of(draws: xr.Dataset, group: str, *, of_run: bool = True) -> Fall:
    """Return the fall of a group in draws of one law or of a mixture: that of a run, or without `of_run` of a cell."""
    ours = draws.sel({schema.GROUP: group})
    flat = {str(name): ours[name].values.ravel() for name in ours if ours[name].ndim == 2}
    names = np.broadcast_to(ours["fall"].values, ours["floor"].shape).ravel()  # of one law, all draws have one
    own = {name: flat.get(name) for name in ("concentration", "share_effect")} if of_run else {}
    return Fall(
        log_threshold=flat["log_critical_exposures"] + (flat["run_effect"] if of_run else 0.0),
        steepness=np.exp(flat["log_steepness"]),
        floor=flat["floor"],
        ceiling=flat["ceiling"],
        shape=shape_of_draws(names, flat),
        load_effect=flat.get("load_effect", 0.0),
        **own,
    )


def every_draw_at(fit: "Fit", target: PlannedModel, *, kind: Kind, seed: int, as_new: bool = False) -> xr.Dataset:
    """Posterior draws of the target's curves under every law, dims ``(law, chain, draw, group)``, and its exponents.

    With `as_new`, a size that was trained is predicted as a new one.
    """
    from bayeskisl.inference import extrapolate
    from bayeskisl.inference.storage import path_of

    laws = {}
    for law in fit.weights:
        at_target = extrapolate(
            fit,
            target.params,
            target.tokens,
            covariates=target.held_fixed,
            kind=kind,
            law=law,
            as_new=as_new,
            seed=seed,
        )
        posterior = fit.tree[f"{path_of(law, fit.law.name)}posterior"].to_dataset()
        laws[law] = at_target.assign(exponent=posterior[schema.EXPONENT])
    return xr.concat(
        laws.values(), dim="law", data_vars="all", join="override", coords="minimal", compat="override"
    ).assign_coords(law=list(laws))


def prospect_of(
    by_law: xr.Dataset,
    weights: Mapping[str, float],
    target: PlannedModel,
    loss: LossLaw | None = None,
    seed: int = 0,
) -> tuple[Prospect, xr.Dataset]:
    """Return the mixture of the laws' draws by weight, as a `Prospect` and as draws ``(chain, draw, ...)``.

    Parameters
    ----------
    by_law : xarray.Dataset
        Result of `every_draw_at`.
    weights : mapping
        Law -> weight, in the order of ``by_law.law``; a weight of zero leaves a law out.
    target : PlannedModel
    loss, seed
        As for `Prospect`.
    """
    size = (by_law.sizes["chain"], by_law.sizes["draw"])
    of_draw = law_of_draw(weights, size[0] * size[1], np.random.default_rng(seed))
    mixture = by_law.isel(law=xr.DataArray(of_draw.reshape(size), dims=("chain", "draw"))).drop_vars("law")
    falls = {group: fall_of(mixture, group) for group in target.groups}
    return Prospect(target, falls, loss, seed), mixture.transpose("chain", "draw", ...)
