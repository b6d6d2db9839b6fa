"""Messy exports as registries send them, each beside the same patients cleaned by hand: `clean/NAME.csv`.

Run `python tests/registries/make_registries.py`, then `Rscript tests/registries/make_reference.R`, which writes the
SAS file and fits R's models to the cleaned files. Patients are made up; each file has its own seed.

A cleaned file has pid, age, er (1 positive), altered (HER2 3+ v 0-1+), tam (1 yes), time, event (1 died); unknown is
empty. `time` is as the export has it: rounding is part of the export.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
N = 220
DAYS = 365.25 / 12


def patients(seed: int, n: int = N) -> pd.DataFrame:
    """Make patients up: factors, treatment by indication, times to death and to recurrence in days."""
    rng = np.random.default_rng(seed)
    age = np.round(np.clip(rng.normal(61, 11, n), 30, 92), 1)
    her2 = rng.choice([0, 1, 2, 3], n, p=[0.35, 0.3, 0.1, 0.25])
    nodes = rng.poisson(1.2, n)
    tam = (rng.random(n) < 0.45 + 0.08 * (nodes > 0)).astype(int)
    log_hazard = 0.03 * (age - 60) + 0.5 * (her2 == 3) - 0.35 * tam + 0.25 * tam * (her2 == 3)
    death = rng.exponential(3200 * np.exp(-log_hazard))
    relapse = rng.exponential(2600 * np.exp(-log_hazard))
    seen = rng.uniform(400, 4300, n)
    days = np.ceil(np.minimum(death, seen)).astype(int)
    first = rng.integers(0, 4000, n)
    return pd.DataFrame({
        "pid": np.arange(1001, 1001 + n), "age": age, "er": (rng.random(n) < 0.82).astype(float), "her2": her2,
        "grade": rng.integers(1, 4, n), "size": rng.integers(5, 61, n), "nodes": nodes, "tam": tam,
        "chemo": (rng.random(n) < 0.3).astype(int), "days": days, "dead": (death <= seen).astype(int),
        "relapse_days": np.ceil(np.minimum.reduce([relapse, death, seen])).astype(int),
        "relapse": (relapse <= np.minimum(death, seen)).astype(int),
        "diagnosis": [dt.date(2001, 1, 1) + dt.timedelta(days=int(d)) for d in first],
    })  # fmt: skip


def end(people: pd.DataFrame) -> list[dt.date]:
    """Return the date of death or of the last visit."""
    return [d + dt.timedelta(days=int(t)) for d, t in zip(people["diagnosis"], people["days"], strict=True)]


def clean(name: str, people: pd.DataFrame, *, time: str = "days") -> None:
    """Write the cleaned patients; HER2 2+ is unknown."""
    altered = people["her2"].map({0: 0.0, 1: 0.0, 3: 1.0})
    out = pd.DataFrame({
        "pid": people["pid"], "age": people["age"], "er": people["er"], "altered": altered, "tam": people["tam"],
        "time": people[time], "event": people["dead"],
    })  # fmt: skip
    out.to_csv(HERE / "clean" / f"{name}.csv", index=False, float_format="%.10g", lineterminator="\n")


def text(file: str, header: str, rows: list[list[object]], separator: str = ";", encoding: str = "utf-8") -> None:
    """Write delimited text as it is given."""
    lines = [header, *(separator.join("" if cell is None else str(cell) for cell in row) for row in rows)]
    (HERE / file).write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))


def comma(value: float) -> str:
    """Write a number with a decimal comma."""
    return f"{value:.1f}".replace(".", ",")


def danish() -> None:
    """Danish: semicolons, decimal comma, Windows code page, words, `Ukendt`."""
    p = patients(1)
    p.loc[p.index % 29 == 3, "er"] = np.nan
    er = p["er"].map({1: "Positiv", 0: "Negativ"}).fillna("Ukendt")
    rows = [
        [r.pid, comma(r.age), er[i], r.her2, r.size, "Ja" if r.tam else "Nej", r.days, "Død" if r.dead else "Levende"]
        for i, r in p.iterrows()
    ]
    header = (
        "Løbenummer;Alder ved diagnose;Østrogenreceptor;HER2 IHC;Tumorstørrelse (mm);Endokrin behandling;Tid (dage);"
        "Vitalstatus"
    )
    text("dansk.csv", header, rows, encoding="cp1252")
    clean("dansk", p)


def german() -> None:
    """German: Latin-1, dates of diagnosis, last contact and death, `k.A.` for unknown."""
    p = patients(2)
    p.loc[p.index % 31 == 5, "er"] = np.nan
    er = p["er"].map({1: "positiv", 0: "negativ"}).fillna("k.A.")
    rows = []
    for i, (r, last) in enumerate(zip(p.itertuples(), end(p), strict=True)):
        died = f"{last:%d.%m.%Y}" if r.dead else ""
        rows.append([
            r.pid, comma(r.age), er[i], r.her2, "ja" if r.tam else "nein", f"{r.diagnosis:%d.%m.%Y}",
            f"{last:%d.%m.%Y}", died,
        ])  # fmt: skip
    header = (
        "Patientennummer;Alter;Östrogenrezeptor;HER2-Score;Antihormontherapie;Diagnosedatum;Letzter Kontakt;Sterbedatum"
    )
    text("deutsch.csv", header, rows, encoding="latin-1")
    clean("deutsch", p)


def workbook() -> None:
    """Excel: a merged title, an empty row, typed dates, a row of totals below."""
    import xlsxwriter

    p = patients(3)
    book = xlsxwriter.Workbook(str(HERE / "title.xlsx"))
    book.set_properties({"created": dt.datetime(2020, 1, 1)})
    sheet, date = book.add_worksheet("Export"), book.add_format({"num_format": "dd/mm/yyyy"})
    sheet.merge_range(0, 0, 0, 7, "Breast cancer unit, export of all patients")
    sheet.write(1, 0, "Printed on 3 March 2020")
    header = ["Patient ID", "Age", "ER", "HER2 IHC", "Tamoxifen", "Date of diagnosis", "OS days", "OS status"]
    sheet.write_row(3, 0, header)
    for i, r in enumerate(p.itertuples(), start=4):
        cells = [
            f"B{r.pid}",
            r.age,
            "pos" if r.er else "neg",
            f"{r.her2}+" if r.her2 else "0",
            "yes" if r.tam else "no",
        ]
        sheet.write_row(i, 0, cells)
        sheet.write_datetime(i, 5, dt.datetime.combine(r.diagnosis, dt.time()), date)
        sheet.write_row(i, 6, [r.days, "dead" if r.dead else "alive"])
    sheet.write_row(4 + len(p), 0, ["Total", "", "", "", "", "", int(p["days"].sum()), ""])
    book.close()
    p["pid"] = "B" + p["pid"].astype(str)
    clean("title", p)


def stata() -> None:
    """Stata: value labels, an extended missing value, times in months with two decimals."""
    p = patients(4)
    p["months"] = np.round(p["days"] / DAYS, 2)
    frame = p[["pid", "age", "her2", "tam", "months", "dead"]].rename(columns={"dead": "status", "tam": "hormone"})
    frame["er"] = p["er"].astype(int)
    labels = {
        "status": {0: "alive", 1: "dead"}, "hormone": {0: "no", 1: "yes"}, "er": {0: "negative", 1: "positive"},
        "her2": {0: "0", 1: "1+", 2: "2+ equivocal", 3: "3+"},
    }  # fmt: skip
    frame.to_stata(
        HERE / "labels.dta", value_labels=labels, write_index=False, version=118, time_stamp=dt.datetime(2020, 1, 1),
        variable_labels={"months": "overall survival, months"},
    )  # fmt: skip
    clean("labels", p, time="months")


def spss() -> None:
    """SPSS: value labels, 9 labelled as unknown, dates of SPSS."""
    import pyreadstat

    p = patients(5)
    p.loc[p.index % 23 == 1, "er"] = np.nan
    frame = pd.DataFrame({
        "patientid": [f"S{pid}" for pid in p["pid"]], "alter": p["age"], "er_status": p["er"].fillna(9),
        "her2_ihc": p["her2"].astype(float), "tamoxifen": p["tam"].astype(float), "os_days": p["days"].astype(float),
        "os_status": p["dead"].astype(float),
    })  # fmt: skip
    labels = {
        "er_status": {0.0: "negativ", 1.0: "positiv", 9.0: "unbekannt"}, "tamoxifen": {0.0: "nein", 1.0: "ja"},
        "os_status": {0.0: "lebt", 1.0: "verstorben"}, "her2_ihc": {0.0: "0", 1.0: "1+", 2.0: "2+", 3.0: "3+"},
    }  # fmt: skip
    pyreadstat.write_sav(frame, str(HERE / "labels.sav"), variable_value_labels=labels)
    p["pid"] = frame["patientid"]
    clean("spss", p)


def sas() -> None:
    """SAS: what make_reference.R writes as sas7bdat, and transport version 8; dates are days since 1960."""
    import pyreadstat

    p = patients(6)
    frame = pd.DataFrame({
        "SUBJECT": [f"{pid}" for pid in p["pid"]], "AGE": p["age"], "ERSTAT": p["er"], "HER2": p["her2"].astype(float),
        "TAMOX": p["tam"].astype(float), "DXDATE": p["diagnosis"], "LASTDATE": end(p), "DEAD": p["dead"].astype(float),
    })  # fmt: skip
    pyreadstat.write_xport(frame, str(HERE / "transport.xpt"), table_name="BREAST", file_format_version=8)
    frame.to_csv(HERE / "clean" / "sas_source.csv", index=False)
    clean("transport", p)
    clean("sas", p)


def seer() -> None:
    """SEER*Stat: its column names and words; survival months in whole months, Unknown among them."""
    p = patients(7)
    p["months"] = (p["days"] // DAYS).astype(float)
    er = p["er"].map({1: "Positive", 0: "Negative"}).astype(object)
    er[p.index % 19 == 2], p.loc[p.index % 19 == 2, "er"] = "Borderline/Unknown", np.nan
    months = p["months"].map("{:04.0f}".format).astype(object)
    lost = (p.index % 41 == 7) & (p["dead"] == 0)
    months[lost] = "Unknown"
    p.loc[lost, ["months", "dead"]] = np.nan
    rows = [
        [
            r.pid,
            f"{r.age:.0f}",
            er[i],
            r.her2,
            "Yes" if r.tam else "No/Unknown",
            months[i],
            "Dead" if r.dead == 1 else "Alive",
        ]
        for i, r in p.iterrows()
    ]
    header = (
        '"Patient ID","Age at diagnosis","ER Status Recode Breast Cancer (1990+)","HER2 IHC score",'
        '"Hormone therapy recode","Survival months","Vital status recode (study cutoff used)"'
    )
    text("seer.csv", header, rows, separator=",")
    p["age"] = p["age"].round(0)
    clean("seer", p, time="months")


def cbioportal() -> None:
    """cBioPortal: four lines of comment, its order of columns, `1:DECEASED`, `[Not Available]`."""
    p = patients(8)
    p["months"] = np.round(p["days"] / DAYS, 2)
    er = p["er"].map({1: "Positive", 0: "Negative"}).astype(object)
    er[p.index % 17 == 4], p.loc[p.index % 17 == 4, "er"] = "[Not Available]", np.nan
    header = [
        "PATIENT_ID",
        "AGE",
        "DFS_STATUS",
        "OS_MONTHS",
        "ER_STATUS",
        "HER2_IHC",
        "HORMONE_THERAPY",
        "OS_STATUS",
        "DFS_MONTHS",
    ]
    comments = ["#" + "\t".join(header)] * 4
    rows = []
    for i, r in p.iterrows():
        dfs = round(r.relapse_days / DAYS, 2)
        rows.append([
            f"P-{r.pid}", f"{r.age:g}", "1:Recurred/Progressed" if r.relapse else "0:DiseaseFree", f"{r.months:.2f}",
            er[i], f"{r.her2}+", "YES" if r.tam else "NO", "1:DECEASED" if r.dead else "0:LIVING", f"{dfs:.2f}",
        ])  # fmt: skip
    text("cbioportal.txt", "\n".join([*comments, "\t".join(header)]), rows, separator="\t")
    p["pid"] = "P-" + p["pid"].astype(str)
    clean("cbioportal", p, time="months")


def three_dates() -> None:
    """Dates in three styles in one column, as three clerks wrote them."""
    p = patients(9)
    styles = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y")
    rows = []
    for i, (r, last) in enumerate(zip(p.itertuples(), end(p), strict=True)):
        style = styles[i % 3]
        died = format(last, style) if r.dead else ""
        rows.append(
            [
                r.pid,
                r.age,
                int(r.er),
                r.her2,
                r.tam,
                format(r.diagnosis, style),
                format(last, styles[(i + 1) % 3]),
                died,
            ]
        )
    text("three_dates.csv", "patient_id,age,er,her2_score,tamoxifen,dx_date,last_seen,death_date", rows, separator=",")
    clean("three_dates", p)


def duplicates() -> None:
    """Three patients stand twice: one row for word, one under an identifier with a blank, one with another value."""
    p = patients(10)
    rows = [[r.pid, r.age, int(r.er), r.her2, r.tam, r.days, r.dead] for r in p.itertuples()]
    rows += [rows[5], [rows[17][0], rows[17][1] + 1, *rows[17][2:]], [f"0{rows[30][0]}", *rows[30][1:]]]
    text("duplicates.csv", "patient,age,er,her2,tam,os_days,os_event", rows, separator=",")
    clean("duplicates", p)


def sentinels() -> None:
    """Codes for unknown that look like numbers: 999 fmol, 9 for a score, -1 for a treatment, 99 for age."""
    p = patients(11)
    rng = np.random.default_rng(110)
    fmol = np.where(p["er"] == 1, rng.integers(10, 400, N), rng.integers(0, 10, N)).astype(int)
    gone = {name: rng.random(N) < 0.06 for name in ("er", "her2", "tam", "age")}
    rows = [
        [
            r.pid, 999 if gone["age"][i] else r.age, 999 if gone["er"][i] else fmol[i],
            9 if gone["her2"][i] else r.her2, -1 if gone["tam"][i] else r.tam, r.days, r.dead,
        ]
        for i, r in enumerate(p.itertuples())
    ]  # fmt: skip
    text("sentinels.csv", "id,age,er_fmol,her2_ihc,tamoxifen,time_days,dead", rows, separator=",")
    for name, missing in gone.items():
        p[name] = p[name].astype(float).mask(missing)
    clean("sentinels", p)


def undated() -> None:
    """Four deaths without a time and two negative times: unknown by overall survival, and counted."""
    p = patients(12)
    died = p.index[p["dead"] == 1]
    times = p["days"].astype(object)
    times[died[[2, 9, 21, 33]]] = ""
    times[p.index[[40, 90]]] = [-12, -3]
    rows = [[r.pid, r.age, int(r.er), r.her2, r.tam, times[i], r.dead] for i, r in p.iterrows()]
    text("undated.csv", "pid,age,er,her2_ihc,tam,os_days,os_status", rows, separator=",")
    gone = [*died[[2, 9, 21, 33]], *p.index[[40, 90]]]
    p["days"] = p["days"].astype(float)
    p["dead"] = p["dead"].astype(float)
    p.loc[gone, ["days", "dead"]] = np.nan
    clean("undated", p)


def became_text() -> None:
    """Numbers that became text: `>90` years, `ca. 45`, a blank before a number; tabs."""
    p = patients(13)
    age = p["age"].map("{:g}".format).astype(object)
    for i, told in ((3, ">90"), (50, "ca. 45"), (120, "unk")):
        age[i] = told
    age[77] = f"  {age[77]} "
    rows = [[r.pid, age[i], int(r.er), r.her2, r.tam, r.days, r.dead] for i, r in p.iterrows()]
    text("became_text.tsv", "pid\tage\ter\ther2_ihc\ttam\tos_days\tos_status", rows, separator="\t")
    p.loc[[3, 50, 120], "age"] = np.nan
    clean("became_text", p)


def unicode_text() -> None:
    """Excel's Unicode text: UTF-16 with a byte-order mark, tabs, French words and decimal commas."""
    p = patients(14)
    rows = [
        [
            r.pid,
            comma(r.age),
            "positif" if r.er else "négatif",
            r.her2,
            "oui" if r.tam else "non",
            r.days,
            "décédée" if r.dead else "vivante",
        ]
        for r in p.itertuples()
    ]
    header = "Identifiant\tÂge\tRécepteurs estrogènes\tHER2 score\tHormonothérapie\tSuivi (jours)\tStatut vital"
    text("unicode.txt", header, rows, separator="\t", encoding="utf-16")
    clean("unicode", p)


def parquet() -> None:
    """Parquet from another program: booleans, categories, nullable integers, decimal times."""
    p = patients(15)
    p.loc[p.index % 27 == 8, "er"] = np.nan
    p["months"] = np.round(p["days"] / DAYS, 3)
    frame = pd.DataFrame({
        "patient_id": pd.array(p["pid"], dtype="Int64"), "age_at_diagnosis": p["age"],
        "er_positive": p["er"].map({1.0: True, 0.0: False}).astype("boolean"),
        "her2_ihc": pd.Categorical(p["her2"].map({0: "0", 1: "1+", 2: "2+", 3: "3+"})),
        "endocrine_therapy": p["tam"].astype(bool), "os_months": p["months"], "death": p["dead"].astype(bool),
    })  # fmt: skip
    frame.to_parquet(HERE / "typed.parquet", index=False)
    clean("typed", p, time="months")


MAKERS: tuple[Callable[[], None], ...] = (
    danish, german, workbook, stata, spss, sas, seer, cbioportal, three_dates, duplicates, sentinels, undated,
    became_text, unicode_text, parquet,
)  # fmt: skip

if __name__ == "__main__":
    (HERE / "clean").mkdir(exist_ok=True)
    for make in MAKERS:
        make()
