"""The gallery: every public figure and table, with the few lines that make it. The pictures are made when the site is.

Conventions: the setup runs once; each entry then runs by itself, and the value of its last line is shown: Axes as a
picture, a Table as a table. `test_docs.py` holds that no figure and no table of `groups.py` is missing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tamoxres as tr

__all__ = ["ENTRIES", "SETUP", "draw", "gallery_page", "shown"]

SETUP = """\
import tamoxres as tr

gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
metabric = tr.call(tr.load("metabric"), "HER2")
both = tr.select(metabric, marker="HER2", endpoint="BCSS", er="positive", treatment="any")
treated = tr.select(metabric, marker="HER2", endpoint="BCSS", er="positive", treatment="endocrine")
fit = tr.cox(gbsg, adjust=["age", "nodes"])
made_up = [
    tr.EffectEstimate(study=f"Study {i}", log_estimate=0.2 * (i % 4), se=0.1 + 0.02 * i, events=100 - i, n=200)
    for i in range(10)
]
"""
_SCREEN = """\
made = tr.simulate(600, truth=tr.Truth(gene_ratio={"GENE0007": 3.0}), genes=200, seed=1)  # no patients
patients = tr.select(made, endpoint="BCSS", er="any", treatment="any")
found = tr.screen(patients, options=tr.ScreenOptions(jobs=1))
"""
ENTRIES = {
    "survival_plot": """\
curves = tr.cumulative_incidence(treated)
tr.survival_plot(curves, effect=tr.cox(treated).effect, width="double")
""",
    "survival_panels": """\
arms = {"Endocrine therapy": "endocrine", "No endocrine therapy": "none"}
curves = {
    title: tr.kaplan_meier(tr.select(metabric, marker="HER2", endpoint="OS", treatment=arm))
    for title, arm in arms.items()
}
tr.survival_panels(curves)
""",
    "forest": """\
rows = [row for row in tr.literature(marker="HER2", estimand="prognostic", tier="clinical") if row.measure == "HR"]
alike = tr.Alike(rule={"*": "any"}, assay={"*": "any"})
tr.forest(tr.pool(rows[:2], endpoint_map={"RFI": "DFS"}, alike=alike))
""",
    "forest_pages": """\
many = [tr.EffectEstimate(study=f"Study {i}", log_estimate=0.1 * (i % 5), se=0.2) for i in range(60)]
tr.forest_pages(many)[0]
""",
    "flow_diagram": "tr.flow_diagram(both.flow)\n",
    "hazard_curve": """\
bent = tr.spline(gbsg, "nodes")
tr.hazard_curve(bent.curve(), gbsg.frame["nodes"])
""",
    "treatment_curve_plot": """\
found = tr.treatment_curve(gbsg, "er_fmol", adjust="nodes", shape="fp1")
tr.treatment_curve_plot(found.curve(), gbsg.frame["er_fmol"])
""",
    "log_log_plot": 'tr.log_log_plot(tr.kaplan_meier(gbsg, by="treatment"))\n',
    "schoenfeld_plot": "tr.schoenfeld_plot(tr.scaled_schoenfeld(fit))\n",
    "love_plot": 'tr.love_plot(tr.weights(gbsg, adjust=["age", "nodes", "size_mm"]).balance)\n',
    "power_curve": "tr.power_curve(tr.design(1.6).curve([500, 1000, 2000, 4000]))\n",
    "specification_curve": """\
results = {
    (endpoint, adjusted): tr.cox(
        tr.select(metabric, marker="HER2", endpoint=endpoint), adjust=["age", "npi"] if adjusted == "yes" else []
    ).effect
    for endpoint in ("BCSS", "OS", "RFI") for adjusted in ("no", "yes")
}
choices = [{"Endpoint": endpoint, "Adjusted": adjusted} for endpoint, adjusted in results]
tr.specification_curve(list(results.values()), choices)
""",
    "funnel": "tr.funnel(tr.pool(made_up))\n",
    "albatross_plot": """\
tests = [
    tr.EffectEstimate(study=f"Study {i}", p_value=0.01 * i, n=100 * i, direction="worse", status="test_only")
    for i in (1, 2, 3)
]
tr.albatross_plot(tests)
""",
    "gosh_plot": "tr.gosh_plot(tr.pool(made_up))\n",
    "baujat_plot": "tr.baujat_plot(tr.pool(made_up))\n",
    "leave_one_out_plot": "tr.leave_one_out_plot(tr.pool(made_up))\n",
    "traffic_light": """\
judged = tr.risk_of_bias(tool="QUIPS", studies=["Love 2003", "Knoop 2001"])  # nothing is judged yet
tr.traffic_light(judged)
""",
    "bias_summary": """\
judged = tr.risk_of_bias(tool="ROBINS-I", studies=["Love 2003", "Knoop 2001"])
tr.bias_summary(judged)
""",
    "prisma": "tr.prisma(tr.evidence_counts())\n",
    "pictograph": """\
risks = tr.risk_difference(gbsg, times=60, by="treatment")
tr.pictograph(risks.risks, event="recurrence or death")
""",
    "bias_contour": """\
row = tr.EffectEstimate.from_ci(0.6, 0.45, 0.8, study="a", estimand="treatment_effect")
tr.bias_contour(row)
""",
    "calibration_plot": """\
foretold = tr.select(tr.with_predict(tr.load("gbsg")), endpoint="OS", er="any", treatment="any")
tr.calibration_plot(tr.validate_predict(foretold, horizon=60).groups)
""",
    "evidence_map": "tr.evidence_map(tr.studies())\n",
    "volcano": f"{_SCREEN}tr.volcano(found.table)\n",
    "manhattan": f"""\
{_SCREEN}genes = found.table.assign(chromosome="17", position=range(len(found.table)))
tr.manhattan(genes)
""",
    "visual_abstract": """\
ratio = tr.interaction(both).effect
row = tr.AbstractRow(marker="HER2", verdict="inconclusive", effect=ratio, sure_for="very low", sure_none="none")
tr.visual_abstract("Does HER2 change what endocrine therapy does?", "METABRIC leaves it open.", [row])
""",
    "baseline_table": 'tr.baseline_table(gbsg.frame, "treatment", columns=["age", "menopause", "grade", "nodes"])\n',
    "flow_table": "tr.flow_table(both.flow)\n",
    "hazard_table": "tr.hazard_table(tr.cox(gbsg).effects, fit.effects)\n",
    "contrast_table": "tr.contrast_table(tr.interaction(both).effects)\n",
    "effects_table": "tr.effects_table(tr.interaction(both).effects)\n",
    "meta_table": "tr.meta_table(tr.pool(made_up))\n",
}


def _kind(name: str) -> str:
    return "md" if name.endswith("_table") else "svg"


def gallery_page() -> str:
    """Return the page: the setup, then every entry with its lines and a place for what they make."""
    parts = [
        "# Gallery\n\nEvery figure and table of the package, and the lines that make it, after these:\n\n"
        f'```py\n{SETUP}```\n\nFigures are matplotlib axes: `tr.save_figure(axes, "name.pdf")` writes them. Tables: '
        '`table.save("name.docx")`, or `.xlsx`, `.tex`, `.csv`, `.html`.'
    ]
    for name, code in ENTRIES.items():
        first = (getattr(tr, name).__doc__ or "").strip().partition("\n")[0]
        file = f"gallery/{name}.{_kind(name)}"
        picture = f"```{{image}} {file}\n:alt: {name}\n:width: 100%\n```" if _kind(name) == "svg" else ""
        table = f"```{{include}} {file}\n```" if _kind(name) == "md" else ""
        link = f"[`{name}`](reference/names/{name}.rst)"
        parts.append(f"## {name}\n\n{first} {link}\n\n{picture}{table}\n\n```py\n{code}```")
    return "\n\n".join(parts) + "\n"


def shown(code: str, space: dict[str, Any]) -> Any:
    """Run an entry's lines in a copy of the setup's names, and return the value of the last."""
    tree, names = ast.parse(code), dict(space)
    *before, last = tree.body
    exec(compile(ast.Module(before, []), "gallery", "exec"), names)
    assert isinstance(last, ast.Expr), "the last line of an entry is what it shows"
    return eval(compile(ast.Expression(last.value), "gallery", "eval"), names)


def draw(folder: Path, names: Iterable[str] = ()) -> None:
    """Write what the entries make into `gallery/` of a folder."""
    (folder / "gallery").mkdir(parents=True, exist_ok=True)
    space: dict[str, Any] = {}
    exec(compile(SETUP, "gallery", "exec"), space)
    for name in names or ENTRIES:
        made = shown(ENTRIES[name], space)
        file = folder / "gallery" / f"{name}.{_kind(name)}"
        if _kind(name) == "md":
            file.write_text(made.to_markdown(), encoding="utf-8")
        else:
            tr.save_figure(made[0] if isinstance(made, list | tuple) else made, file)
