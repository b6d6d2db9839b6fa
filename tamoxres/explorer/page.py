"""The explorer's page: controls at the side, the answer beside them; plain HTML controls that a keyboard reaches."""

from __future__ import annotations

from collections.abc import Sequence

from shiny import ui

from .measured import HOWS
from .offer import Offer
from .parts import FIGURES, TABLES

__all__ = ["page"]

_STYLE = """
:root { --ink: #1a1a1a; --soft: #4f4f4f; --accent: #0f5c9b; }
body { font: 16px/1.5 "Helvetica Neue", "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif; color: var(--ink); }
h1 { font-size: 1.15rem; font-weight: 600; } h2 { font-size: 1.02rem; font-weight: 600; margin: 1.6rem 0 0.5rem; }
figure { margin: 0; max-width: 52rem; } figure svg { width: 100%; height: auto; } .scroll { overflow-x: auto; }
table { font-size: 0.9rem; border-collapse: collapse; } td, th { padding: 0.2rem 0.6rem; }
.verdict { font-weight: 600; max-width: 56rem; } .caution { color: var(--soft); font-size: 0.9rem; max-width: 56rem; }
.safe { color: #0b5e49; font-size: 0.9rem; } .wrong { color: #8f1d00; font-weight: 600; }
pre { background: #f4f5f7; color: var(--ink); padding: 0.6rem 0.8rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.shiny-input-checkboxgroup label, .form-label, .control-label { font-size: 0.9rem; }
.btn { color: #0f5c9b; border-color: #0f5c9b; background: #fff; } .btn:hover { color: #fff; background: #0f5c9b; }
.layout { display: grid; grid-template-columns: 20rem minmax(0, 1fr); gap: 2rem; padding: 1rem 0; }
aside { background: #f4f5f7; padding: 1rem; align-self: start; }
aside .form-group { margin-bottom: 0.8rem; width: 100%; }
@media (max-width: 50rem) { .layout { grid-template-columns: minmax(0, 1fr); } }
a { color: #0f5c9b; }
"""
ESTIMANDS = {
    "prognostic": "Prognosis, in patients treated alike",
    "treatment_effect": "Effect of treatment",
    "interaction": "Marker x treatment interaction",
}
TREATMENTS = {
    "": "endocrine therapy (default)", "tamoxifen": "tamoxifen", "AI": "aromatase inhibitor",
    "none": "no endocrine therapy",
}  # fmt: skip
AGAINST = {"": "none, or as the question has it", "none": "none", "tamoxifen": "tamoxifen"}
MISSING = {"complete": "complete cases", "mice": "imputed 20 times, beside the page"}
_SAFE = "Nothing here is a reason to withhold, change or stop endocrine therapy."


def page(cohorts: Sequence[str], chosen: str, offer: Offer) -> ui.Tag:
    """Return the page, with the names of the cohorts at hand and what the chosen one offers."""
    head = ui.head_content(ui.tags.link(rel="icon", href="data:,"), ui.tags.style(_STYLE))
    side = ui.tags.aside(
        ui.h1("tamoxres explorer"),
        ui.input_select("cohort", "Cohort", {name: name for name in cohorts}, selected=chosen),
        ui.output_ui("about_cohort"), *_question(offer), _own_file(), aria_label="Choices",
    )  # fmt: skip
    return ui.page_fluid(head, ui.div(side, _main(offer), class_="layout"), title="tamoxres explorer", lang="en")


def _main(offer: Offer) -> ui.Tag:
    return ui.tags.main(
            ui.p(_SAFE, class_="safe"),
            ui.output_ui("tried"),
            ui.output_ui("imputing"), ui.output_ui("imputing_progress"),
            ui.output_ui("verdict"), ui.output_ui("answer"),
            ui.h2("Curves"), ui.output_ui("curves"),
            ui.h2("Risks"), ui.output_ui("risks"),
            ui.h2("Who was analysed"), ui.output_ui("flow"),
            ui.h2("Diagnostics"), ui.output_ui("diagnostics"),
            ui.h2("Robustness"),
            ui.input_action_button("check", "Check how robust the interaction is"),
            ui.input_action_button("stop", "Stop"), ui.output_ui("check_progress"), ui.output_ui("robust"),
            ui.h2("A measured value in place of the marker"), *_measured(offer),
            ui.h2("Published on the same question"), ui.output_ui("published"),
            ui.h2("The same as code"), ui.output_ui("code"),
            ui.h2("Take it with you"), _downloads(),
            ui.input_action_button("keep", "Add to the report"), ui.output_ui("kept"),
            ui.download_button("plan", "Plan of what was kept"),
            ui.input_action_button("make_report", "Make the report"),
            ui.input_action_button("stop_report", "Stop the report"),
            ui.output_ui("report_progress"), ui.output_ui("report_made"),
            ui.download_button("report_zip", "Report, zip"),
    )  # fmt: skip


def _question(offer: Offer) -> list[ui.Tag]:
    return [
        ui.input_select("estimand", "Question", ESTIMANDS, selected=offer.estimand),
        ui.input_select("marker", "Marker", offer.markers),
        ui.input_select("rule", "Rule that calls it", offer.rules),
        ui.input_select("endpoint", "Endpoint", offer.endpoints),
        ui.input_select("er", "Population", offer.receptors),
        ui.input_select("treatment", "Treatment", TREATMENTS),
        ui.input_select("against", "Compared with", AGAINST),
        ui.input_checkbox_group("adjust", "Adjusted for", offer.covariates),
        ui.input_checkbox_group("strata", "Strata", offer.strata),
        ui.input_text("where", "Restriction, as nodes >= 1", ""),
        ui.input_numeric("landmark", "Landmark, months (0 for none)", 0, min=0, max=240),
        ui.input_numeric("horizon", "Horizon, months (0 for none)", 0, min=0, max=480),
        ui.input_select("missing", "Missing covariates", MISSING),
    ]


def _measured(offer: Offer) -> list[ui.Tag]:
    return [
        ui.input_select("measured", "Measured value", offer.measured),
        ui.input_select("enters", "It enters", HOWS),
        ui.input_text("at", "Published cut", ""),
        ui.input_action_button("search", "Search the cut, and correct for the search"),
        ui.input_action_button("stop_search", "Stop the search"),
        ui.output_ui("search_progress"), ui.output_ui("measured_shown"),
        ui.download_button("measured_svg", "Its figure, SVG"), ui.download_button("measured_docx", "Its table, docx"),
        ui.download_button("measured_rows", "Its effect rows, CSV"),
    ]  # fmt: skip


def _own_file() -> ui.Tag:
    return ui.tags.details(
        ui.tags.summary("A file of your own"),
        ui.input_file("file", "Table (CSV, Excel, Stata, SPSS, SAS, R, Parquet)"),
        ui.input_text_area("mapping", "Its mapping: answer its questions", "", rows=12, spellcheck="false"),
        ui.input_action_button("read", "Read the file by this mapping"),
        ui.download_button("save_mapping", "Save the mapping"),
        ui.output_ui("file_says"),
    )


def _downloads() -> ui.Tag:
    figures = [ui.download_button(f"figure_{kind}", f"Figure, {kind.upper()}") for kind in FIGURES]
    tables = [ui.download_button(f"table_{kind}", f"Table, {kind}") for kind in TABLES]
    return ui.div(*figures, *tables, ui.download_button("rows", "Effect rows, CSV"))
