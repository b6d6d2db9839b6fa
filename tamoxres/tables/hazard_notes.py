"""What must stand under a hazard-ratio table, told from its rows: endpoint, model, adjustment, missing data, version.

References
----------
Westreich D, Greenland S 2013, doi:10.1093/aje/kws412 (the Table 2 fallacy).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .. import __version__
from ..codebook import column
from ..effects import EffectEstimate
from ..endpoints import STEEP
from ..flow import Flow
from ..wording import NOT_ESTIMABLE, count, p_value, ratio
from ..wording.rows import model_words

__all__ = ["data_note", "flow_note", "model_note", "notes"]

_ALPHA = 0.05
_CONFOUNDING = (
    "Treatment was not (wholly) randomised: its hazard ratio is open to confounding by indication and is not the "
    "effect of the drug."
)
Effects = Sequence[EffectEstimate]


def notes(
    models: Sequence[Effects],
    *,
    named: Sequence[str],
    flow: Flow | None,
    proportional_p: float | None,
    time_origin: str,
) -> tuple[str, ...]:
    """Write the footnotes of a hazard-ratio table.

    Parameters
    ----------
    models : one or two sequences of EffectEstimate
        Crude, then adjusted.
    named : sequence of str
        The variables that the question is about.
    flow, proportional_p, time_origin
        As in `hazard_table`.
    """
    rows = [effect for model in models for effect in model]
    out = [_endpoint_note(rows[0], time_origin), model_note(models)]
    if flow is not None:
        out.append(flow_note(flow))
    out += _sizes(models)
    if proportional_p is not None:
        out.append(_proportional_note(proportional_p))
    if any(effect.flagged("product_term") for effect in models[-1]):
        out.append(
            "With a product in the model, each of its two variables is estimated at the reference level of the other."
        )
    if len({effect.term_name for effect in models[-1]}) > max(1, len(named)) and named:
        out.append(
            f"Only the row of {_joined(named)} answers the question: the other rows are adjusted for what was chosen "
            "for that one, not for them (Table 2 fallacy; Westreich 2013, doi:10.1093/aje/kws412)."
        )
    if any(_not_estimable(effect) for effect in rows):
        out.append(f"{NOT_ESTIMABLE}: not estimable.")
    own = list(dict.fromkeys(sentence for effect in rows for sentence in effect.sentences))
    treated = any(effect.estimand == "treatment_effect" and effect.design != "randomised" for effect in rows)
    if treated and not any(effect.flagged("not_randomised", "partly_randomised") for effect in rows):
        out.append(_CONFOUNDING)
    return (*out, *own, data_note(rows))


def flow_note(flow: Flow) -> str:
    """Say how many patients were analysed, how many were left out, and why."""
    steps = list(flow)
    gone = [row for row in flow.rows() if row["left"]]
    why = "; ".join(dict.fromkeys(str(row["why"]) for row in gone if row["why"]))
    everyone, kept = steps[0].patients, steps[-1].patients
    told = f"; {count(everyone - kept)} were left out ({why})" if gone else ""
    return f"In the model: {count(kept)} of {count(everyone)} patients{told}. Missing values: complete cases."


def data_note(rows: Iterable[EffectEstimate]) -> str:
    """Say which software and which data these are: source, and the first digits of the files' SHA-256."""
    hashes = dict.fromkeys(part[:12] for effect in rows for part in effect.data_sha256.split(";") if part)
    data = f", data sha256 {', '.join(hashes)}" if hashes else ""
    return f"tamoxres {__version__}{data}."


def _endpoint_note(effect: EffectEstimate, time_origin: str) -> str:
    known = STEEP.get(effect.endpoint)
    if known is None:
        return f"Endpoint: {effect.endpoint or 'not named'}, as published. Time runs from {time_origin}."
    competing = f"; {' and '.join(known.competing)} is censored (cause-specific hazard)" if known.competing else ""
    name = known.name[:1].upper() + known.name[1:]
    return f"{name} ({known.code}, STEEP 2.0): {', '.join(known.events)}{competing}. Time runs from {time_origin}."


def model_note(models: Sequence[Effects]) -> str:
    """Say which model the rows are of, and what it is adjusted for and stratified by."""
    last = models[-1] or models[0]
    methods = dict.fromkeys(
        model_words(effect.model, ties=effect.ties, weights=effect.weights, missing=effect.missing)
        for effect in last
        if effect.model
    )
    adjusted = dict.fromkeys(name for effect in last for name in effect.adjusted_for)
    strata = dict.fromkeys(name for effect in last for name in effect.strata)
    told = [f"{'; '.join(methods)}." if methods else ""]
    told.append(f"Adjusted for {_listed(adjusted)}." if adjusted else "Not adjusted.")
    if strata:
        told.append(f"Stratified by {_listed(strata)}.")
    return " ".join(text for text in told if text)


def _listed(names: Iterable[str]) -> str:
    words = [
        declared.meaning.partition(":")[0] if (declared := column(name)) else name.replace("_", " ") for name in names
    ]
    return ", ".join(words)


def _joined(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _sizes(models: Sequence[Effects]) -> list[str]:
    """Say the size of the adjusted model where it differs from the crude one."""
    sizes = [next(((effect.n, effect.events) for effect in model if effect.n is not None), None) for model in models]
    if len(sizes) < 2 or sizes[0] == sizes[1] or sizes[1] is None:
        return []
    return [f"The adjusted model holds {count(sizes[1][0])} patients with {count(sizes[1][1])} events."]


def _proportional_note(p: float) -> str:
    told = f"Proportional hazards, global score test: {p_value(p, label=True)}."
    return f"{told} The hazard ratios are averages over follow-up, during which they change." if p < _ALPHA else told


def _not_estimable(effect: EffectEstimate) -> bool:
    return NOT_ESTIMABLE in (ratio(effect.estimate), *map(ratio, effect.ci()))
