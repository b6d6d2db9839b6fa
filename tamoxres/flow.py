"""Who left the analysis, and why: the patient flow of REMARK item 12, as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape

from .errors import AnalysisError
from .wording import coarse_count, count

__all__ = ["Flow", "Step"]


def _tellable(patients: int, events: int, min_cell: int) -> bool:
    """Whether patients, events and patients without an event are each none or at least `min_cell`; none is negative."""
    return all(count == 0 or count >= min_cell for count in (patients, events, patients - events))


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


def _rounded(step: Step, why: str, min_cell: int) -> Step:
    patients, events = (coarse_count(number, min_cell) or 0 for number in (step.patients, step.events))
    return replace(step, why=why, patients=patients, events=min(events, patients))


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

    def coarsened(self, min_cell: int) -> Flow:
        """Return the flow without the steps at which few left: no count of 1 to `min_cell - 1` can be read from it.

        From the last step back, a step stays where patients, events and patients without one are none or at least
        `min_cell`, and so are those who left until the next that stays. Why they left is not told. What stays is
        rounded (`coarse_count`), so that two flows do not tell by their difference who is in one alone.

        Examples
        --------
        >>> steps = (("All", 90, 30), ("ER known", 88, 30), ("ER positive", 60, 20))
        >>> flow = Flow(tuple(Step(name=n, why="", patients=p, events=e) for n, p, e in steps))
        >>> [(step.name, step.patients) for step in flow.coarsened(5)]
        [('All, ER known', 90), ('ER positive', 60)]
        """
        kept: list[Step] = []
        for step in reversed(self.steps):
            after = kept[-1] if kept else None
            if after is None or (
                _tellable(step.patients, step.events, min_cell)
                and _tellable(step.patients - after.patients, step.events - after.events, min_cell)
            ):
                kept.append(step)
            else:
                kept[-1] = replace(after, name=f"{step.name}, {after.name}")
        kept.reverse()
        why = [""] + ["reasons withheld"] * (len(kept) - 1)
        return Flow(tuple(_rounded(step, reason, min_cell) for step, reason in zip(kept, why, strict=True)))

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
