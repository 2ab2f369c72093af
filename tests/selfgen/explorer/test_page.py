"""The explorer in a real browser: it loads, moves, and shows the library's numbers. Skipped where there is none."""

from __future__ import annotations

import time

import mpmath
import pytest
from headless import browser_and_driver, chromium, errors, look
from sympy import Rational

from selfgen.explorer import page as page_module
from selfgen.explorer import pairs
from selfgen.explorer.choices import choices
from theory import Bernoulli, BiasedSampler, LinearRegression, Regular, expected_risk

pytest.importorskip("selenium")
pytestmark = pytest.mark.skipif(browser_and_driver() is None, reason="no Chromium with its driver on this machine")

MODELS = {
    "regular": Regular(),
    "bernoulli": Bernoulli(),
    "linear-regression:fresh design": LinearRegression(),
    "biased-sampler:a coin": BiasedSampler.general()["a coin"],
}
SHOWN = {
    "replace", "accumulate", "accumulate-subsample:budget=2", "sliding-window:k=2", "contaminated-pool", "fresh-real",
}  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The explorer of a few models and workflows."""
    folder = tmp_path_factory.mktemp("explorer")
    few = [choice for choice in choices() if choice.key in SHOWN]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        for module in (pairs, page_module):
            patch.setattr(module, "choices", lambda: few)
            patch.setattr(module, "models", lambda: iter(MODELS.items()))
        html = page_module.page()
        lines = []
        assert page_module.page(tell=lines.append) == html
        assert all(line.endswith(": kept") for line in lines)
    path = folder / "explorer.html"
    path.write_text(html, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser(written, tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        look(driver, 1400, 900)
        driver.get(written.as_uri())
        wait(driver, "return document.documentElement.dataset.ready === 'true'")
        yield driver


@pytest.fixture(autouse=True)
def silent(browser):
    """No test leaves a complaint in the console."""
    yield
    assert errors(browser) == []


def wait(driver, script):
    end = time.monotonic() + 20
    while not driver.execute_script(script):
        assert time.monotonic() < end, script
        time.sleep(0.02)


def visit(driver, link):
    """Follow a link to a state of the page."""
    driver.execute_script("history.replaceState(null, '', '#' + arguments[0]); takeLink();", link)


def values(driver):
    """The values that the table shows, by workflow."""
    return driver.execute_script(
        "return Object.fromEntries([...document.querySelectorAll('#values tbody tr')].map((row) => "
        "[row.dataset.workflow, Number(row.querySelector('data.value').value)]))"
    )


def exact(model, key, numbers, show, g):
    """What the library says, derived with numbers where the page has symbols."""
    workflow = next(choice.workflow for choice in choices() if choice.key == key)
    symbols = model.free_symbols | workflow.free_symbols
    known = {symbol: Rational(str(numbers[symbol.name])) for symbol in symbols}
    given = {symbol: known[symbol] for symbol in model.free_symbols}
    of = {symbol: known[symbol] for symbol in workflow.free_symbols}
    risk = expected_risk(model.subs(given) if given else model, workflow.subs(of) if of else workflow)
    asked = risk if show == "risk" else getattr(risk, show)
    return float(asked.at(g))


@pytest.mark.parametrize(
    ("model", "show", "numbers"),
    [
        ("regular", "ratio", {"p": 7, "n": 31, "rho": 0.15, "x_r": 0.4}),
        ("bernoulli", "risk", {"p": 0.07, "n": 4, "rho": 0.6, "x_r": 2.5}),
        ("bernoulli", "ratio", {"p": 0.5, "n": 1, "rho": 1, "x_r": 1}),
        ("linear-regression:fresh design", "risk", {"d": 11, "T": 13, "rho": 0.3, "x_r": 1.5}),
        ("biased-sampler:a coin", "risk", {"p": 0.2, "n": 9, "tau": 0.8, "m": 0.6, "rho": 0.35, "x_r": 1}),
        ("biased-sampler:a coin", "bias", {"p": 0.2, "n": 9, "tau": 0.8, "m": 0.6, "rho": 0.35, "x_r": 1}),
        ("biased-sampler:a coin", "variance", {"p": 0.2, "n": 9, "tau": 0.8, "m": 0.6, "rho": 0.35, "x_r": 1}),
    ],
)
def test_values_are_the_librarys(browser, model, show, numbers):
    settings = "&".join(f"set.{name}={value}" for name, value in numbers.items())
    for g in (1, 2, 17, 60):
        visit(browser, f"model={model}&show={show}&generations=60&at={g}&workflows={';'.join(SHOWN)}&{settings}")
        assert not browser.find_element("id", "notice").is_displayed()
        found = values(browser)
        assert set(found) == SHOWN
        for key, value in found.items():
            truth = exact(MODELS[model], key, numbers, show, g)
            assert value == pytest.approx(truth, rel=1e-10, abs=1e-14), (key, g)


def test_sliders_move_by_keyboard_and_values_follow(browser):
    visit(browser, "model=bernoulli&workflows=accumulate&show=risk&at=5")
    slider = browser.find_element("id", "set-n")
    before = int(browser.find_element("id", "set-n-number").get_property("value"))
    for _ in range(40):
        slider.send_keys("\ue014")  # arrow to the right
    wait(browser, f"return Number(document.getElementById('set-n-number').value) > {before}")
    time.sleep(0.1)
    n = int(browser.find_element("id", "set-n-number").get_property("value"))
    assert slider.get_attribute("aria-valuetext") == f"n = {n}"
    truth = exact(MODELS["bernoulli"], "accumulate", {"p": 0.3, "n": n}, "risk", 5)
    assert values(browser)["accumulate"] == pytest.approx(truth, rel=1e-10)
    assert f"set.n={n}" in browser.current_url


def test_a_number_outside_its_span_changes_nothing(browser):
    visit(browser, "model=bernoulli&workflows=replace&show=risk&at=5")
    before = values(browser)
    field = browser.find_element("id", "set-p-number")
    field.clear()
    field.send_keys("7")
    assert "wrong" in field.get_attribute("class")
    assert field.get_property("validationMessage") == "p: give a number from 0.01 to 0.99."
    assert values(browser) == before


def test_the_link_reproduces_the_state(browser):
    link = "model=regular&loss=squared&workflows=replace;fresh-real&show=risk&generations=33&at=4&x=log&y=linear"
    visit(browser, f"{link}&tolerance=2.5&set.n=55&set.p=8&set.x_r=0.3")
    text, found = browser.execute_script("return [stateText(state), values = document.title]")[0], values(browser)
    visit(browser, "model=bernoulli")
    visit(browser, text)
    assert browser.execute_script("return stateText(state)") == text
    assert values(browser) == found
    for part in ("generations=33", "x=log", "set.x_r=0.3", "tolerance=2.5"):
        assert part in text


@pytest.mark.parametrize(
    ("link", "says"),
    [
        ("model=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E", "No model is called “<img src=x onerror=alert(1)>”."),
        ("workflows=replace;alert(1)", "No workflow is called “alert(1)”."),
        ("model=bernoulli&set.p=alert(1)", "p = “alert(1)” is not allowed: give a number from 0.01 to 0.99."),
        ("model=bernoulli&set.n=2.5", "give a whole number from 1 to 10000"),
        ("generations=1e9", "is no number from 2 to 2000"),
        ("generations=__proto__", "is no number"),
        ("show=constructor", "show = “constructor” is not known here."),
        ("model=%E0%A4%A", "cannot be read"),
        ("a" * 5000, "too long"),
    ],
)
def test_a_link_is_read_never_run(browser, link, says):
    visit(browser, link)
    assert says in browser.find_element("id", "notice").text
    assert browser.execute_script("return document.querySelectorAll('img, iframe, object').length") == 0
    visit(browser, "model=regular")
    assert not browser.find_element("id", "notice").is_displayed()


def test_fuzzed_links_and_tables_leave_the_page_whole(browser):
    """Two thousand of each, by a generator with a fixed seed: no exception but the sentences of the reader."""
    found = browser.execute_script(
        """
        let seed = 20261130;
        const random = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
        const bits = ["model", "=", "&", ";", "set.p", "1e5", "-", ".", "%", "%41", "bernoulli", "__proto__", "NaN",
          "∞", "generation", "loss", ",", "\\n", '"', "1", "2", "3.5", "<b>", "workflows", "replace", "generations",
          "\\u0000"];
        const text = () => Array.from({ length: random(14) }, () => bits[random(bits.length)]).join("");
        const faults = [];
        for (let i = 0; i < 2000; i++) {
          const link = text(), table = `generation,loss\\n${text()}`;
          try {
            const { state } = readState(link, data, startState());
            if (!data.models.some((m) => m.key === state.model) || !(state.generations >= 2)) faults.push(link);
          } catch (error) { faults.push(`${link}: ${error}`); }
          try { readLosses(table); }
          catch (error) { if (error.constructor !== Error) faults.push(`${table}: ${error}`); }
        }
        return faults;
        """
    )
    assert found == []


def test_nothing_is_loaded_from_elsewhere(browser, written):
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    html = written.read_text(encoding="utf-8")
    assert "default-src 'none'" in html
    assert "eval(" not in html.replace("medieval(", "")
    assert "Function(" not in html.replace("gammaFunction(", "")


def test_everything_that_is_operated_has_a_name(browser):
    visit(browser, "model=bernoulli&workflows=replace;contaminated-pool")
    browser.execute_script("document.getElementById('example').click()")
    nodes = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    operated = {"button", "checkbox", "radio", "slider", "spinbutton", "textbox", "combobox", "MenuListPopup", "img"}
    found = [
        node for node in nodes if not node.get("ignored") and node["role"]["value"] in operated - {"MenuListPopup"}
    ]
    assert len(found) > 20
    unnamed = [node["role"] for node in found if not node.get("name", {}).get("value")]
    assert not unnamed
    # All of them can be reached by the keyboard: none is taken out of the order.
    assert browser.execute_script("return document.querySelectorAll('[tabindex=\"-1\"]:not(h2)').length") == 0


@pytest.mark.parametrize("width", [360, 1400])
@pytest.mark.parametrize("dark", [False, True])
def test_windows_and_colour_schemes(browser, width, dark):
    look(browser, width, 900, dark)
    visit(browser, "model=linear-regression:fresh%20design&workflows=" + ";".join(SHOWN))
    browser.execute_script("document.getElementById('example').click(); window.dispatchEvent(new Event('resize'))")
    time.sleep(0.1)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    paths = browser.execute_script("return document.querySelectorAll('#figure path').length")
    assert paths == len(SHOWN)
    back = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert sum(int(part) for part in back[4:-1].split(",")) < 150 if dark else 650 < 800
    read = "return arguments[0].map((name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim())"
    names = ["--panel", "--ink", "--soft", "--accent", *(f"--curve-{index}" for index in range(7))]
    panel, *inks = browser.execute_script(read, names)
    for name, ink in zip(names[1:], inks, strict=True):
        # WCAG 2.2: 4.5 for text, 3 for graphics.
        assert contrast(panel, ink) >= (3 if "curve" in name else 4.5), name


def contrast(one, other):
    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_what_is_taken_away(browser):
    look(browser, 1400, 900)
    visit(browser, "model=regular&workflows=replace;accumulate&show=risk&generations=4&set.p=3&set.n=100")
    head, *rows = browser.execute_script("return csvText()").splitlines()
    assert head == "generation,replace,replace rounding,accumulate,accumulate rounding"
    assert [float(row.split(",")[3]) for row in rows] == pytest.approx([0.03, 0.0375, 0.03 * 49 / 36, 0.03 * 205 / 144])
    latex = browser.execute_script("return latexText()")
    assert r"\begin{aligned}" in latex
    assert "% regular, accumulate, loss squared" in latex


def test_limits_bounds_and_crossings(browser):
    visit(browser, "model=regular&workflows=accumulate;fresh-real;replace&show=ratio&generations=50&at=50&set.x_r=0.1")
    cells = browser.execute_script(
        "return [...document.querySelectorAll('#values tr[data-workflow] td:nth-child(4)')].map((c) => c.innerText)"
    )
    assert float(cells[0]) == pytest.approx(mpmath.pi**2 / 6)
    assert cells[2] == "∞"
    # 0.1 n real samples beside n synthetic ones: better than none, worse than all blocks so far.
    said = browser.find_element("id", "crossings").text
    assert said == "" or "lies below" in said
    visit(browser, "model=bernoulli&workflows=replace;sliding-window:k=2&show=risk&set.n=1&set.p=0.5&generations=40")
    assert "∞" not in browser.find_element("id", "summary").text


def test_the_least_real_share_is_the_librarys(browser):
    visit(
        browser, "model=regular&workflows=contaminated-pool&tolerance=1.05&generations=30&set.rho=0.2&set.n=10&set.p=1"
    )
    found = float(browser.execute_script("return document.querySelector('#shares data').value"))
    workflow = next(choice.workflow for choice in choices() if choice.key == "contaminated-pool")
    (rho,) = workflow.free_symbols

    def worst(share):
        ratio = expected_risk(Regular(p=1, n=10), workflow.subs(rho, Rational(share))).ratio
        return max(ratio.at(g) for g in range(1, 31))

    assert worst(found + 1e-6) <= Rational(105, 100) < worst(found - 1e-6)


def test_measured_losses_find_their_family(browser):
    lines = ["generation,loss,workflow"]
    lines += [f"{g},{2 + 0.25 * g},replace" for g in range(1, 7)]
    lines += [f"{g},{1 + 0.5 * sum(1 / k**2 for k in range(1, g + 1))},accumulate" for g in range(1, 7)]
    browser.execute_script("takeLosses(arguments[0])", "\n".join(lines))
    assert miss(browser, "linear") < 1e-12
    assert miss(browser, "variance law") < 1e-12
    assert miss(browser, "log g") > 0.01
    browser.execute_script(
        "document.getElementById('measured-workflow').value = '1';"
        "document.getElementById('measured-workflow').dispatchEvent(new Event('change'))"
    )
    assert browser.execute_script("return document.getElementById('law').value") == "accumulate"
    assert miss(browser, "variance law") < 1e-12
    assert miss(browser, "linear") > 0.01


def miss(driver, family):
    return float(
        driver.execute_script(f"return document.querySelector('#families tr[data-family=\"{family}\"] data').value")
    )


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("generation,loss\n1,alert(1)", "Row 2: loss “alert(1)” is no number."),
        ("generation,loss\n1.5,2", "is no whole number from 1 to 1000"),
        ("g,loss\n1,2", "The file has no column “generation”"),
        ("generation,loss", "holds no losses"),
        ("generation,loss\n1,2\n2,3", "2 generations are measured"),
    ],
)
def test_a_table_that_is_none_is_told_in_a_sentence(browser, table, says):
    browser.execute_script("takeLosses(arguments[0])", table)
    assert says in browser.find_element("id", "measured-said").text


@pytest.mark.parametrize(("name", "order"), [("digamma", None), ("logGamma", None), ("polygamma", 1), ("polygamma", 4)])
def test_special_functions(browser, name, order):
    truth = {"digamma": mpmath.digamma, "logGamma": mpmath.loggamma, "polygamma": lambda x: mpmath.polygamma(order, x)}
    points = [0.07, 0.9, 1.3, 5.5, 21.0, 400.5]
    given = "x" if order is None else f"{order}, x"
    found = browser.execute_script(f"return arguments[0].map((x) => {name}({given}))", points)
    for x, value in zip(points, found, strict=True):
        assert value == pytest.approx(float(truth[name](x)), rel=2e-13, abs=2e-13)
