"""The drawings of techniques and tasks, as the report shows them."""

from __future__ import annotations

import base64
import re
from io import BytesIO
from xml.etree import ElementTree

import matplotlib.figure
import matplotlib.image
import pytest
from made_up.whole import whole_study
from rendering import page_of

from bench.languages import language
from bench.portraits import TaskPortrait, stored
from bench.portraits.notes import NOTES, notes
from bench.records.spec import Spec
from bench.report.document import Figure, Text
from bench.report.draw.example import example_drawing
from bench.report.draw.shapes import in_inches, rings
from bench.report.draw.style import as_svg, house_style
from bench.report.draw.unrolled import BACK, Drawn, unrolled_drawing
from bench.report.findings import Findings, gather
from bench.report.sections.networks import TALLEST, Networks, _pages
from bench.report.sections.tasks import Tasks
from bench.techniques import techniques

LEGEND = 4.0
"""The width of the band in the key."""
ENGLISH, CHINESE = language("en"), language("zh")


@pytest.fixture(scope="module")
def findings() -> Findings:
    return gather(whole_study(2, ("adding", "copy"), ("tanh", "lstm", "gru", "tbptt")))


def text(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("text")]


def source(figure: Figure) -> str:
    return base64.b64decode(figure.picture.source.partition(",")[2]).decode()


def widths(svg: str) -> list[float]:
    """The widths of the gradient's bands, one a path."""
    bands = re.findall(rf'stroke="{BACK}" stroke-opacity="0.5" stroke-width="([\d.]+)"', svg)
    return sorted({float(width) for width in bands})


def test_each_technique_with_results_is_drawn_once(findings: Findings) -> None:
    figures = [block for block in Networks(page_of(findings, ENGLISH)).blocks() if isinstance(block, Figure)]
    titles = [title for figure in figures for title in text(source(figure)) if title in every_title()]
    assert sorted(titles) == sorted(techniques.get(name).title for name in ("tanh", "lstm", "gru", "tbptt"))
    assert len({figure.name for figure in figures}) == len(figures)


def every_title() -> set[str]:
    return {cls.title for cls in techniques.all().values()}


@pytest.mark.parametrize("words", [ENGLISH, CHINESE], ids=["en", "zh"])
def test_each_task_shows_an_example(findings: Findings, words) -> None:
    blocks = list(Tasks(page_of(findings, words)).blocks())
    examples = {block.name: block for block in blocks if isinstance(block, Figure) and block.name.endswith("-example")}
    assert set(examples) == {"adding-example", "copy-example"}
    answers = "".join(str(answer) for answer in stored().tasks["copy"].answers)
    assert answers in "".join(text(source(examples["copy-example"]))), "the answer, a cell a symbol"
    assert f"{stored().tasks['adding'].last_answer:.2f}" in text(source(examples["adding-example"]))
    assert examples["adding-example"].picture.alt.count("1.75") == 1


def test_what_has_no_portrait_is_left_out(findings: Findings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin's technique has none in a report: its class is not there."""
    less = stored().model_copy(
        update={"techniques": {"tanh": stored().techniques["tanh"]}, "tasks": {"adding": stored().tasks["adding"]}}
    )
    monkeypatch.setattr("bench.report.sections.networks.stored", lambda: less)
    monkeypatch.setattr("bench.report.sections.tasks.stored", lambda: less)
    (figure,) = [block for block in Networks(page_of(findings, ENGLISH)).blocks() if isinstance(block, Figure)]
    assert [title for title in text(source(figure)) if title in every_title()] == [techniques.get("tanh").title]
    names = [block.name for block in Tasks(page_of(findings, ENGLISH)).blocks() if isinstance(block, Figure)]
    assert "adding-example" in names
    assert "copy-example" not in names


def test_the_papers_behind_them_are_cited(findings: Findings) -> None:
    *_, cited = [block.text for block in Networks(page_of(findings, ENGLISH)).blocks() if isinstance(block, Text)]
    for name in {Spec.base(technique.name) for technique in findings.techniques}:
        assert techniques.get(name).reference in str(cited)


def test_bands_are_as_wide_as_the_share() -> None:
    tanh = stored().techniques["tanh"]
    drawn = unrolled_drawing([Drawn(tanh, "Tanh")], None, ENGLISH, as_svg)
    (layer,) = tanh.layers
    shares = (1.0, *layer.wires[0].shares[:4], *layer.inputs)
    expected = {round(max(0.35, 6 * share), 1) for share in shares}
    assert {width for width in widths(drawn) if width != LEGEND} == expected - {LEGEND}


def test_shares_and_steps_are_written_down() -> None:
    found = stored().techniques["tbptt"]
    said = text(unrolled_drawing([Drawn(found, "Cut")], stored().techniques["tanh"], ENGLISH, as_svg))
    assert {"Cut", "T", "T−1", "T−9", "T−10", "cut", "⋯", "100", "0"} <= set(said)
    chinese = text(unrolled_drawing([Drawn(found, "Cut")], None, CHINESE, as_svg))
    assert "截断" in chinese


def test_what_a_network_does_not_show_is_said_below_its_name() -> None:
    drawn = [Drawn(stored().techniques["omega-clip-norm"], "Two")]
    both = "adds a penalty to the loss; clips the gradient"
    assert both in text(unrolled_drawing(drawn, None, ENGLISH, as_svg))
    assert any("裁剪梯度" in one for one in text(unrolled_drawing(drawn, None, CHINESE, as_svg)))
    assert not notes(stored().techniques["lstm"])
    assert {hook for portrait in stored().techniques.values() for hook in portrait.hooks} - NOTES.keys() == {
        "layers_of",
        "connect",
    }, "which are seen"


def test_figures_of_many_techniques_fit_on_pages() -> None:
    drawn = [Drawn(portrait, name) for name, portrait in stored().techniques.items()]
    pages = list(_pages(drawn))
    assert [one for page in pages for one in page] == drawn
    assert len(pages) > 1
    for page in pages:
        height = unrolled_drawing(page, None, ENGLISH, lambda figure: figure.get_figheight(), 2)
        assert height < TALLEST + 0.4


def test_a_lone_answer_is_marked_whatever_its_length() -> None:
    found = TaskPortrait(
        name="t", lag=3, steps=3, inputs=(), symbols=("a", "b", "X"), side=0, answers=("a class",)
    )  # fmt: skip
    said = example_drawing(found, ENGLISH, lambda figure: text(as_svg(figure)))
    assert said == ["a", "b", "X", "input", "a class", "answer", "1", "3", "step"]


def test_rings_are_there_in_pixels_too() -> None:
    """A line of no length is a dot in SVG and nothing in a PNG."""
    with house_style():
        figure = matplotlib.figure.Figure(figsize=(1, 1))
        rings(in_inches(figure, 0, 0, 1, 1), [(0.5, 0.5)], 0.2, "#ff0000", 6, 1)
        buffer = BytesIO()
        figure.savefig(buffer, format="png", dpi=100)
    buffer.seek(0)
    pixels = matplotlib.image.imread(buffer)
    assert tuple(pixels[50, 30, :3]) == pytest.approx((1, 0, 0), abs=0.02)
    assert tuple(pixels[50, 50, :3]) == pytest.approx((1, 1, 1), abs=0.02)
