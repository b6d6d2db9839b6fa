"""What columns are called in registries of nine languages, and what their names tell of units, times and events.

Conventions: names are compared in lower case, without accents, their words joined by `_`. Danish, Swedish, Norwegian,
German, Dutch, French, Spanish and Italian words stand beside the English ones. A name only proposes; the sketch asks.
"""

from __future__ import annotations

import re
import unicodedata

from ..endpoints import STEEP, Endpoint

__all__ = ["NAMES", "endpoints_of", "is_event", "is_time", "plain", "stem", "unit_of"]

NAMES = {  # harmonised column -> what its raw name looks like
    "patient": r"(pid|id|rownames?|column_1|(patient|patienten|pat|subject|record|case|study|studie|pasient|paciente|"
    r"paziente|anonym|pseudonym)s?(_?(id|no|nr|num|number|nummer|code|kode|numero))?|(lobe|lop|lope)_?(nr|nummer)|"
    r"(id|no|nr|num|numero|n|codice|codigo|code|identifiant)_?(du_|del_|de_)?(patient|paciente|paziente)|identifiant)",
    "study": r"study|trial|studie|etude|estudio|studio",
    "age": r"(age|alder|alter|leeftijd|edad|eta)(_.*)?|.*_(age|alder|alter|leeftijd|edad|eta)|(diagnose|dx)_?alder",
    "menopause": r"(post_?)?meno.*|.*_menopaus.*|klimakt.*|wechseljahre|overgangsalder(en)?|overgang",
    "er_percent": r"(er|ostrogen|oestrogeen|re)(_receptor)?_(percent|pct|perc|procent|prozent|pourcent|porcentaje).*",
    "er": r"er(_.*)?|er_?stat\w*|o?estr.*|.*_er_.*|.*_er|ostrogen.*|oestrogeen.*|(re|roe)|"
    r"rece(p|tt)\w*_(aux_|de_|agli_|degli_)?o?estrogen.*",
    "pr": r"pg?r(_.*)?|prog(?!ress).*|(rp|rpg)|recep\w*_(a_la_|de_|del_)?progest.*|recettor\w*_progest.*",
    "her2": r"(her_?2|erbb_?2|c_?erb|neu_|her2neu).*",
    "grade": r"(.*_)?grade|tumou?r_?grade|(.*_)?(grad|grado|graad)|malig\w*_?grad|differen[zt]i\w*grad|"
    r"(grad|grado|graad|grade)_.*",
    "size_mm": r"(.*_)?size(_.*)?|dia?metr?e?r?o?(_.*)?|(.*_)?(storrelse|storlek|grosse|groesse|grootte|taille|tamano|"
    r"dimension[ei])(_.*)?|tumou?r(storrelse|storlek|grosse|groesse|grootte)(_.*)?",
    "nodes": r"nodes?|(n_?)?(pos(itive)?_?)?(lymph_?)?nodes?(_.*)?|.*nodes_(examined_)?positive|"
    r"(.*_)?(lymfe?knuder|lymfe?knuter|lymfkortlar|lymphknoten|lymfeklieren|klieren|ganglions|ganglios|linfonodi)(_.*)?|"
    r"(pos_?)?lk(_pos)?",
    "stage": r"(tumou?r_?)?stage|stadie|stadium|stade|estadio|stadio",
    "npi": r"npi|nottingham(?!.*grad).*",
    "endocrine_agent": r"(endocrine|hormone?)_?(agent|drug|type)",
    "endocrine": r"horm.*|endoc.*|endok.*|tam(ox.*)?|ht|et|(anti_?|stop_?)(horm|o?estro).*|ormon.*",
    "chemotherapy": r"chemo.*|ct|kemo.*|kjemo.*|cytostat\w*|cellegift.*|chimio.*|chemioter.*|quimio.*",
    "radiotherapy": r"radio.*|rt|irrad.*|str[ao]a?le.*|stralning.*|stralbehandling|bestrahl.*|bestral.*|radiumbeh.*",
    "her2_therapy": r"trastuz.*|hercep.*|her2_?(therapy|treatment|behandling|therapie|terapia)",
    "diagnosis_year": r"year|.*_year|dx_?year|(diagnos\w*_?|dx_?)(ar|aar|jahr|jaar)|"
    r"(ano|annee|anno)_(de_)?(la_)?diag.*|"
    r"jaar|jahr|annee|arstal|aarstal",
    "site": r"site|cent(er|re)|hospital|cohort|klinik|klinikum|sygehus|sykehus|sjukhus|krankenhaus|zentrum|ziekenhuis|"
    r"centrum|hopital|centro|ospedale|afdeling|avdelning|region",
    "entry_months": r"entry.*",
    "sampling_weight": r"(sampling_)?weights?",
}  # fmt: skip
_UNITS = {
    "months": r"months?|mos|mo|mnd|mdr|maneder|maned|manader|manad|monate?n?|maanden|maand|mois|mes|meses|mesi|mese",
    "days": r"days?|dage|dag|dagar|dager|tage|tag|dagen|jours?|dias?|giorni|giorno|d",
    "weeks": r"weeks?|uger|veckor|uker|wochen|weken|semaines|semanas|settimane",
    "years": r"years?|yrs?|aar|ar|jahre?n?|jaar|jaren|ans|annees|anos|anni|y",
}
_TIME_WORDS = (
    r"time|times|fu|follow|followup|up|survival|tid|tiden|zeit|dauer|uberleben|tijd|duur|overleving|temps|delai|duree|"
    r"survie|tiempo|supervivencia|tempo|durata|sopravvivenza|opfolgning|oppfolging|uppfoljning|nachbeobachtung|suivi|"
    r"seguimiento|overlevelse|overlevnad|t"
)
_EVENT_WORDS = (
    r"status|state|event|events|evt|ind|indicator|code|dead|died|death|deaths|vital|alive|cens\w*|recur\w*|relaps\w*|"
    r"dod|dode|dods|doed|dodsfald|avliden|avlidit|tod|tot|verstorben|gestorben|overleden|deces|decede|fallecid\w+|"
    r"muert\w+|mort\w*|decesso|deceduto|recid\w+|resid\w+|rezid\w+|aterfall|tilbagefald|tilbakefall|terugkeer|rechute|"
    r"haendelse|handelse|hendelse|ereignis|gebeurtenis|evenement|evento"
)
_TIME = r".*(time|months?|days?|years?|_fu|survival)$|t_.*|t"
_EVENT = r".*(status|event|death|dead|died|cens\w*|recur\w*|relaps\w*|vital)$"
_ENDPOINTS = (  # what a name says -> the endpoints it may mean, the likeliest first
    (r"dmfs|drfs|mfs|metast|distant|fern|distan", ("DRFS", "DRFI")),
    (r"drfi|dmfi", ("DRFI", "DRFS")),
    (r"rfi", ("RFI", "RFS")),
    (r"idfs", ("IDFS",)),
    (r"pfs|pfi|progress", ("IBCFS", "BCFI", "RFI")),
    (r"rf|dfs|dfi|efs|rec|rel|rez|resid|aterfall|tilbag|tilbak|rechute", ("RFS", "RFI", "IDFS")),
    (r"bcss|dss|css|cancer", ("BCSS",)),
    (r"(^|_)os|surv|death|dead|died|dtime|vital|overall|dod|tod|tot|mort|deces|muert|fallec|overled|avlid|gestorb|verstorb",
     ("OS",)),
)  # fmt: skip
_LETTERS = str.maketrans({"ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "ß": "ss", "ł": "l", "đ": "d"})


def plain(name: str) -> str:
    """Return a name as it is compared.

    Examples
    --------
    >>> plain("Ålder vid diagnos"), plain("tumorSize"), plain("HER-2")
    ('alder_vid_diagnos', 'tumor_size', 'her_2')
    """
    ascii_ = unicodedata.normalize("NFKD", name.translate(_LETTERS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", ascii_).lower()).strip("_")


def _words(name: str) -> list[str]:
    return plain(name).split("_")


def _is_word(word: str, words: str) -> bool:
    return re.fullmatch(words, word) is not None


def is_time(name: str) -> bool:
    """Whether a name says that a column holds times.

    Examples
    --------
    >>> is_time("OS_MONTHS"), is_time("Überleben (Monate)"), is_time("grade")
    (True, True, False)
    """
    last = _words(name)[-1]
    return bool(re.fullmatch(_TIME, plain(name))) or _is_word(last, _TIME_WORDS) or unit_of(name) != ""


def is_event(name: str) -> bool:
    """Whether a name says that a column holds events or a status.

    Examples
    --------
    >>> is_event("OS_STATUS"), is_event("død"), is_event("age")
    (True, True, False)
    """
    return bool(re.fullmatch(_EVENT, plain(name))) or any(_is_word(word, _EVENT_WORDS) for word in _words(name))


def unit_of(name: str) -> str:
    """Return the unit that a name tells: days, weeks, months or years; empty if none.

    Examples
    --------
    >>> unit_of("OS_MONTHS"), unit_of("tid_dage"), unit_of("rfstime")
    ('months', 'days', '')
    """
    words = _words(name)
    for unit, pattern in _UNITS.items():
        if len(words) > 1 and any(_is_word(word, pattern) for word in words[1:]):
            return unit
        if _is_word(words[0], pattern) and len(words[0]) > 2:
            return unit
    glued = re.search(r"(months?|days?|weeks?|years?)$", plain(name))
    return f"{glued[1].removesuffix('s')}s" if glued else ""


def stem(name: str) -> frozenset[str]:
    """Return the words of a name that tell the endpoint: without those of time, unit, event and status.

    Examples
    --------
    >>> sorted(stem("OS_MONTHS")), sorted(stem("DFS_STATUS")), sorted(stem("tid_til_recidiv_dage"))
    (['os'], ['dfs'], ['recidiv'])
    """
    units = "|".join(_UNITS.values())
    small = r"to|til|till|bis|tot|jusqu|hasta|fino|of|for|in|en|af|av|von|van|de|du|del|di|since|from|a|al|os_from"
    words = [word for word in _words(name) if not _is_word(word, f"{units}|{small}|status|state|event|ind|code")]
    kept = [word for word in words if not _is_word(word, _TIME_WORDS) or word == "os"]
    glued = [re.sub(r"(_?(time|months?|days?|years?|status|event|cens\w*))$", "", word) or word for word in kept]
    return frozenset(glued)


def endpoints_of(time: str, event: str, *, died: bool = False) -> tuple[Endpoint, ...]:
    """Return the endpoints that the names of a time and an event may mean, the likeliest first.

    Where the names tell none, `died` says that the events are deaths.

    Examples
    --------
    >>> [end.code for end in endpoints_of("DFS_MONTHS", "DFS_STATUS")]
    ['RFS', 'RFI', 'IDFS']
    """
    for text in (plain(time), plain(event)):
        for pattern, codes in _ENDPOINTS:
            if re.search(pattern, text):
                return tuple(STEEP[code] for code in codes)
    return (STEEP["RFS"],) if "status" in plain(event) and not died else (STEEP["OS"],)
