"""Build effects.csv and studies.csv of data_raw/literature: the first edition, corrected, with the second's rows.

Run it as `python tests/reference/literature/build_tables.py [FOLDER]`; it writes the two tables into FOLDER, by default
the embedded ones. The same inputs give the same bytes. Every correction is used once, or the script stops: those that a
rule reads (flags, cells, `add FLAG`) by `_by_rule`, those written for a reader by `BY_HAND`, each under its own key.
Authors read since stand in `AUTHORS`. Directions that the second reading calls unsupported in its notes stand in
`DIRECTIONS`; where it gives two, the correction leads.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
EMBEDDED = HERE.parents[2] / "data_raw" / "literature"
DERIVED = "derived_ratio_of_strata;ci_derived_from_strata_ci"
OF_STUDY = ("pmid", "doi", "first_author", "year", "journal", "title", "evidence_kind", "drug", "trial", "note")
LUEN_PUBLISHED = "superseded_by_publication"
FROM_STRATA = "ratio and CI computed here from the printed strata"

DIRECTIONS = {  # what the page read supports, where the first edition said more; the study's note says why
    "bartlett_2013": "HER2:no_effect", "osborne_2011": "", "erc_22_725_2015": "HER2:mixed",
    "kirkegaard_2005": "AKT:mixed", "tovey_2005": "HER2:unclear", "tokunaga_2006": "AKT:resistant;HER2:unclear",
    "elsberger_2012": "SRC:no_effect", "osborne_2003": "HER2:mixed", "lipton_2005": "HER2:no_effect",
    "loi_2010": "PIK3CA:no_effect;MTOR:unclear", "gutierrez_2005": "HER2:mixed",
    "bose_2006": "AKT:unclear;PTEN:unclear;MTOR:prognostic_worse", "jones_2020": "AKT:unclear",
}  # fmt: skip
KEPT_DIRECTIONS = ("tokunaga_2006_ijo",)  # the note limits the drug, which has its own column; the direction stands
AUTHORS = {  # first authors read since on the page named, where no edition had seen one
    "erc_22_725_2015": ("Eggemann", "https://erc.bioscientifica.com/view/journals/erc/22/5/725.xml"),
}
NEW_KINDS = {  # evidence_kind, drug, trial of the second reading's own studies
    "chia_2012": ("randomised_interaction", "tamoxifen", "MA.12"),
    "griffith_2018": ("mixed_treatment", "tamoxifen", "MA.12"),
    "kruger_2018": ("randomised_interaction", "tamoxifen", "IKA (Dutch tamoxifen v observation)"),
    "koornstra_2015": ("randomised_interaction", "tamoxifen", "IKA (Dutch tamoxifen v observation)"),
    "pagani_2022": ("randomised_other", "mixed_endocrine", "SOFT and TEXT"),
}

Table = list[dict[str, str]]


def ratio_row(marker, state, comparison, endpoint, values, flags, **cells):
    """Describe a ratio that the second reading computed from a study's printed strata."""
    estimate, low, high = values
    about = {"marker": marker, "marker_state": state, "comparison": comparison, "endpoint": endpoint}
    told = {"estimate": estimate, "ci_low": low, "ci_high": high, "flags": f"{DERIVED};{flags}"}
    return about | told | {"printed_as": FROM_STRATA} | cells


INTERACTION = "interaction_marker_by_treatment"
TWICE = "overlaps_row_of_same_study"  # the strata themselves stand in the table
BY_HAND = {  # (study, row_key, column) -> what the correction, written for a reader, does to the tables
    ("de_placido_2003", "effects:HER2|overexpressed|interaction_marker_by_treatment|OS|NEW receptor-positive",
     "estimate"): {"like": ("HER2", "overexpressed", "OS"), "add": ratio_row(
         "HER2", "overexpressed", INTERACTION, "OS", ("1.82", "0.838", "3.96"),
         f"subset:steroid_receptor_positive;derived_p:0.13;{TWICE}")},
    ("beelen_2014_p70s6k", "effects:MTOR|p-p70S6K positive|interaction_marker_by_treatment|RFI|(p only 0.004)",
     "estimate"): {"cells": {
         "estimate": "4.25", "ci_low": "1.59", "ci_high": "11.4", "interaction_p": "0.004",
         "flags": "direction:worse;derived_ratio_of_strata;ci_derived_from_interaction_p",
         "printed_as": "P for interaction 0.004; ratio and CI computed here from the strata's points and that P"}},
    ("bostner_2013", "effects:MTOR|p-mTOR S2448 high|interaction_marker_by_treatment|RFS|NEW", "estimate"): {
        "like": ("MTOR", "p-mTOR S2448 high", "RFS"), "add": ratio_row(
            "MTOR", "p-mTOR S2448 high", INTERACTION, "RFS", ("2.97", "0.953", "9.23"),
            "no_interaction_test_seen;post_hoc_subgroup;subset:ER_PgR_positive;endpoint_not_in_excerpt;"
            f"derived_p:0.06;{TWICE}")},
    ("rasmussen_2008", "effects:HER2|amplified|interaction_marker_by_treatment|DFS|NEW", "estimate"): {
        "like": ("HER2", "amplified", "DFS"), "add": ratio_row(
            "HER2", "amplified", INTERACTION, "DFS", ("0.861", "0.498", "1.49"),
            f"ai_vs_tamoxifen_contrast;derived_p:0.59;{TWICE}", treatment="letrozole vs tamoxifen", p_value="", n="")},
    ("bartlett_2013", "effects:HER2|positive|interaction_marker_by_treatment|DFS|NEW", "estimate"): {
        "like": ("HER2", "positive", "DFS"), "add": ratio_row(
            "HER2", "positive", INTERACTION, "DFS", ("2.38", "1.44", "3.93"),
            "ai_vs_tamoxifen_contrast;from_meeting_abstract_of_same_trial;source_prints_108_read_as_1.08;"
            f"derived_p:0.0007;{TWICE}")},
    ("love_2003", "effects:HER2|overexpressed|tamoxifen_vs_control_in_marker_positive|DFS|0.37", "ci_low"): {"cells": {
        # the limit stays as printed; two errors follow from it, and the larger is that of the trusted upper limit
        "flags": "ci_not_log_symmetric_as_printed;with_oophorectomy;lower_limit_suspect",
        "printed_as": "0.37 (0.26-0.89); 0.26 is also the OS hazard ratio, so a slip is likely"}},
    ("stal_2000", "effects:HER2|both strata|longer_vs_shorter|RFI", "flags"): {"each": [
        ("HER2", "overexpressed_or_amplified", "longer_vs_shorter_tamoxifen_in_marker_positive", "RFI"),
        ("HER2", "not_overexpressed", "longer_vs_shorter_tamoxifen_in_marker_negative", "RFI")],
        "cells": {"flags": "rr_from_cox_model;landmark:disease_free_at_2_years"}},
    ("carlomagno_1996", "effects:HER2|all four rows", "n"): {"each": [
        ("HER2", "overexpressed", "tamoxifen_vs_control_in_marker_positive", endpoint) for endpoint in ("DFS", "OS")],
        "cells": {"n": "44", "flags": "p_only;from_meeting_abstract_of_same_trial"},
        "others": [("HER2", "not_overexpressed", "tamoxifen_vs_control_in_marker_negative", endpoint)
                   for endpoint in ("DFS", "OS")],
        "other_cells": {"n": "106", "flags": "p_only;from_meeting_abstract_of_same_trial"}},
    ("luen_2018", "effects:PIK3CA|mutated|interaction_marker_by_treatment|DRFI|(p only 0.06)", "flags"): {"cells": {
        "flags": "p_only;from_meeting_report_of_same_analysis;later_than_2015;p_.06_read_as_interaction;"
                 f"{LUEN_PUBLISHED};direction:better_on_ai"}},
    ("luen_2018", "effects:PTEN|mutated|marker_positive_vs_negative|DRFI|2.03", "flags"): {"cells": {
        "flags": "from_meeting_report_of_same_analysis;ci_not_seen;mixed_endocrine;later_than_2015;"
                 f"{LUEN_PUBLISHED};prognostic_only"}},
    ("knoop_2014", "studies", "pmid; journal; doi"): {"study": {
        "pmid": "24675287", "journal": "Eur J Cancer", "doi": "10.1016/j.ejca.2014.02.022"}},
    ("rasmussen_2008", "studies", "pmid; doi"): {"study": {
        "pmid": "18083065", "doi": "10.1016/S1470-2045(07)70386-8"}},
    ("bianco_2000", "studies", "finding_direction"): {"study": {"finding_direction": ""}},
    ("beelen_2014_pik3ca", "studies", "finding_direction"): {"study_flags": "results_not_readable"},
}  # fmt: skip


def read(name: str) -> Table:
    """Read one of the tables beside this script."""
    with (HERE / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def write(path: Path, rows: Table) -> None:
    """Write a table: UTF-8, header, CRLF."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def joined(*flags: str) -> str:
    """Join lists of flags, each flag once."""
    return ";".join(dict.fromkeys(flag for part in flags for flag in part.split(";") if flag))


def found(effects: Table, study: str, about: tuple[str, ...], estimate: str = "") -> list[dict[str, str]]:
    """Find a study's rows by marker, state, comparison, endpoint, and by estimate or `(p only P)` where given."""
    key = ("marker", "marker_state", "comparison", "endpoint")
    rows = [row for row in effects if row["study_id"] == study and tuple(row[name] for name in key) == about]
    if estimate.startswith("(p only "):
        rows = [row for row in rows if not row["estimate"] and row["p_value"] == estimate[8:-1]]
    elif estimate:
        rows = [row for row in rows if row["estimate"] and float(row["estimate"]) == float(estimate)]
    if not rows:
        raise SystemExit(f"No effect row of {study} is about {about} {estimate}.")
    return rows


def by_rule(correction: dict[str, str], effects: Table, studies: dict[str, dict[str, str]]) -> None:
    """Apply a correction that names one cell: its old content is checked, its new one set or added to."""
    study, key, column, old, new = (correction[name] for name in ("study_id", "row_key", "column", "old", "new"))
    if key == "studies":
        rows = [studies[study]]
    else:
        marker, state, comparison, endpoint, *estimate = key.removeprefix("effects:").split("|")
        rows = found(effects, study, (marker, state, comparison, endpoint), *estimate)
    for row in rows:
        if new.startswith("add "):
            flag = new.removeprefix("add ").partition(" ")[0]
            row[column] = joined(row[column], flag)
        elif column == "flags" and key == "studies":
            row[column] = joined(row[column], new)
        elif row[column] != old:
            raise SystemExit(f"{study} {key} {column} holds {row[column]!r}, not {old!r}.")
        else:
            row[column] = new


def by_hand(correction: dict[str, str], change: dict, effects: Table, studies: dict[str, dict[str, str]]) -> None:
    """Apply a correction that was written for a reader, as spelled out in BY_HAND."""
    study, key = correction["study_id"], correction["row_key"]
    if "study" in change:
        studies[study].update(change["study"])
    elif "study_flags" in change:
        studies[study]["flags"] = joined(studies[study]["flags"], change["study_flags"])
    elif "add" in change:
        marker, state, endpoint = change["like"]
        like = next(row for row in effects if row["study_id"] == study and row["marker"] == marker
                    and row["marker_state"] == state and row["endpoint"] == endpoint
                    and row["comparison"].endswith("_in_marker_positive"))  # fmt: skip
        cells = dict.fromkeys(("p_value", "n", "events", "adjusted"), "")
        effects.append({**like, **cells, **change["add"]})
    elif "each" in change:
        for about in change["each"]:
            for row in found(effects, study, about):
                row.update(change["cells"])
        for about in change.get("others", ()):
            for row in found(effects, study, about):
                row.update(change["other_cells"])
    else:
        marker, state, comparison, endpoint, estimate = key.removeprefix("effects:").split("|")
        for row in found(effects, study, (marker, state, comparison, endpoint), estimate):
            row.update(change["cells"])


def with_provenance(study: dict[str, str], told: dict[str, str]) -> dict[str, str]:
    """Take identifiers, names, kind, drug, trial and note from the second reading, and where it was read."""
    row = study | {name: told[name] or study.get(name, "") for name in OF_STUDY}
    if told["verification"] != "unchanged":
        proof, _, where = told["verification"].partition(": ")
        row |= {"verification": proof, "evidence_locator": where}
    if told["note"].startswith("DIRECTION") and study["study_id"] in DIRECTIONS:
        row["finding_direction"] = DIRECTIONS[study["study_id"]]
    return row


def with_author(study: dict[str, str]) -> dict[str, str]:
    """Name a study's first author where a page read since names them; the note says which page."""
    if study["study_id"] not in AUTHORS:
        return study
    author, page = AUTHORS[study["study_id"]]
    if study["first_author"]:
        raise SystemExit(f"{study['study_id']} has an author already: {study['first_author']}.")
    flags = ";".join(flag for flag in study["flags"].split(";") if flag != "author_unknown")
    note = "; ".join(filter(None, (study["note"], f"first author read at {page}")))
    return study | {"first_author": author, "flags": flags, "note": note}


def split_off(told: dict[str, str], parent: dict[str, str]) -> dict[str, str]:
    """Make a series that stands in another study's paper a row of its own."""
    proof, _, where = told["verification"].partition(": ")
    setting = "in_vitro" if told["tier"] == "cell_line" else "adjuvant"
    design = "in_vitro" if told["tier"] == "cell_line" else "retrospective_cohort"
    same = {name: told[name] for name in ("study_id", "tier", "evidence_kind", "drug", "markers", "finding_direction",
                                          "population", "note")}  # fmt: skip
    made = {"verification": proof, "evidence_locator": where, "setting": setting, "design": design, "trial": "",
            "flags": f"split_from:{parent['study_id']}"}  # fmt: skip
    return parent | same | made | {"summary": told["note"] or parent["summary"]}


def main(folder: Path) -> None:
    """Build the two tables into a folder."""
    more = {"interaction_p": "", "printed_as": ""}
    effects = [row | more for row in read("revision_1/effects.csv")]
    told = {row["study_id"]: row for row in read("revision_2/studies_provenance.csv")}
    studies = {row["study_id"]: with_provenance(row, told[row["study_id"]]) for row in read("revision_1/studies.csv")}
    noted = {i for i, row in told.items() if row["note"].startswith("DIRECTION")}
    corrections = read("revision_2/corrections.csv")
    corrected = {row["study_id"] for row in corrections if row["column"] == "finding_direction"}
    if lacking := noted - corrected - set(DIRECTIONS) - set(KEPT_DIRECTIONS):
        raise SystemExit(f"Directions that a note doubts and nothing settles: {sorted(lacking)}.")
    unused = dict(BY_HAND)
    for correction in corrections:
        key = (correction["study_id"], correction["row_key"], correction["column"])
        change = unused.pop(key, None)
        if change is None:
            by_rule(correction, effects, studies)
        else:
            by_hand(correction, change, effects, studies)
    if unused:
        raise SystemExit(f"No correction asks for {list(unused)}.")
    effects += read("revision_2/new_effects.csv")
    for row in read("revision_2/new_studies.csv"):
        kind, drug, trial = NEW_KINDS[row["study_id"]]
        studies[row["study_id"]] = row | {"evidence_kind": kind, "drug": drug, "trial": trial, "note": ""}
    for row in read("revision_2/studies_split.csv"):
        studies[row["study_id"]] = split_off(row, studies[row["parent_study_id"]])
    columns = [*read("revision_1/studies.csv")[0], "evidence_kind", "drug", "trial", "note"]
    write(folder / "effects.csv", [{name: row[name] for name in effects[0]} for row in effects])
    write(folder / "studies.csv", [{name: row[name] for name in columns} for row in map(with_author, studies.values())])


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else EMBEDDED)
