"""Every control of the page by mouse and keyboard: folds, links, filters, tables that sort, curves read off."""

import math
from dataclasses import replace

import pytest

from tamoxres.reporting.gather import gather
from tamoxres.reporting.plan import default_plan

PATIENCE = 20_000  # milliseconds that any step may take
READ = 1e-9  # what is read off a curve, against its step function: twelve digits are kept
CURVES = "#figure-curves-metabric-her2-bcss"


@pytest.fixture
def page(browser, default_report):
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(default_report[0].html.as_uri())
    yield page
    context.close()


def shown(page):
    return page.locator("table.effects tbody tr:not([hidden])")


def test_every_control_is_reached_by_keyboard(page):
    """The tab key goes through the skip link, then every link, fold, choice, button and slider, in the page's order."""
    wanted = page.evaluate(
        "[...document.querySelectorAll('a[href], summary, select, button, input, [tabindex=\"0\"]')]"
        ".filter(one => one.checkVisibility()).map((one, i) => { one.dataset.stop = i; return i; })"
    )
    found = []
    for _ in range(len(wanted) + 3):
        page.keyboard.press("Tab")
        at = page.evaluate("document.activeElement.dataset.stop")
        if at is None or int(at) in found:
            break
        found.append(int(at))
    assert found == wanted
    assert len(wanted) > 80


def test_a_fold_opens_by_keyboard(page):
    """Enter opens and closes it."""
    fold = page.locator("#marker-her2-hazards")
    fold.locator("summary").focus()
    for state in (True, False):
        page.keyboard.press("Enter")
        assert fold.evaluate("one => one.open") is state


@pytest.mark.parametrize("key", ["table-hazards-metabric-her2", "table-remark", "marker-her2-sensitivity"])
def test_a_deep_link_opens_the_folds_over_it(browser, default_report, key):
    """What an address names is visible, with every fold around it open."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(PATIENCE)
    page.goto(f"{default_report[0].html.as_uri()}#{key}")
    target = page.locator(f"#{key}")
    target.wait_for(state="visible")
    page.wait_for_function(
        "key => { const top = document.getElementById(key).getBoundingClientRect().top;"
        " return top > -5 && top < innerHeight; }",
        arg=key,
    )
    page.close()


def test_the_contents_show_the_place(page):
    """The chapter that is read is marked, and its parts are listed under it."""
    page.evaluate("document.documentElement.style.scrollBehavior = 'auto'")
    page.evaluate("document.getElementById('marker-her2-interaction').scrollIntoView()")
    page.wait_for_function(
        "() => (document.querySelector('nav [aria-current]') || {}).hash === '#marker-her2-interaction'"
    )
    assert page.locator("nav a[href='#marker-her2-rules']").is_visible()
    assert page.locator("nav a[href='#methods-rules']").is_hidden()


def test_filters(page):
    """A choice leaves the rows that fit it and says how many; all choices together fit one another."""
    whole = shown(page).count()
    assert page.locator("table.effects tbody tr").count() > whole > 100
    page.get_by_role("combobox", name="Marker", exact=True).select_option("HER2")
    page.get_by_role("combobox", name="Effect of", exact=True).select_option("marker by treatment")
    kinds = shown(page).evaluate_all("rows => rows.map(row => row.dataset.marker + row.dataset.estimand)")
    assert 0 < len(kinds) < whole
    assert set(kinds) == {"HER2marker by treatment"}
    assert page.locator(".controls output").inner_text() == f"{len(kinds)} of {whole} rows"
    page.get_by_role("button", name="Show all").click()
    assert shown(page).count() == whole


def test_each_pool_opens_by_its_own_first_method(page):
    """Every pool has one row until a method is chosen, and then that method's."""
    pooled = page.locator("table.effects tr.pooled:not([hidden])")
    first = pooled.count()
    assert pooled.evaluate_all("rows => rows.every(row => 'first' in row.dataset)")
    page.get_by_label("Pooled by").select_option("common effect")
    assert pooled.count() == first
    assert set(pooled.evaluate_all("rows => rows.map(row => row.dataset.method)")) == {"common effect"}


def test_no_two_rows_read_the_same(page):
    """Rule and assay, contrast, patients and model tell every row of a cohort from the others."""
    rows = page.locator("table.effects tr.cohorts").evaluate_all("rows => rows.map(row => row.textContent)")
    assert len(rows) == len(set(rows)) > 20


def test_a_cell_of_the_evidence_map_filters(page):
    """Its number is a button that shows the published effects of its marker."""
    page.goto(page.url.partition("#")[0] + "#table-evidence-map")
    page.locator("#table-evidence-map button").first.click()
    kinds = shown(page).evaluate_all("rows => rows.map(row => row.dataset.marker + row.dataset.source)")
    assert set(kinds) == {"HER2published"}


def test_tables_sort(page):
    """A head's button sorts by number, up and then down, and says so."""
    table = page.locator("#table-benchmark table")
    button = table.get_by_role("button", name="Sort by N")
    counts = [int(n.replace(",", "")) for n in table.locator("tbody td:nth-child(2)").all_inner_texts()]
    for order, expected in (("ascending", sorted(counts)), ("descending", sorted(counts, reverse=True))):
        button.focus()
        page.keyboard.press("Enter")
        told = [int(n.replace(",", "")) for n in table.locator("tbody td:nth-child(2)").all_inner_texts()]
        assert told == expected
        assert table.locator(f"th[aria-sort={order}]").count() == 1


@pytest.fixture(scope="module")
def steps():
    """Return the curves that the figure draws, worked out anew."""
    asked = replace(default_plan().markers[0], markers=("HER2",), rules=("snp6_gain",), endpoints=("BCSS",))
    [case] = gather(replace(default_plan(), markers=(asked,), benchmarks=(), pools=())).cases
    curves = case.detail.curves[0]
    return {curve.group: curve for curve in curves if curve.cause in ("", curves.endpoint)}


def test_curves_are_read_off_exactly(page, steps):
    """At any month the value, its limits and the number at risk are those of the step function."""
    slider = page.locator(f"{CURVES} input[type=range]")
    for month in (0, 1, 13, 60, 119, 120, 200, 300):
        slider.evaluate("(one, t) => { one.value = t; one.dispatchEvent(new Event('input')); }", month)
        for group, curve in steps.items():
            told = page.locator(f"{CURVES} .told span[data-group='{group}']").evaluate("one => ({...one.dataset})")
            assert int(told["risk"]) == curve.at_risk([float(month)])[0], (group, month)
            for name, column in (("estimate", "estimate"), ("low", "ci_low"), ("high", "ci_high")):
                value = float(curve.step(column, [float(month)])[0])
                if told[name] == "null":
                    assert math.isnan(value), (group, month, name)
                else:
                    assert float(told[name]) == pytest.approx(value, abs=READ), (group, month, name)


def test_curves_by_mouse_and_keyboard(page):
    """Hovering and the arrow keys move the time, a box hides its group, and the words are there to be heard."""
    figure = page.locator(CURVES)
    figure.scroll_into_view_if_needed()
    slider, told = figure.locator("input[type=range]"), figure.locator("output")
    assert told.inner_text().startswith("At 10.0 years:")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert slider.input_value() == "121"
    assert "10.1 years; unaltered: " in slider.get_attribute("aria-valuetext")
    box = figure.locator(".curves > svg").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    assert slider.input_value() != "121"
    figure.get_by_role("checkbox", name="unaltered").press("Space")
    assert figure.locator(".told span[data-group='unaltered']").count() == 0
    assert figure.locator("path.line").count() == 1 + 4, "one curve, two samples of the key, two of the numbers at risk"
