"""Sound inputs that the fuzz begins from: a registry, its mapping, a plan, effect rows, matrices, packed files."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from functools import cache

import pandas as pd

from tamoxres.effects import EffectEstimate
from tamoxres.evidence.revman import revman_bytes

REGISTRY = "pid,age,er,her2,tam,dx,t,e\n" + "".join(
    f"P{i},{40 + i}.5,{'pos' if i % 3 else 'neg'},{i % 2},{'yes' if i % 4 else 'no'},"
    f"200{i % 10}-0{1 + i % 9}-1{i % 10},{30 + 7 * i},{i % 3 // 2}\n"
    for i in range(24)
)
MAPPING = """name = "small"
treatment_specificity = "tamoxifen_confirmed"
missing = ["NA", "unk"]
diagnosis = "dx"
[columns]
patient = "pid"
age = "age"
er = { from = "er", positive = ["pos"], negative = ["neg"] }
endocrine = { from = "tam", yes = ["yes"], no = ["no"] }
[markers.HER2]
from = "her2"
altered = ["1"]
unaltered = ["0"]
assay = "IHC"
[endpoints.OS]
time = "t"
unit = "days"
event = "e"
event_values = [1]
censored_values = [0]
"""
PLAN = """title = "A plan"
alpha = 0.05
seed = 1
[[markers]]
cohort = "metabric"
markers = ["HER2"]
rules = "all"
endpoints = ["BCSS"]
er = "positive"
adjust_prognostic = ["age", "npi"]
family = "cascade"
why = "Because."
[[pools]]
marker = "all"
estimand = "prognostic"
endpoints = ["BCSS"]
taken_as = "BCSS"
label = "Dying of it"
"""
EFFECTS = (
    "study,marker,endpoint,estimand,measure,estimate,ci_low,ci_high,log_estimate,se,p_value,n,events,df,level,year\n"
    "Naples 2003,HER2,OS,prognostic,HR,1.33,0.70,2.51,,,,100,40,,,2003\n"
    '"Berlin, 2001",HER2,OS,prognostic,HR,,,,0.1,0.2,0.6,200,50,12,0.95,\n'
    "Oslo,HER2,OS,prognostic,HR,1.1,,,,,0.04,,,,,1999\n"
)
LIBRARIES = {
    ".ris": "TY  - JOUR\r\nID  - a\r\nAU  - St\u00e5l, O\r\nPY  - 2000\r\nTI  - ErbB2\r\nDO  - 10.1/x\r\nER  - \r\n",
    ".bib": '@string{j = "Ann Oncol"}\n@article{a,\n  author = {St{\\aa}l, O and others},\n'
            '  title = "{ErbB2} \\& more",\n  journal = j # { (2)}, year = 2000}\n',
}  # fmt: skip
EXPRESSION = "gene," + ",".join(f"P{i}" for i in range(24)) + "\n" + "".join(
    f"{gene}," + ",".join(f"{(i * k) % 7 - 3}.25" for i in range(24)) + "\n"
    for k, gene in enumerate(("ERBB2", "PTEN", "ESR1"), 2)
)  # fmt: skip
POSITIONS = "gene,chromosome,position\nERBB2,17,39688093\nPTEN,10,87863113\n"
ANSWERS = json.dumps({
    "clinical": [{"patientId": "p1", "sampleId": "s1", "clinicalAttributeId": "ER_STATUS", "value": "Positive"}],
    "list": {"sampleIds": ["s1"]},
    "mutations": [
        {"entrezGeneId": 2064, "sampleId": "s1", "mutationType": "Missense_Mutation", "proteinChange": "V7E"}
    ],
    "panels": [{"sampleId": "s1", "genePanelId": "P1"}], "panel": {"genes": [{"hugoGeneSymbol": "ERBB2"}]},
    "matrix": [{"entrezGeneId": 2064, "sampleId": "s1", "value": 1.5}],
})  # fmt: skip


@cache
def packed() -> dict[str, bytes]:
    """The registry in other formats."""
    frame = pd.read_csv(io.StringIO(REGISTRY))
    sheet, columns = io.BytesIO(), io.BytesIO()
    frame.to_excel(sheet, index=False)
    frame.to_parquet(columns)
    number = (14).to_bytes(4, "big") + (2).to_bytes(4, "big") + bytes(16)
    vector = b"X\n" + (2).to_bytes(4, "big") + b"\0\4\2\2" + b"\0\2\3\0" + number
    return {
        ".xlsx": sheet.getvalue(), ".parquet": columns.getvalue(), ".rds": vector, ".RData": gzip.compress(vector),
        ".csv.gz": gzip.compress(REGISTRY.encode(), mtime=0), ".tsv": REGISTRY.replace(",", "\t").encode("utf-16"),
    }  # fmt: skip


@cache
def sheet() -> bytes:
    """Effect rows as a workbook."""
    out = io.BytesIO()
    pd.read_csv(io.StringIO(EFFECTS)).to_excel(out, index=False)
    return out.getvalue()


@cache
def reviews() -> dict[str, bytes]:
    """Effect rows as RevMan has them."""
    rows = [EffectEstimate(study=f"S{i} & co", log_estimate=0.1 * i, se=0.2, endpoint="OS", n_1=9) for i in range(3)]
    return {ending: revman_bytes(rows, ending) for ending in (".rm5", ".zip")}


@cache
def archive() -> bytes:
    """A study archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name in ("s/data_a.txt", "s/case_lists/cases_all.txt", "s/LICENSE"):
            info = tarfile.TarInfo(name)
            info.size = 500
            tar.addfile(info, io.BytesIO(b"text\n" * 100))
    return out.getvalue()
