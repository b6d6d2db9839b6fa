"""Makes the pictures of the README, the front page and "Side by side": `python docs/pictures.py` (Chromium, R).

The forest and the answer beside it are computed; the first screen is that of `tamoxres report` on the embedded data.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import tamoxres as tr
from tamoxres.cli import main

__all__ = ["front_answer"]

STATIC = Path(__file__).resolve().parent / "_static"


def front_answer() -> Any:
    """Put the front page's question: HER2 and breast-cancer death in METABRIC, by endocrine therapy."""
    metabric = tr.call(tr.load("metabric"), "HER2")
    both = tr.select(metabric, marker="HER2", endpoint=tr.BCSS, er="positive", treatment="any")
    return tr.interaction(both, adjust=["age", "npi", "chemotherapy"], strata=["site"])


def forest() -> None:
    """Draw the forest of the front page: the cohort's ratio beside those of trials against no treatment, not pooled."""
    against_none = [one for one in tr.interactions(marker="HER2").comparisons if one.treatment_0 == "none"]
    rows = [front_answer().effect, *(row for one in against_none if one.certainty for row in one.certainty.effects)]
    axes = tr.forest(rows, favours=("treatment does more if altered", "less if altered"))
    tr.save_figure(axes, STATIC / "forest.svg")


def first_screen() -> None:
    """Make the report and take a picture of its first screen."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("The picture of the first screen needs Chromium.")
    with tempfile.TemporaryDirectory() as folder:
        with suppress(SystemExit):  # the picture is missing below if there is no report
            main(["report", "--offline", "--quiet", "-o", folder])
        page, picture = Path(folder, "report.html"), Path(folder, "screen.png")
        subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1100,704",
             f"--screenshot={picture}", page.as_uri()],
            check=True, timeout=120, capture_output=True,
        )  # fmt: skip
        _small(picture, STATIC / "first_screen.png")


def side_by_side() -> None:
    """Draw GBSG's curves and the BCG trials, and let R draw them too where it is here, with survminer and metafor."""
    gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    curves = tr.kaplan_meier(gbsg, by="treatment")
    effect = tr.cox(gbsg).effect
    tr.save_figure(tr.survival_plot(curves, effect=effect, width="double"), STATIC / "side_survival.png", dpi=160)
    bcg = STATIC / "bcg.csv"
    pooled = tr.pool(tr.read_effects(bcg), ci="hksj")
    tr.save_figure(tr.forest(pooled), STATIC / "side_forest.png", dpi=160)
    made = ["side_survival.png", "side_forest.png"]
    if program := shutil.which("Rscript"):
        with tempfile.TemporaryDirectory() as folder:
            frame = gbsg.frame
            table = {"years": frame["months"] / 12, "event": frame["event"], "treatment": frame["treatment"]}
            frame.assign(**table)[list(table)].to_csv(Path(folder, "gbsg.csv"), index=False)
            script = Path(__file__).with_name("side_by_side.R")
            subprocess.run([program, script, Path(folder, "gbsg.csv"), bcg, folder], check=True, timeout=600)
            for name in ("r_survminer.png", "r_metafor.png", "versions.txt"):
                shutil.copy(Path(folder, name), STATIC / name)
        made += ["r_survminer.png", "r_metafor.png"]
    for name in made:
        _small(STATIC / name, STATIC / name)


def _small(picture: Path, target: Path) -> None:
    from PIL import Image

    with Image.open(picture) as image:
        image.convert("RGB").quantize(64, dither=Image.Dither.NONE).save(target, optimize=True)


if __name__ == "__main__":
    forest()
    side_by_side()
    first_screen()
