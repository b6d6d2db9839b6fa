"""Sketches of mappings: always TOML, in nine languages, with units, pairs, labels and missing codes, and no guesses."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tamoxres.cohorts.mapping import read_mapping
from tamoxres.cohorts.sketch import init_mapping
from tamoxres.cohorts.sketch_names import NAMES, is_event, is_time, plain, unit_of
from tamoxres.files.suspicious import suspicious_codes

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n\x1a"), max_size=12)
KNOWN = st.sampled_from([
    "pid", "age", "er", "her2", "grade", "OS_MONTHS", "OS_STATUS", "dead", "time_days", "size", "tamoxifen", "død",
    "menopause", "dx_date", "PTEN", "weird \"name\"", "a]b", "x = 1", "#", "\\", "'",
])  # fmt: skip
CELLS = st.sampled_from(
    ["0", "1", "9", "999", "-1", "yes", "[Not Available]", '"', "\\", "2001-03-04", "007", "", "\x7f", "\x01"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(KNOWN, TEXT), min_size=2, max_size=8, unique_by=str.strip), st.data())
def test_always_toml(tmp_path: Path, names: list[str], data: st.DataObject) -> None:
    """Whatever headers and cells hold, the sketch is TOML; with a patient and an endpoint it is a mapping."""
    rows = data.draw(st.lists(st.lists(st.one_of(CELLS, TEXT), min_size=len(names), max_size=len(names)), min_size=1,
                              max_size=5))  # fmt: skip
    path = tmp_path / "a.parquet"
    pd.DataFrame(rows, columns=[name.strip() or f"c{i}" for i, name in enumerate(names)], dtype=str).to_parquet(path)
    parsed = tomllib.loads(init_mapping(path))
    if "patient" in parsed["columns"] and "endpoints" in parsed:
        read_mapping(parsed)


@pytest.mark.parametrize(
    ("language", "header"),
    [
        ("Danish", "løbenr;alder;østrogenreceptor;tumorstørrelse_mm;positive lymfeknuder;malignitetsgrad;kemoterapi;"
         "hormonbehandling;strålebehandling;sygehus"),
        ("Swedish", "löpnr;ålder;östrogenreceptor;tumörstorlek;lymfkörtlar;grad;cytostatika;hormonbehandling;"
         "strålbehandling;sjukhus"),
        ("Norwegian", "pasient_id;alder;østrogenreseptor;størrelse;lymfeknuter;grad;cellegift;hormonbehandling;"
         "strålebehandling;sykehus"),
        ("German", "Patientennummer;Alter;Östrogenrezeptor;Tumorgröße;Lymphknoten;Differenzierungsgrad;Chemotherapie;"
         "Antihormontherapie;Bestrahlung;Klinik"),
        ("Dutch", "patientnummer;leeftijd;oestrogeenreceptor;tumorgrootte;lymfeklieren;graad;chemotherapie;"
         "hormoontherapie;bestraling;ziekenhuis"),
        ("French", "id_patient;âge;récepteurs_estrogènes;taille;ganglions;grade;chimiothérapie;hormonothérapie;"
         "radiothérapie;hôpital"),
        ("Spanish", "id_paciente;edad;receptor_de_estrogenos;tamaño;ganglios;grado;quimioterapia;hormonoterapia;"
         "radioterapia;hospital"),
        ("Italian", "codice_paziente;età;recettori_estrogenici;dimensioni;linfonodi;grado;chemioterapia;ormonoterapia;"
         "radioterapia;ospedale"),
    ],
)  # fmt: skip
def test_languages(tmp_path: Path, language: str, header: str) -> None:
    """The codebook's columns are known by their names in eight languages beside English."""
    path = tmp_path / "a.csv"
    rows = [f"P{i};{50 + i};positiv;{20 + i};{i % 4};{1 + i % 3};1;1;1;A" for i in range(12)]
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    columns = tomllib.loads(init_mapping(path))["columns"]
    expected = (
        "patient",
        "age",
        "er",
        "size_mm",
        "nodes",
        "grade",
        "chemotherapy",
        "endocrine",
        "radiotherapy",
        "site",
    )
    found = [columns.get(name, {}) for name in expected]
    assert [one["from"] if isinstance(one, dict) and one else one for one in found] == header.split(";"), language


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("OS_MONTHS", "months"), ("tid_dage", "days"), ("Überleben (Monate)", "months"), ("survie_mois", "months"),
        ("fu_years", "years"), ("uppföljning dagar", "days"), ("tiempo_meses", "months"), ("rfstime", ""),
        ("overleving_weken", "weeks"), ("sopravvivenza_giorni", "days"), ("dmonths", "months"), ("age", ""),
    ],
)  # fmt: skip
def test_units(name: str, unit: str) -> None:
    """A unit is taken from the name, where the name tells one."""
    assert unit_of(name) == unit
    assert is_time(name) == (name not in ("age",))


def test_names_are_words() -> None:
    """Patterns are of plain names, and known names of other columns are no events or times."""
    assert plain("Größe_Ærø") == "grosse_aero"
    assert all(pattern == pattern.lower() or "\\W" in pattern for pattern in NAMES.values())
    assert [name for name in ("dead", "fall", "OS_STATUS", "verstorben", "grade", "recidief") if is_event(name)] == [
        "dead", "OS_STATUS", "verstorben", "recidief",
    ]  # fmt: skip


def test_numbers_of_a_status_are_asked(tmp_path: Path) -> None:
    """Codes of events are never filled in from numbers; words and labels of the file are."""
    import pyreadstat

    frame = pd.DataFrame({"pid": list("abcdefgh"), "os_days": range(100, 900, 100), "os_status": [1, 2] * 4})
    frame.to_csv(tmp_path / "a.csv", index=False)
    end = tomllib.loads(init_mapping(tmp_path / "a.csv"))["endpoints"]["OS"]
    assert (end["event_values"], end["censored_values"], end["unit"]) == ([], [], "days")
    pyreadstat.write_sav(frame, str(tmp_path / "a.sav"), variable_value_labels={"os_status": {1: "levende", 2: "død"}})
    end = tomllib.loads(init_mapping(tmp_path / "a.sav"))["endpoints"]["OS"]
    assert (end["event_values"], end["censored_values"]) == ([2], [1])


@pytest.mark.parametrize(
    ("cells", "codes"),
    [
        (["0", "1", "9"] * 5, ["9"]),
        (["1", "2", "3"] * 5, []),
        (["0", "1", "8", "9"] * 5, ["8", "9"]),
        ([str(i) for i in range(25, 95)], []),
        ([*(str(i) for i in range(25, 95)), "99"], []),
        ([*(str(i) for i in range(25, 95)), *["99"] * 9], ["99"]),
        ([*(str(i) for i in range(25, 95)), "999"], ["999"]),
        ([*(str(i) for i in range(0, 60, 3)), "-1"], ["-1"]),
        (["-2", "-1.5", "-0.3", "0.2", "1.1", "2.0", "0.9", "-1", "1.4", "0.1"], []),
        (["Ukendt", "ja", "nej"], ["Ukendt"]),
        (["9", "9"], []),
        ([], []),
        ([None, float("nan"), "  "], []),
    ],
)
def test_suspicious_codes(cells: list, codes: list[str]) -> None:
    """Sentinels are named by frequency and gap; measurements that happen to hold one are not."""
    assert sorted(code.code for code in suspicious_codes(cells)) == codes


def test_suspicious_codes_of_a_series_tell_their_facts() -> None:
    """Count, range and reason are fields."""
    [code] = suspicious_codes(pd.Series([1, 5, 9, 12, 30, 7, 8.5, 22, 18, 999, 999], name="fmol"))
    assert (code.column, code.count, code.patients, code.low, code.high) == ("fmol", 2, 11, 1, 30)
    assert code.reason == "apart"
