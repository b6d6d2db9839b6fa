"""Who left the analysis, and why: the patient flow of REMARK item 12, as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from .errors import AnalysisError
from .wording import count

__all__ = ["Flow", "Step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the flow: what was asked of the patients, and who is left after it.

    Attributes
    ----------
    name : str
        What the remaining patients have in common, such as `ER positive (IHC)`.
    why : str
        Why the others left, such as `ER negative 362, ER unknown 30`.
    patients, events : int
        Left after this step. `events` counts events of the endpoint (competing deaths are not among them).
    """

    name: str
    why: str
    patients: int
    events: int

    def __post_init__(self) -> None:
        if not 0 <= self.events <= self.patients:
            raise AnalysisError(f"Flow step {self.name!r} has {self.events} events in {self.patients} patients.")


@dataclass(frozen=True, slots=True)
class Flow:
    """The steps from everyone in the cohort to those analysed; patients never grow from one step to the next."""

    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        for before, after in zip(self.steps, self.steps[1:], strict=False):
            if after.patients > before.patients or after.events > before.events:
                raise AnalysisError(
                    f"Flow grows from {before.name!r} to {after.name!r}; steps can only remove patients."
                )

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def then(self, step: Step) -> Flow:
        """Return the flow with one more step."""
        return Flow((*self.steps, step))

    def rows(self) -> list[dict[str, str | int]]:
        """Return one row a step: name, why, patients, events, and how many patients left."""
        before = (*self.steps[:1], *self.steps)
        return [
            {"step": s.name, "left": b.patients - s.patients, "why": s.why, "patients": s.patients, "events": s.events}
            for b, s in zip(before, self.steps, strict=False)
        ]

    def __str__(self) -> str:
        lines = []
        for row in self.rows():
            gone = f"  (-{count(int(row['left']))}: {row['why']})" if row["left"] else ""
            lines.append(f"{row['patients']:>6,} patients, {row['events']:>5,} events  {row['step']}{gone}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        body = "".join(
            f"<tr><td style='text-align:left'>{escape(s.name)}</td>"
            f"<td>{count(s.patients)}</td><td>{count(s.events)}</td>"
            f"<td style='text-align:left'>{escape(s.why)}</td></tr>"
            for s in self.steps
        )
        head = (
            "<tr><th style='text-align:left'>Step</th><th>Patients</th><th>Events</th><th>Who left, and why</th></tr>"
        )
        return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"
