"""The HTML report on screens of every width and on a browser's paper, and where its links lead."""

from __future__ import annotations

from pathlib import Path

import pytest
from browsing import NARROW, Open
from rendering import LANGUAGES

from bench.languages import language as language_of
from bench.report.document import Document, Link, Section, Text
from bench.report.render.beside import Beside, Place, others
from bench.report.render.html import page as page_of
from bench.report.render.numbering import Numbering

WIDTHS = (1920, 1280, 1024, 768, 390, 320)
CUT_OFF = """() => {
  const found = [];
  const name = (element) => `${element.tagName} ${element.className} ${element.textContent.trim().slice(0, 40)}`;
  const sideways = document.documentElement.scrollWidth - innerWidth;
  if (sideways > 0) found.push(`the page is ${sideways} px too wide`);
  const words = document.createRange();
  for (const cell of document.querySelectorAll("td, th, dt, dd, .chip")) {
    words.selectNodeContents(cell);
    const right = cell.getBoundingClientRect().right + 1.5;
    if ([...words.getClientRects()].some((box) => box.right > right)) found.push(`words stick out: ${name(cell)}`);
  }
  for (const box of document.querySelectorAll("main > section *")) {
    if (box.scrollWidth <= box.clientWidth + 1 || getComputedStyle(box).overflowX === "visible") continue;
    const head = box.querySelector("tbody th");
    if (innerWidth >= 1024) found.push(`scrolls where there is room: ${name(box)}`);
    if (!getComputedStyle(box).backgroundImage.includes("gradient")) found.push(`no sign of more: ${name(box)}`);
    if (head && getComputedStyle(head).position !== "sticky") found.push(`names of rows scroll away: ${name(box)}`);
  }
  return found;
}"""
CARDS = """() => [...document.querySelectorAll(".cards tbody tr")].map((row) => ({
  stacked: [...row.cells].filter((cell) => cell.offsetParent).map((cell) => cell.getBoundingClientRect().top)
    .every((top, i, all) => !i || top >= all[i - 1]),
  named: [...row.querySelectorAll("[data-label]")]
    .every((cell) => getComputedStyle(cell, "::before").content === JSON.stringify(cell.dataset.label)),
  labels: row.querySelectorAll("[data-label]").length,
}))"""
ON_PAPER = """() => ({
  heads: [...document.querySelectorAll("thead button")].map((head) => getComputedStyle(head))
    .every(({appearance, borderTopStyle}) => appearance === "none" && borderTopStyle === "none"),
  outline: getComputedStyle(document.activeElement).outlineStyle,
  shown: [...document.querySelectorAll(".value, .ring, .tools, .filters, .screen-only, .here label")]
    .filter((element) => element.offsetParent).length,
  order: [...document.querySelectorAll(".verdicts tbody th")].map((head) => head.textContent),
})"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_cut_off_at_any_width(opened: Open, language: str) -> None:
    with opened(language) as page:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate(CUT_OFF) == [], width
        rows = page.evaluate(CARDS)
        assert len(rows) > 50
        assert all(row["stacked"] and row["named"] for row in rows)
        assert sum(row["labels"] for row in rows) > 2 * len(rows)
        bar = page.locator(".tools").bounding_box()
        assert (bar["x"], bar["width"]) == (0, WIDTHS[-1]), "a bar of its own, so that no button covers half a line"


def test_a_browsers_paper_is_as_the_report_has_it(opened: Open) -> None:
    with opened() as page:
        before = page.evaluate(ON_PAPER)
        verdict = page.locator(".verdicts thead button").last
        verdict.click()
        verdict.click()
        plot = page.locator("figure:has(.values) .plot").first
        plot.focus()
        plot.press("ArrowRight")
        as_sorted = page.evaluate(ON_PAPER)
        assert (as_sorted["outline"], as_sorted["order"] != before["order"]) == ("solid", True)
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate(ON_PAPER) == {"heads": True, "outline": "none", "shown": 0, "order": before["order"]}
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.evaluate(ON_PAPER)["order"] == as_sorted["order"]


def test_the_contents_have_the_claims_and_there_is_a_way_up(opened: Open) -> None:
    with opened() as page:
        claims = page.eval_on_selector_all("article", "all => all.map(claim => '#' + claim.id)")
        listed = page.eval_on_selector_all(".contents ol ol a", "all => all.map(link => link.hash)")
        assert len(claims) > 30
        assert set(claims) <= set(listed)
        page.locator(f"article{claims[5]}").scroll_into_view_if_needed()
        page.wait_for_function("() => scrollY > innerHeight")
        page.get_by_role("link", name=language_of("en")("To the top")).click()
        page.wait_for_function("() => scrollY === 0")
        page.set_viewport_size(NARROW)
        assert page.locator(f".contents a[href='{claims[5]}']").is_visible()


def test_what_has_no_order_cannot_be_sorted(opened: Open) -> None:
    longest = """heads => heads.map(head => Math.max(...[...head.closest("table").querySelectorAll("tbody tr")]
        .map(row => row.cells[head.cellIndex].textContent.trim().length)))"""
    with opened() as page:
        assert max(page.locator("thead th:has(button)").evaluate_all(longest)) <= 60
        assert page.locator(".verdicts thead th:not(:has(button))").all_inner_texts()[0].startswith("The source")


def test_a_values_text_hides_no_value_of_a_full_figure(opened: Open) -> None:
    hidden = """figure => {
      const [picture, text] = ["img", ".value"].map(part => figure.querySelector(part).getBoundingClientRect());
      return [...figure.querySelectorAll(".values li")].map(item => item.dataset.at.split(" ")).filter(([x, y]) => {
        const [left, top] = [picture.left + picture.width * x / 1000, picture.top + picture.height * y / 1000];
        return left > text.left && left < text.right && top > text.top && top < text.bottom;
      }).length;
    }"""
    with opened() as page:
        figure = page.locator("#summary figure").first
        plot, count = figure.locator(".plot"), figure.locator(".values li").count()
        assert count > 10
        plot.focus()
        for _ in range(count):
            plot.press("ArrowRight")
            assert figure.evaluate(hidden) == 0


def test_a_search_finds_the_values_of_a_figure(opened: Open) -> None:
    with opened(java_script_enabled=False) as page:
        values = page.locator("#task-1 figure .values").first
        assert values.evaluate("details => details.tagName") == "DETAILS"  # which browsers open when a search finds
        values.locator("summary").click()
        assert values.locator("li").first.is_visible()


@pytest.mark.parametrize("language", LANGUAGES)
def test_links_beside_the_page_lead_to_files(opened: Open, rendered: Path, language: str) -> None:
    with opened(language) as page:
        hrefs = page.eval_on_selector_all("a[href]", "all => all.map(link => link.getAttribute('href'))")
        assert page.locator(".elsewhere a[hreflang]").all_inner_texts() == [
            language_of(other).rules.name for other in LANGUAGES if other != language
        ]
        numbered = page.locator("caption, figcaption").count()
    files = {href for href in hrefs if not href.startswith(("#", "http"))}
    assert {f"report.{language}.pdf", "tables/values.csv", "tables/runs.csv", "references.bib"} < files
    assert len(files) == numbered + 5
    assert [file for file in files if not (rendered / file).is_file()] == []


def test_links_to_this_machine_wait_until_the_reader_says_that_it_is_the_one(opened: Open) -> None:
    here = "a[data-here*='127.0.0.1:5000/#/experiments/']"
    with opened() as page:
        assert page.locator(here).count() > 10
        assert page.locator("a[href*='127.0.0.1']").count() == 0
        box = page.locator("#runs .here input")
        box.check()
        assert page.locator(f"{here}[href*='127.0.0.1']").count() == page.locator(here).count()
        page.reload()
        assert box.is_checked()
        assert page.locator(f"{here}[href]").count() == page.locator(here).count()
        box.uncheck()
        assert page.locator(f"{here}[href]").count() == 0


def _page(address: str, beside: Beside = Beside()) -> str:  # noqa: B008
    made = Document("", "", "", (), (Section("s", "", (Text(Link("run", address)),)),))
    return page_of(made, language_of("en"), Numbering(made), beside)


@pytest.mark.parametrize("host", ["localhost:5000", "127.0.0.1", "[::1]:80"])
def test_an_address_of_this_machine_is_no_link_by_itself(host: str) -> None:
    assert f'<a data-here="http://{host}/#/x" target="_blank"' in _page(f"http://{host}/#/x")


def test_an_address_of_another_machine_is_a_link() -> None:
    assert '<a href="https://mlflow.example/#/x" target="_blank"' in _page("https://mlflow.example/#/x")


def test_the_project_and_other_pages_are_linked_where_they_are_known() -> None:
    english = language_of("en")
    pages = others("report", english, [*map(language_of, LANGUAGES)], ["html", "pdf"])
    assert [*pages] == [Place("中文", "report.zh.html", "zh-CN"), Place("PDF", "report.en.pdf")]
    made = _page("#s", Beside(places=(Place("Repository", "https://example.org/x"), Place("PDF", "report.en.pdf"))))
    assert '<li><a href="https://example.org/x">Repository</a></li>' in made
    assert '<li class="screen-only"><a href="report.en.pdf">PDF</a></li>' in made
    assert '<nav class="elsewhere"' not in _page("#s")
