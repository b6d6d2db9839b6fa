"""No withheld count can be worked out: what is printed is put to a linear program of the test's own."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from tamoxres.errors import AnalysisError
from tamoxres.tables.baseline import baseline_table
from tamoxres.tables.disclosure import LinkedCounts, exposed, known_range, protect
from tamoxres.tables.suppression import WITHHELD

TABLES, TABLES_A_TEST = 210, 30
HALF = 0.05 + 1e-9  # percentages are printed with one decimal


def patients(rng, min_cell):
    """Draw patients of two groups with a marker of some levels, rare ones among them, and unknowns."""
    n = int(rng.integers(4 * min_cell, 30 * min_cell))
    levels = [f"l{i}" for i in range(rng.integers(2, 5))]
    shares = rng.dirichlet(np.full(len(levels), rng.choice([0.3, 1.0, 3.0])))
    values = pd.Series(rng.choice(levels, n, p=shares)).mask(rng.random(n) < rng.choice([0.0, 0.02, 0.2]))
    return pd.DataFrame({"what": values, "group": rng.choice(["a", "b"], n, p=[0.3, 0.7])})


def printed(table):
    """Read the table as a reader does: numbers, shares, and which cells are withheld."""
    rows = [row for row in table.rows[1:] if row.cells[1].text]
    return [row.cells[0].text for row in rows], [[cell.text for cell in row.cells[1:4]] for row in rows]


class Reader:
    """What a reader can work out of a printed block: every withheld cell's interval by linear programming."""

    def __init__(self, table):
        self.names, self.cells = printed(table)
        self.missing = self.names.index("Unknown") if "Unknown" in self.names else None
        self.wholes = [int(cell.text) for cell in table.rows[0].cells[1:4]]
        self.shape = (len(self.cells), 3)
        self.equal, self.sums, self.below = [], [], []
        for j in range(3):
            self._tie([(i, j) for i in range(self.shape[0])], self.wholes[j])
        for i in range(self.shape[0]):
            row = self._of([(i, 1), (i, 2)]) - self._of([(i, 0)])
            self.equal.append(row), self.sums.append(0)
            for j in range(3):
                self._cell(i, j)

    def _of(self, places):
        out = np.zeros(self.shape)
        for place in places:
            out[place] = 1
        return out.ravel()

    def _tie(self, places, total):
        self.equal.append(self._of(places)), self.sums.append(total)

    def _cell(self, i, j):
        text = self.cells[i][j]
        if text == WITHHELD:
            return
        number, _, share = text.partition(" (")
        self._tie([(i, j)], int(number))
        if share:
            known = self._of([(k, j) for k in range(self.shape[0]) if k != self.missing])
            ratio = float(share.rstrip("%)")) / 100
            part = self._of([(i, j)])
            self.below += [part - (ratio + HALF / 100) * known, (ratio - HALF / 100) * known - part]

    def interval(self, i, j):
        """Return the least and the largest count of a cell."""
        aim, below = self._of([(i, j)]), np.array(self.below) if self.below else None
        zeros = None if below is None else np.full(len(below), 1e-9)
        ends = [linprog(w * aim, A_ub=below, b_ub=zeros, A_eq=np.array(self.equal), b_eq=self.sums) for w in (1, -1)]
        assert all(end.status == 0 for end in ends)
        return ends[0].fun, -ends[1].fun


@pytest.mark.parametrize("first", range(0, TABLES, TABLES_A_TEST))
def test_no_withheld_small_count_is_pinned_in_random_tables(first):
    """Of all that is printed every small count can still be any of 1 to min_cell - 1, and none is printed."""
    hidden = 0
    for seed in range(first, first + TABLES_A_TEST):
        rng = np.random.default_rng(seed)
        k = int(rng.integers(3, 11))
        frame = patients(rng, k)
        try:
            table = baseline_table(frame, "group", columns=["what"], min_cell=k)
        except AnalysisError:
            assert frame["group"].value_counts().min() < k
            continue
        reader = Reader(table)
        truth = [frame, frame[frame["group"] == "a"], frame[frame["group"] == "b"]]
        for i, name in enumerate(reader.names):
            for j, part in enumerate(truth):
                n = int((part["what"].isna() if name == "Unknown" else part["what"] == name).sum())
                if 0 < n < k:
                    low, high = reader.interval(i, j)
                    assert reader.cells[i][j] == WITHHELD
                    assert low <= 1 + 1e-6, (seed, name, j)
                    assert high >= k - 1 - 1e-6, (seed, name, j)
                    hidden += 1
        if any(WITHHELD in row for row in reader.cells):
            assert table.rows[1].cells[4].text == WITHHELD  # the difference was made of the counts
    assert hidden > TABLES_A_TEST / 2


def test_a_withheld_cell_by_brute_force():
    """Every filling of the withheld cells that agrees with the sums is listed: the small one takes all small values."""
    counts = np.array([[8, 3, 5], [9, 6, 3], [0, 0, 0]])
    linked = LinkedCounts.crossed(counts, counts.sum(axis=0), total_first=True)
    mask = protect(linked, 5)
    assert not exposed(linked, mask, 5)
    whole = counts[:2]
    free = [tuple(place) for place in np.argwhere(mask[:9].reshape(3, 3)[:2])]
    seen = set()
    for values in itertools.product(range(18), repeat=len(free)):
        tried = whole.copy()
        for place, value in zip(free, values, strict=True):
            tried[place] = value
        if (tried[:, 1:].sum(axis=1) == tried[:, 0]).all() and (tried.sum(axis=0) == whole.sum(axis=0)).all():
            seen.add(int(tried[0, 1]))
    assert set(range(1, 5)) <= seen
    low, high = known_range(linked, mask, 1)
    assert (low, high) == (min(seen), max(seen))


def test_one_mark_alone_is_found_by_the_audit():
    """A lone withheld count is what the total leaves; two that sum to less than they might be are too few."""
    one = np.array([False, True, False, False])
    total = np.array([False, False, False, True])

    def levels(*values):
        return LinkedCounts(
            values=np.array([*values, sum(values)]), relations=np.array([[1.0, 1.0, 1.0, -1.0]]), fixed=total,
            unprinted=np.zeros(4, dtype=bool),
        )  # fmt: skip

    assert exposed(levels(20, 3, 9), one, 5) == [1]
    assert known_range(levels(20, 3, 9), one, 1) == (3, 3)
    assert protect(levels(20, 3, 9), 5).tolist() == [False, True, True, False]
    assert protect(levels(20, 1, 1), 5).tolist() == [True, True, True, False]  # 1 + 1 = 2 leaves 0, 1 or 2
    assert protect(levels(20, 7, 9), 5).tolist() == [False, False, False, False]


def test_a_share_does_not_tell_how_many_are_unknown():
    """Two unknowns are withheld; the shares of the levels, from which 98 of 100 known would follow, are too."""
    frame = pd.DataFrame({"what": ["x"] * 50 + ["y"] * 48 + [None] * 2 + ["x"] * 40 + ["y"] * 20})
    frame["group"] = ["a"] * 100 + ["b"] * 60
    table = baseline_table(frame, "group", columns=["what"], min_cell=5)
    names, cells = printed(table)
    assert cells[names.index("Unknown")] == ["*", "*", "0"] or cells[names.index("Unknown")] == ["*", "*", "*"]
    assert not any("%" in row[1] for row in cells)


def test_few_known_numbers_are_withheld_with_their_unknowns():
    """A number known in 3 of 40: neither its quartiles nor the 37 unknown stand, for 40 less 37 is 3."""
    frame = pd.DataFrame({"dose": [float(i) for i in range(60)], "group": ["a"] * 40 + ["b"] * 20})
    frame.loc[3:39, "dose"] = None
    table = baseline_table(frame, "group", columns=["dose"], min_cell=5)
    head, unknown = ([cell.text for cell in row.cells] for row in table.rows[1:3])
    assert head[2] == WITHHELD
    assert head[4] == WITHHELD
    assert unknown[:3] == ["Unknown", WITHHELD, WITHHELD]
