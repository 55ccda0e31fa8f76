"""The HTML report in a real browser: what a reader clicks, sorts, filters and points at, and what leaves the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browsing import NARROW, Open
from rendering import LANGUAGES

from bench.languages import language as language_of

NUMBERS = "rows => rows.map(row => row.cells[2].textContent.trim())"

SAMPLE = {"exclude": [["article.claim ~ article.claim"], ["tbody tr ~ tr ~ tr ~ tr"]]}
"""One claim's page and a few rows stand for the others: axe takes its time."""


def violations(page: Any, rules: tuple[str, ...] = ()) -> list[str]:
    """What axe-core finds against accessibility: rule, and the first elements that break it."""
    from axe_playwright_python.sync_playwright import Axe

    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    found = Axe().run(page, SAMPLE, options).response["violations"]
    return [f"{rule['id']}: {[node['html'][:120] for node in rule['nodes'][:3]]}" for rule in found]


def values_of(place: Any) -> list[tuple[int, int, str, str]]:
    """The values listed beneath figures: thousandths from the left and from the top, the text, the id it leads to."""
    listed = """all => all.map(item =>
        [...item.dataset.at.split(" ").map(Number), item.textContent, item.querySelector("a")?.hash.slice(1) ?? ""])"""
    return [tuple(value) for value in place.locator(".values li").evaluate_all(listed)]


def test_axe_finds_nothing(opened: Open) -> None:
    with opened() as page:
        assert violations(page) == []
        page.emulate_media(color_scheme="dark")
        assert violations(page, rules=("color-contrast",)) == []
        page.set_viewport_size(NARROW)
        assert violations(page, rules=("target-size", "color-contrast", "scrollable-region-focusable")) == []


def test_contents_follow_the_scroll(opened: Open) -> None:
    with opened() as page:
        for place in ("flow", "task-1-updates", "rules"):
            page.evaluate("place => document.getElementById(place).scrollIntoView({behavior: 'instant'})", place)
            page.wait_for_function("place => document.querySelector('.contents [aria-current]').hash === '#' + place",
                                   arg=place)  # fmt: skip
            assert page.locator(".contents [aria-current]").count() == 1
        shown = page.locator(".contents li.here > ol:visible")
        assert shown.count() == page.locator(".contents ol ol:visible").count()


def test_a_click_on_a_column_sorts_by_number_and_the_third_undoes_it(opened: Open) -> None:
    with opened() as page:
        costs = page.locator("h3#task-1-costs + .filters + .table table, h3#task-1-costs + .table table")
        rows = costs.locator("tbody tr")
        before = rows.evaluate_all(NUMBERS)
        head = costs.locator("thead th").nth(2)  # the first of those that differ
        for state, reverse in (("ascending", False), ("descending", True)):
            head.locator("button").click()
            assert head.get_attribute("aria-sort") == state
            assert rows.evaluate_all(NUMBERS) == sorted(before, key=lambda n: int(n.replace(",", "")), reverse=reverse)
        head.locator("button").press("Enter")
        assert head.get_attribute("aria-sort") == "none"
        assert rows.evaluate_all(NUMBERS) == before
        assert before != sorted(before, key=lambda n: int(n.replace(",", "")))


def test_sorting_understands_how_the_report_writes_numbers(opened: Open) -> None:
    rising = ["−1.4", "−0.26", "< 0.001", "0.001", "10⁻²", "+0.05", "0.997× (0.96 to 1.03)", "12", "1,234", "> 1,234",
              "12.3\u202fk", "1.5\u202fMB", "∞", "–", ""]  # fmt: skip
    body = "".join(f"<tr><td>{text}</td></tr>" for text in reversed(rising))
    table = f"<div class='table'><table><thead><tr><th>n</th></tr></thead><tbody>{body}</tbody></table></div>"
    into = f"document.getElementById('rules').insertAdjacentHTML('beforeend', {table!r})"
    with opened(setup=f"addEventListener('DOMContentLoaded', () => {into})") as page:
        made = page.locator("#rules .table table")
        made.locator("thead button").click()
        assert made.locator("tbody td").all_inner_texts()[:-2] == rising[:-2]
        assert set(made.locator("tbody td").all_inner_texts()[-2:]) == {"–", ""}


def test_filters_say_how_many_rows_are_left_and_print_hides_none(opened: Open) -> None:
    with opened() as page:
        filters, table = page.locator("#claims .filters").first, page.locator(".verdicts table").first
        rows, everything = table.locator("tbody tr:visible"), table.locator("tbody tr").count()
        filters.locator("select").select_option(index=1)
        wanted = filters.locator("select").input_value()
        assert 0 < rows.count() < everything
        assert all(wanted in text for text in rows.all_inner_texts())
        assert filters.locator("[role=status]").inner_text() == f"{rows.count()} of {everything} rows"
        filters.locator("input").fill("no such row")
        assert rows.count() == 0
        page.emulate_media(media="print")
        assert rows.count() == everything
        assert not page.locator(".filters:visible, .tools:visible").count()


def test_the_theme_follows_the_system_until_the_reader_chooses_and_is_remembered(opened: Open) -> None:
    background = "getComputedStyle(document.documentElement).backgroundColor"
    with opened(color_scheme="dark") as page:
        dark = page.evaluate(background)
        button = page.get_by_role("button", name=language_of("en")("Dark theme"))
        assert button.get_attribute("aria-pressed") == "true"
        button.click()
        light = page.evaluate(background)
        assert light != dark
        page.reload()
        assert page.evaluate(background) == light
        assert page.locator("figure img").first.evaluate("image => getComputedStyle(image).filter") == "none"
        button.click()
        assert page.evaluate(background) == dark
        assert "invert" in page.locator("figure img").first.evaluate("image => getComputedStyle(image).filter")
        page.emulate_media(color_scheme="light")  # back to following the system
        assert page.evaluate(background) == light


def test_the_theme_can_be_changed_where_storage_is_forbidden(opened: Open) -> None:
    forbidden = "Object.defineProperty(window, 'localStorage', {get() { throw new Error('forbidden') }})"
    with opened(setup=forbidden) as page:
        page.get_by_role("button", name=language_of("en")("Dark theme")).click()
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_figures_tell_their_values_to_pointer_and_keyboard(opened: Open) -> None:
    with opened() as page:
        figure = page.locator("#task-1 figure").filter(has=page.locator(".values")).first
        plot, values = figure.locator(".plot"), values_of(figure)
        assert len(values) > 5
        plot.scroll_into_view_if_needed()
        box = plot.locator("img").bounding_box()
        told = plot.locator(".value")
        assert not told.is_visible()
        for x, y, text, _ in values[:3]:
            page.mouse.move(box["x"] + box["width"] * x / 1000, box["y"] + box["height"] * y / 1000)
            assert told.inner_text() == text
        page.mouse.move(1, 1)
        assert not told.is_visible()
        plot.focus()
        plot.press("ArrowRight")
        assert told.inner_text() == values[0][2]
        plot.press("ArrowRight")
        assert told.inner_text() == values[1][2]
        plot.press("Escape")
        assert not told.is_visible()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_value_lies_in_its_figure_and_every_place_exists(opened: Open, language: str) -> None:
    with opened(language) as page:
        values = values_of(page)
        assert 5 < page.locator(".values").count() <= page.locator("figure").count() < len(values)
        assert all(0 <= x <= 1000 and 0 <= y <= 1000 and text for x, y, text, _ in values)
        places = {to for _, _, _, to in values if to}
        assert places
        assert places <= set(page.eval_on_selector_all("[id]", "all => all.map(element => element.id)"))


def test_from_a_verdict_to_its_runs_in_two_clicks(opened: Open) -> None:
    with opened() as page:
        page.locator("#source a.chip").first.click()
        claim = page.evaluate("location.hash.slice(1)")
        assert page.locator(f"#{claim} .trail a[target=_blank]").count()
        page.locator(f"#{claim} [data-find]").click()
        rows = page.locator("#runs tbody tr:visible")
        assert rows.count()
        assert all(claim in text for text in rows.all_inner_texts())
        page.locator("#runs .here input").check()
        assert "setting_hash" in rows.locator("a").first.get_attribute("href")


def test_a_number_leads_to_its_row_even_if_that_is_filtered_out(opened: Open) -> None:
    with opened() as page:
        page.locator("#runs .filters input").fill("no such row")
        number = page.locator("#task-1-details a.origin").first
        row = page.locator(f"[id='{number.get_attribute('href')[1:]}']")
        assert not row.is_visible()
        number.click()
        row.wait_for(state="visible")
        figure = page.locator("#task-1-details figure").filter(has=page.locator(".values")).first
        plot = figure.locator(".plot")
        plot.focus()
        plot.press("ArrowRight")
        plot.press("Enter")
        assert page.evaluate("location.hash") == f"#{values_of(figure)[0][3]}"


def test_without_a_script_everything_is_there_to_read(opened: Open) -> None:
    with opened(java_script_enabled=False, viewport=NARROW) as page:
        assert not page.locator(".tools, .filters, thead button").count()
        for wanted in ("section", "tbody tr", "figure img", ".contents a", "article", "figcaption"):
            shown = page.locator(wanted)
            assert shown.count()
            assert page.locator(f"{wanted}:visible").count() == shown.count(), wanted


def test_the_policy_lets_no_other_script_run_and_nothing_in_or_out(browser: Any, rendered: Path) -> None:
    page = browser.new_page()
    page.goto((rendered / "report.en.html").as_uri())
    injected = "<img src='x' onerror='window.ran = true'><img src='http://127.0.0.1:9/x.png'>"
    page.evaluate("html => document.body.insertAdjacentHTML('beforeend', html)", injected)
    refused = page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', error => error.name)")
    page.evaluate(
        "const s = document.createElement('script'); s.textContent = 'window.ran = true'; document.body.append(s)"
    )
    assert refused == "TypeError"
    assert page.evaluate("window.ran") is None
    page.close()
