"""Soak: hostile inputs by the hundred thousand, kills, hostile servers: `make soak`, into benchmarks/SOAK.md.

    make soak                                          200,000 inputs, 300 kills, 40 servers
    make soak INPUTS=20000 KILLS=50 SERVERS=10 SEED=3

Inputs run in processes of their own, 5,000 each with a seed of its own, so that a death is counted and does not end the
soak. The result is written after every part, of the kills after every 25: what was run is what it says.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

RESULTS = ROOT / "benchmarks" / "SOAK.md"
BLOCK = 5_000  # inputs of one process
PATIENCE = 3_600  # seconds for them, on a machine that has other work
_COUNTED = re.compile(r"^(\w+) +([\d,]+) worked +([\d,]+) refused", re.MULTILINE)
_MEMORY = re.compile(r"broke; ([\d.]+) GB")


@dataclass
class Soaked:
    """What was run and what broke.

    Attributes
    ----------
    worked, refused, deaths, hangs : int
        Inputs, processes that died, and processes that took longer than an hour.
    memory : float
        The largest of a process, GB.
    kills, torn, litter : int
    servers, answered, outside : int
        Servers, those that gave a cohort, files outside the cache.
    broke : list of str
        Each fault, in its smallest form.
    seeds : list of int
    """

    worked: int = 0
    refused: int = 0
    deaths: int = 0
    hangs: int = 0
    memory: float = 0.0
    kills: int = 0
    torn: int = 0
    litter: int = 0
    servers: int = 0
    answered: int = 0
    outside: int = 0
    broke: list[str] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)


def feed(found: Soaked, inputs: int, seed: int) -> None:
    """Run one process of hostile inputs."""
    command = [sys.executable, str(ROOT / "tests" / "fuzz" / "run.py"), "--inputs", str(inputs), "--seed", str(seed)]
    found.seeds.append(seed)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, cwd=ROOT, check=False)
    except subprocess.TimeoutExpired:
        found.hangs += 1
        return
    for _, worked, refused in _COUNTED.findall(done.stdout):
        found.worked += int(worked.replace(",", ""))
        found.refused += int(refused.replace(",", ""))
    memory = _MEMORY.search(done.stdout)
    found.memory = max(found.memory, float(memory[1]) if memory else 0.0)
    if done.returncode < 0 or memory is None:
        found.deaths += 1
        found.broke.append(f"seed {seed}: the process ended with {done.returncode}. {done.stderr[-500:]}")
    elif done.returncode:
        found.broke.append(f"seed {seed}: {done.stdout[-3000:]}")


WRITER = """
import sys, json, pathlib
from tamoxres.files.writing import whole_folder, write_whole
place = pathlib.Path(sys.argv[1])
print("ready", flush=True)
for i in range(10_000):
    with whole_folder(place / "report") as fresh:
        for name in "abc":
            (fresh / name).write_text(str(i) * 1000)
        (fresh / "manifest.json").write_text(json.dumps({"tamoxres": "1", "files": dict.fromkeys("abc", "")}))
    write_whole(place / "effects.csv", str(i) * 100_000)
"""


def kill(found: Soaked, place: Path, after: float) -> None:
    """Kill a writer, look for what is torn, run once more and look for litter."""
    from tamoxres.files.writing import whole_folder, write_whole

    with subprocess.Popen([sys.executable, "-c", WRITER, str(place)], stdout=subprocess.PIPE, cwd=ROOT) as run:
        assert run.stdout is not None
        run.stdout.readline()
        time.sleep(after)
        run.send_signal(signal.SIGKILL)
    found.kills += 1
    with suppress(KeyError), whole_folder(place / "report"):  # the next run restores the folder, and fails
        raise KeyError
    report, written = place / "report", place / "effects.csv"
    text = written.read_text() if written.exists() else ""
    whole = not report.exists() or len({(report / name).read_text() for name in "abc"}) == 1
    found.torn += not whole or len(text) % 100_000 != 0
    write_whole(written, text)
    found.litter += len([path for path in place.iterdir() if path.name not in ("report", "effects.csv")])


def _answers() -> dict[str, Any]:
    """A small study as cBioPortal's API gives it."""
    profile = "/molecular-profiles/s_mutations"
    return {
        "/studies/s/clinical-data": [
            {"patientId": "p1", "sampleId": "s1", "clinicalAttributeId": "ER_STATUS", "value": "Positive"}
        ],
        "/sample-lists/s_sequenced": {"sampleIds": ["s1"]}, "/sample-lists/s_all": {"sampleIds": ["s1"]},
        f"{profile}/mutations/fetch": [{"entrezGeneId": 2064, "sampleId": "s1", "mutationType": "Missense_Mutation"}],
        f"{profile}/gene-panel-data/fetch": [{"sampleId": "s1", "genePanelId": "P1"}],
        "/gene-panels/P1": {"genes": [{"hugoGeneSymbol": "ERBB2"}]},
    }  # fmt: skip


_STEPS = (
    "x/../../../../OUT",
    "/tmp/OUT",
    "..",
    "C:\\OUT",
    "a\0b",
    "A" * 5000,
    "",
    "a\nb\tc",
    "\ud800",
    "~/OUT",
    "%2e%2e/OUT",
)
_VALUES: tuple[Any, ...] = (*_STEPS, None, {}, [], [[]], 1e308, -1, True, {"a": 1}, 10**40, "NaN")


def _changed(value: Any, chance: random.Random) -> Any:
    """Put hostile values into an answer."""
    if chance.random() < 0.03:
        return chance.choice(_VALUES)
    if isinstance(value, dict):
        return {key: _changed(one, chance) for key, one in value.items()}
    return [_changed(one, chance) for one in value] if isinstance(value, list) else value


def _hostile(content: bytes, chance: random.Random) -> Callable[[BaseHTTPRequestHandler], None]:
    """Return an answer that lies about its length, coding, place or kind, or is cut short."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        kind = chance.choice(("long", "short", "gzip", "bomb", "redirect", "away", "status", "cut", "flip"))
        body, status, headers = content, 200, {}
        if kind == "gzip":
            headers["Content-Encoding"] = "gzip"
        elif kind == "bomb":
            body, headers["Content-Encoding"] = gzip.compress(b" " * 2**27), "gzip"
        elif kind in ("redirect", "away"):
            status, headers["Location"] = 302, handler.path if kind == "redirect" else "file:///etc/passwd"
        elif kind == "status":
            status = chance.choice((204, 206, 304, 403, 418, 500, 503))
        elif kind == "flip" and body:
            place = chance.randrange(len(body))
            body = body[:place] + bytes([chance.randrange(256)]) + body[place + 1 :]
        size = len(body) + {"long": 1000, "short": -len(body) // 2}.get(kind, 0)
        handler.send_response(status)
        for name, value in ({"Content-Length": str(size)} | headers).items():
            handler.send_header(name, value)
        handler.end_headers()
        if status not in (204, 304):
            handler.wfile.write(body[: len(body) // 2] if kind == "cut" else body)
        handler.close_connection = True

    return answer


def serve(found: Soaked, seed: int) -> None:
    """Fetch a cohort from one hostile server."""
    from test_fetch import IMPATIENT, Server

    from tamoxres.cohorts import fetch as module
    from tamoxres.cohorts.fetch_api import ApiStudy
    from tamoxres.errors import TamoxresError

    chance, server = random.Random(seed), Server()
    for path, value in _answers().items():
        content = json.dumps(_changed(value, chance)).encode()
        server.answers[path] = _hostile(content, chance) if chance.random() < 0.15 else (200, content)
    module.RECIPES = {
        "tiny": module.Recipe(folder="tiny", studies=(ApiStudy(study_id="s", cna="", clinical=("SAMPLE",)),))
    }
    with tempfile.TemporaryDirectory() as folder:
        inside = Path(folder) / "a" / "b"
        inside.mkdir(parents=True)
        try:
            module.fetch("tiny", from_url=server.url, client=IMPATIENT, into=inside)
            found.answered += 1
        except TamoxresError as error:
            if len(str(error).splitlines()) != 1 or len(str(error)) > 3000:
                found.broke.append(f"server {seed}: a message of {len(str(error))} characters")
        except Exception as error:  # noqa: BLE001 whatever it is, it is what is looked for
            found.broke.append(f"server {seed}: {type(error).__name__}: {error}")
        files = [path for path in Path(folder).rglob("*") if path.is_file()]
        found.outside += sum(not path.is_relative_to(inside / "tiny") for path in files)
    found.servers += 1
    server.http.shutdown()
    server.http.server_close()


def written(found: Soaked, began: float) -> str:
    """Write what was run, and what came of it."""
    rows = [
        ("hostile inputs", f"{found.worked + found.refused:,}"),
        ("of these refused in our sentences", f"{found.refused:,}"),
        ("tracebacks and wrong values", str(len(found.broke))), ("processes that died", str(found.deaths)),
        ("processes that hung", str(found.hangs)), ("largest memory of a process", f"{found.memory:.2f} GB"),
        ("kills", str(found.kills)), ("torn files or folders after them", str(found.torn)),
        ("litter after the next run", str(found.litter)), ("hostile servers", str(found.servers)),
        ("of these that gave a cohort", str(found.answered)), ("files outside the cache", str(found.outside)),
    ]  # fmt: skip
    lines = [f"| {name} | {value} |" for name, value in rows]
    seeds = f"{found.seeds[0]} to {found.seeds[-1]}" if found.seeds else "none"
    hours = (time.monotonic() - began) / 3600
    head = f"# Soak\n\nWritten by `make soak`: seeds {seeds}, {hours:.1f} h, beside other work on two processors.\n\n"
    told = "\n".join(f"```\n{one}\n```" for one in found.broke) or "None."
    return head + "| | |\n|---|---:|\n" + "\n".join(lines) + f"\n\n## What broke\n\n{told}\n"


def parts(asked: argparse.Namespace, found: Soaked) -> Iterator[None]:
    """Run everything, a part at a time."""
    chance = random.Random(asked.seed)
    for i in range(asked.servers):
        serve(found, asked.seed * 1000 + i)
    yield
    with tempfile.TemporaryDirectory() as folder:
        for i in range(asked.kills):
            kill(found, Path(folder), chance.uniform(0, 0.08))
            if not i % 25:
                yield
    for start in range(0, asked.inputs, BLOCK):
        feed(found, min(BLOCK, asked.inputs - start), asked.seed * 1000 + start // BLOCK)
        yield


def main() -> int:
    """Soak; exit 1 if anything broke."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, many in (("inputs", 200_000), ("kills", 300), ("servers", 40), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=many)
    parser.add_argument("--output", type=Path, default=RESULTS)
    asked, began, found = parser.parse_args(), time.monotonic(), Soaked()
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    for _ in parts(asked, found):
        asked.output.write_text(written(found, began), encoding="utf-8")
    bad = len(found.broke) + found.deaths + found.hangs + found.torn + found.litter + found.outside
    print(written(found, began))
    return int(bad > 0)


if __name__ == "__main__":
    raise SystemExit(main())
