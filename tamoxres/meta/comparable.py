"""May these effects be pooled? Refusals, each naming the studies, and what is only worth a note.

Refused unless the caller maps it by name: effects that differ in marker, contrast, endpoint, estimand, measure,
treatment contrast, marker level of a treatment effect, the marker's rule, assay, cut and scale (with its unit), or the
setting; crude with adjusted; prognostic among the treated with that in all. What a row does not tell of rule, assay,
cut, scale, setting and adjustment differs from nothing. Refused without appeal: the same study twice, and studies that
share patients: declared, of one trial, or both with a third study (see `meta.dependent`).
Refused unless included by name: rows flagged `recalled`, `pooled_estimate`, `overlaps_row_of_same_study`,
`superseded_by_publication`, `scale_converted`, or an odds ratio whose direction is turned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from shlex import quote

from ..effects import EffectEstimate, doubts_of
from ..effects.derive import stratum
from ..errors import PoolingError
from ..wording.rules import rule_words

__all__ = ["REFUSED_FLAGS", "Alike", "asked", "check", "patient_ids", "question", "remarks", "shared_patients"]

REFUSED_FLAGS = (
    "recalled", "pooled_estimate", "overlaps_row_of_same_study", "superseded_by_publication", "scale_converted",
    "or_of_response_above_1_favours_ai", "or_of_being_event_free_below_1_is_worse",
)  # fmt: skip
_CHOSEN = ("marker", "endpoint", "estimand")  # what the command line can choose rows by
_MEASURED = ("rule", "assay", "cut", "scale", "setting")  # how the marker was measured and called, and where
_PER = ("per_unit", "per_sd", "per_doubling")
_SHOWN_MAPPINGS = 2  # of a refusal's mend
_WORDS = {
    "adjusted": "adjustment", "marker_level": "marker level", "treatment": "patients",
    "treatment_contrast": "treatment contrast", "scale": "scale or its unit",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """What the caller declares to be alike, by name: each mapping takes a value to the one it is pooled with.

    The value `*` stands for all others: `rule={"*": "any"}` pools whatever the rules are, and the notes name them.

    Attributes
    ----------
    marker, contrast, estimand, measure, treatment_contrast : mapping of str to str
        Such as `measure={"RR": "HR"}`.
    marker_level : mapping of str to str
        Of the marker level `altered` or `unaltered` in which a treatment effect was estimated.
    rule, assay, cut, scale, setting : mapping of str to str
        Of how the marker was measured and called, and of where; a scale with a unit reads `per_unit (10 fmol/mg)`.
    treatment : mapping of str to str
        Of a prognostic effect's treatment, such as `{"any": "tamoxifen"}`.
    adjusted : mapping of str to str
        `{"crude": "adjusted"}` pools crude with adjusted effects.
    include : tuple of str
        Flags of rows that are otherwise refused, such as `("recalled",)`.

    Raises
    ------
    PoolingError
        If `include` names a flag that is never refused.

    Examples
    --------
    >>> import tamoxres as tr
    >>> alike = tr.Alike(assay={"*": "any"})
    >>> alike.assay["*"]
    'any'
    """

    marker: Mapping[str, str] = field(default_factory=dict)
    contrast: Mapping[str, str] = field(default_factory=dict)
    estimand: Mapping[str, str] = field(default_factory=dict)
    measure: Mapping[str, str] = field(default_factory=dict)
    treatment_contrast: Mapping[str, str] = field(default_factory=dict)
    marker_level: Mapping[str, str] = field(default_factory=dict)
    rule: Mapping[str, str] = field(default_factory=dict)
    assay: Mapping[str, str] = field(default_factory=dict)
    cut: Mapping[str, str] = field(default_factory=dict)
    scale: Mapping[str, str] = field(default_factory=dict)
    setting: Mapping[str, str] = field(default_factory=dict)
    treatment: Mapping[str, str] = field(default_factory=dict)
    adjusted: Mapping[str, str] = field(default_factory=dict)
    include: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if unknown := [name for name in self.include if name not in REFUSED_FLAGS]:
            raise PoolingError(f"Unknown flag {unknown[0]!r} in include. Use {', '.join(REFUSED_FLAGS)}.")


def _adjustment(effect: EffectEstimate) -> str:
    if "unknown" in effect.adjusted_for:
        return "not told"
    return "adjusted" if effect.adjusted_for or effect.strata else "crude"


def _scale(effect: EffectEstimate) -> str:
    """Return what a marker enters as, with its unit."""
    return f"{effect.scale} ({effect.scale_unit})" if effect.scale_unit else effect.scale


def _contrast(effect: EffectEstimate) -> str:
    """Return what is compared in words; of a number that it is one, as its scale is compared apart."""
    return "per unit" if effect.scale in _PER else effect.contrast


def _taken(value: str, mapping: Mapping[str, str]) -> str:
    """Return what a value is taken as: by its own name, else by `*`."""
    return mapping.get(value, mapping.get("*", value))


def _treated(effect: EffectEstimate, alike: Alike) -> str:
    if _taken(effect.estimand, alike.estimand) != "prognostic":
        return ""
    treatment = _taken(_treatment(effect), alike.treatment)
    if treatment in ("any", ""):
        return "all patients" if treatment else ""
    return "untreated patients" if treatment == "none" else "treated patients"


def _treatment(effect: EffectEstimate) -> str:
    """Return the treatment that a prognostic row's patients had: `any` where both arms are in it."""
    return "any" if effect.treated_alike == "no" else effect.treatment_1


def _readings(endpoint_map: Mapping[str, str], alike: Alike) -> dict[str, Callable[[EffectEstimate], str]]:
    """Return what is compared, by name: functions of a row that give its value after mapping."""

    def mapped(name: str, mapping: Mapping[str, str]) -> Callable[[EffectEstimate], str]:
        raw = _raw(name)
        return lambda effect: _taken(raw(effect), mapping)

    plain = ("marker", "estimand", "measure", "treatment_contrast", "contrast")
    return {
        **{name: mapped(name, getattr(alike, name)) for name in plain},
        "endpoint": mapped("endpoint", endpoint_map),
        "marker_level": mapped("marker_level", alike.marker_level),
        "treatment": lambda effect: _treated(effect, alike),
        "adjusted": mapped("adjusted", alike.adjusted),
        **{name: mapped(name, getattr(alike, name)) for name in _MEASURED},
    }


def asked(effects: Sequence[EffectEstimate], endpoint_map: Mapping[str, str], alike: Alike) -> dict[str, str]:
    """Return the question that comparable effects share: marker, contrast, endpoint, estimand, measure."""
    read = _readings(endpoint_map, alike)
    shared = {name: read[name](effects[0]) for name in ("marker", "contrast", "endpoint", "estimand", "measure")}
    one = len({effect.contrast for effect in effects}) == 1
    return shared | ({"contrast": effects[0].contrast} if one else {})


def question(effect: EffectEstimate) -> dict[str, str]:
    """Return everything that is compared before pooling, of one row."""
    return {name: read(effect) for name, read in _readings({}, Alike()).items()}


def check(
    effects: Sequence[EffectEstimate], endpoint_map: Mapping[str, str], alike: Alike, *, dependent: bool = False
) -> None:
    """Refuse effects that must not be pooled together; `dependent` ones may share patients.

    Raises
    ------
    PoolingError
        Saying what differs, in which studies, and what to pass if it is meant.
    """
    if len(effects) < 2:
        only = f"; found only {effects[0].label}" if effects else ""
        raise PoolingError(f"Pooling needs at least two estimated effects{only}.")
    _check_flags(effects, alike.include)
    differences, hints = [], []
    for name, read in _readings(endpoint_map, alike).items():
        groups = _groups(effects, read)
        for untold in _untold(name):
            groups.pop(untold, None)
        if len(groups) > 1:
            differences.append(f"{_WORDS.get(name, name)}: {_told(groups)}")
            hints.append(_hint(name, effects, read))
    if differences:
        raise PoolingError(f"Effects differ in {'; in '.join(differences)}.", mend=" ".join(hints))
    if not dependent:
        _check_studies(effects)


def _untold(name: str) -> tuple[str, ...]:
    """Return what stands for a fact that a row does not tell, where that differs from nothing."""
    return ("not told",) if name == "adjusted" else ("",) if name in _MEASURED else ()


def _hint(name: str, effects: Sequence[EffectEstimate], read: Callable[[EffectEstimate], str]) -> str:
    """Say what to pass, in Python and on the command line, to take the others' values for the first's."""
    values = list(dict.fromkeys(read(effect) for effect in effects))
    if name == "contrast" and len(values) == 2:
        other = next(effect for effect in effects if read(effect) == values[1])
        if other.reversed().contrast == values[0]:
            return f"Turn {other.label} round with .reversed() (--reverse {quote(other.label)})."
    raw, told = _raw(name), [effect for effect in effects if read(effect) not in _untold(name)]
    target = raw(told[0])
    others = list(dict.fromkeys(raw(effect) for effect in told if read(effect) != read(told[0])))
    some, more = others[:_SHOWN_MAPPINGS], len(others) > _SHOWN_MAPPINGS
    mapping = ", ".join([*(f"{other!r}: {target!r}" for other in some), *(["..."] if more else [])])
    keep = f", or keep one of them (--{name} {target})" if name in _CHOSEN and target else ""
    if name == "endpoint":
        typed = ",".join(f"{other}={target}" for other in others)
        return f"Pass endpoint_map={{{mapping}}} (--endpoint-map {typed}) if you mean it{keep}."
    if more and name in _MEASURED:
        some, more, mapping, target = ["*"], False, "'*': 'any'", "any"
    typed = " ".join("--alike " + quote(f"{name}:{other}={target}") for other in some)
    return f"Pass alike=Alike({name}={{{mapping}}}) ({typed}{' ...' if more else ''}) if you mean it{keep}."


def _raw(name: str) -> Callable[[EffectEstimate], str]:
    """Return how the value that a mapping takes is read off a row."""
    readings = {
        "marker_level": stratum, "adjusted": _adjustment, "treatment": _treatment, "scale": _scale,
        "contrast": _contrast,
    }  # fmt: skip
    return readings.get(name) or attrgetter(name)


def _groups(effects: Iterable[EffectEstimate], read: Callable[[EffectEstimate], str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for effect in effects:
        groups.setdefault(read(effect), []).append(effect.label)
    return groups


def _told(groups: Mapping[str, list[str]]) -> str:
    return ", ".join(f"{value or 'not given'} ({_names(studies)})" for value, studies in groups.items())


def _names(studies: Sequence[str]) -> str:
    return ", ".join(studies[:3]) + (f" and {len(studies) - 3} more" if len(studies) > 3 else "")


def _check_flags(effects: Sequence[EffectEstimate], include: Sequence[str]) -> None:
    for flag in REFUSED_FLAGS:
        flagged = [effect.label for effect in effects if flag in effect.flags]
        if flagged and flag not in include:
            raise PoolingError(
                f"{_names(flagged)}: flagged {flag}.",
                mend=f"Pass alike=Alike(include=({flag!r},)) (--include {flag}) if you mean it, or leave it out "
                f"(--leave-out {quote(flagged[0])}).",
            )


def _check_studies(effects: Sequence[EffectEstimate]) -> None:
    seen: dict[str, EffectEstimate] = {}
    for effect in effects:
        name = effect.study.casefold()
        if name in seen:
            raise PoolingError(
                f"Study {effect.label} stands twice; its patients would count twice.",
                mend="Keep one effect a study (--one-a-study), or use pool_dependent.",
            )
        seen[name] = effect
    first: dict[str, int] = {}  # by each name of patients: the first row that bears it
    for i, effect in enumerate(effects):
        ids = patient_ids(effect)
        if earlier := [first[name] for name in ids if name in first]:
            other = effects[min(earlier)]
            raise PoolingError(
                f"{effect.label} and {other.label} {shared_patients(effect, other)}, who would count twice.",
                mend="Keep one of them (--one-a-study), or use pool_dependent.",
            )
        first |= dict.fromkeys(ids, i)


def patient_ids(effect: EffectEstimate) -> frozenset[str]:
    """Return the names by which the patients of a row are known: its study, its trial, the studies it overlaps."""
    return frozenset(name.casefold() for name in (effect.study, effect.trial, *effect.overlaps) if name)


def shared_patients(one: EffectEstimate, other: EffectEstimate) -> str:
    """Say by what two rows share patients: directly, as one trial, or both with a third study; empty if they do not.

    Examples
    --------
    >>> rows = [EffectEstimate(study=name, log_estimate=0.1, se=0.2, overlaps=("TransATAC",)) for name in "AB"]
    >>> shared_patients(*rows)
    'both share patients with transatac'
    """
    shared = patient_ids(one) & patient_ids(other)
    if not shared:
        return ""
    if {one.study.casefold(), other.study.casefold()} & shared:
        return "share patients"
    if one.trial and one.trial.casefold() == other.trial.casefold():
        return f"share patients of the trial {one.trial}"
    return f"both share patients with {', '.join(sorted(shared))}"


def remarks(effects: Sequence[EffectEstimate], endpoint_map: Mapping[str, str], alike: Alike) -> tuple[str, ...]:
    """Return what a reader must know of effects that were pooled: mixed assays, mappings used, simulated rows."""
    notes = []
    told: dict[str, Callable[[EffectEstimate], str]] = {name: _raw(name) for name in _MEASURED}
    told |= {"rule": lambda effect: rule_words(effect.rule), "treatment": _treatment, "design": attrgetter("design")}
    for name, read in told.items():
        groups = _groups((effect for effect in effects if read(effect)), read)
        if len(groups) > 1:
            notes.append(f"Mixed {name}s: {_told(groups)}.")
    groups = _groups(effects, _adjustment)
    if len(groups) > 1:
        notes.append(f"Mixed adjustment: {_told(groups)}.")
    notes += _mapped(effects, endpoint_map, alike)
    for flag in alike.include:
        if flagged := [effect.label for effect in effects if flag in effect.flags]:
            notes.append(f"Included by name, flagged {flag}: {_names(flagged)}.")
    notes += doubts_of(effects, but=("huge_se",))  # which `meta.cautions` tells, of rows set aside too
    if simulated := [effect.label for effect in effects if effect.simulated]:
        notes.append(f"Simulated: {_names(simulated)}.")
    return tuple(notes)


def _mapped(effects: Sequence[EffectEstimate], endpoint_map: Mapping[str, str], alike: Alike) -> list[str]:
    names = ("marker", "contrast", "estimand", "measure", "treatment_contrast", "marker_level", *_MEASURED)
    maps = {"endpoint": endpoint_map} | {name: getattr(alike, name) for name in names}
    return [
        f"{(_WORDS.get(name) or name).capitalize()} {value or 'not given'} taken as {target}: {_names(studies)}."
        for name, mapping in maps.items()
        for value, target in mapping.items()
        if (studies := [effect.label for effect in effects if _raw(name)(effect) == value])
    ]
