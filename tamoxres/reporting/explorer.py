"""The rows of the effect explorer: pooled effects by every method, then those of cohorts and of the literature."""

from __future__ import annotations

from typing import Any

from ..effects import EffectEstimate
from ..wording import count, number_with_interval, p_value, ratio_with_interval
from ..wording.rules import rule_words
from .chapters.words import NAMES, marker_name, named
from .links import address_in
from .page import Browser
from .svg import interval_svg

__all__ = ["lines", "methods_of"]


def lines(browser: Browser) -> list[dict[str, Any]]:
    """Lay out the rows; of a pooled effect the first method is shown, the others wait to be chosen."""
    rows = []
    for answer in browser.pools:
        for i, (method, pooled) in enumerate(answer.pooled.items()):
            told = {
                "study": "Pooled", "about": f"{answer.asked.label}; {pooled.k} studies", "source": "pooled",
                "method": method, "first": i == 0, "hidden": i > 0, "paper": i == 0, "rule": "",
            }  # fmt: skip
            rows.append({**_line(pooled.to_effect(), own=False), **told})
    for effect in browser.effects:
        line = _line(effect, own=effect.row_id in browser.own)
        told = {
            "study": browser.titles.get(effect.study, effect.label),
            "paper": effect.row_id in browser.paper,
            "address": "" if effect.study in browser.titles else address_in(effect.source),
        }
        rows.append({**line, **told})
    return rows


def methods_of(browser: Browser) -> list[str]:
    """Name the methods of pooling that any pool was done by, in their order."""
    return list(dict.fromkeys(method for answer in browser.pools for method in answer.pooled))


def _line(effect: EffectEstimate, *, own: bool) -> dict[str, Any]:
    estimated = effect.status == "estimated"
    write = ratio_with_interval if effect.is_ratio else number_with_interval
    p = effect.p_value
    return {
        "id": effect.row_id,
        "study": effect.label,
        "address": "",
        "marker": marker_name(effect.marker) or "none",
        "rule": _rule(effect),
        "estimand": NAMES.get(effect.estimand, effect.estimand.replace("_", " ")),
        "endpoint": effect.endpoint.replace("_", " "),
        "about": f"{effect.contrast}; {named(effect).population}".replace("_", " "),
        "model": _adjusted(effect) if own else "",
        "source": "cohorts" if own else "published",
        "method": "",
        "first": False,
        "hidden": False,
        "paper": False,
        "n": count(effect.n),
        "n_value": effect.n or "",
        "events": count(effect.events),
        "events_value": effect.events or "",
        "estimate": write(effect.estimate, *effect.ci()) if estimated else _without(effect),
        "estimate_value": effect.point if estimated and effect.point is not None else "",
        "p": "" if p is None else p_value(p),
        "p_value": "" if p is None else p,
        "plot": interval_svg(effect, accent=own),
    }


def _rule(effect: EffectEstimate) -> str:
    """Say how the marker was measured and cut, and what of it counts as altered where the study tells."""
    cut = f", {effect.cut} cut" if effect.cut and effect.cut != "published" else ""
    assay = f"{effect.assay}{cut}" if effect.assay else ""
    rule = rule_words(effect.rule)
    return f"{assay}; {rule}".strip("; ") if rule else assay


def _adjusted(effect: EffectEstimate) -> str:
    return "adjusted" if effect.adjusted_for else "stratified" if effect.strata else "crude"


def _without(effect: EffectEstimate) -> str:
    return {"test_only": "P alone", "null_without_number": "null, no number"}.get(effect.status, "no number")
