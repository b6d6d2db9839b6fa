"""Figures in a real browser: laid out for a phone once more, letters that can be read, each curve with its ratio."""

import pytest

LEAST = 11.0  # pixels, of the letters of a narrow figure
LETTERS = """figure => [...figure.querySelectorAll('.slim svg text')].map(text => {
  const scale = text.closest('svg').getScreenCTM().a;
  return scale * parseFloat(text.getAttribute('font-size') || getComputedStyle(text).fontSize);
})"""
NARROW = ("contrasts-metabric-her2", "arms-metabric-her2", "benchmark", "risks-benchmark")


@pytest.fixture(scope="module")
def pages(browser, default_report):
    """Open the page on a phone and on a wide screen."""
    opened = {}
    for width in (390, 1440):
        context = browser.new_context(viewport={"width": width, "height": 900})
        opened[width] = context.new_page()
        opened[width].goto(default_report[0].html.as_uri())
    return opened


@pytest.mark.parametrize("name", NARROW)
def test_a_phone_has_figures_of_its_own(pages, name):
    """On a phone the narrow drawing stands within the screen, its letters 11 pixels high; else the wide one."""
    for width, page in pages.items():
        figure = page.locator(f"#figure-{name}")
        slim, wide = figure.locator(".slim"), figure.locator(".wide")
        assert slim.is_visible() == (width == 390)
        assert wide.is_visible() == (width == 1440)
        assert figure.locator(".slim svg").get_attribute("aria-label") == wide.locator("svg").get_attribute(
            "aria-label"
        )
    figure = pages[390].locator(f"#figure-{name}")
    box = figure.locator(".slim svg").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    heights = figure.evaluate(LETTERS)
    assert len(heights) > 10
    assert min(heights) >= LEAST


@pytest.mark.parametrize("endpoint", ["bcss", "os"])
def test_every_curve_has_its_ratio(pages, endpoint):
    """The hazard ratio with its interval stands in the plot that is read off, and in the static one."""
    figure = pages[1440].locator(f"#figure-curves-metabric-her2-{endpoint}")
    [told] = figure.locator(".curves text.effect").all_text_contents()
    assert told.startswith("HR 1.")
    assert "\u2013" in told
    static = " ".join(figure.locator(".picture text").all_text_contents())
    assert told.split(" ")[1] in static
    assert figure.locator(".curves path.sample").count() == 4, "two in the key, two before the numbers at risk"


def test_both_arms_carry_their_ratios(pages):
    """Each arm's panel has the marker's hazard ratio in that arm; the caption has the ratio of them."""
    figure = pages[1440].locator("#figure-arms-metabric-her2")
    letters = " ".join(figure.locator(".wide text").all_text_contents())
    assert {"Untreated", "Treated"} <= set(figure.locator(".wide text").all_text_contents())
    assert "Adjusted HR 1.44 (95% CI 0.89\u20132.33)" in letters
    assert "Adjusted HR 1.32 (95% CI 1.02\u20131.69)" in letters
    assert "Ratio of HRs 0.91" in figure.locator("figcaption").inner_text().replace("\u00a0", " ")
