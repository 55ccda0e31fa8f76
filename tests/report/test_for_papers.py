"""Text for a paper: a table that LaTeX takes whatever a technique is called."""

from types import SimpleNamespace

from bench.evidence.standing import ALL, Standing
from bench.report.for_papers import latex, latex_table


def test_nothing_in_a_name_is_a_command():
    assert latex(r"50 % of_A & {B} \x ~ ^") == (
        r"50 \% of\_A \& \{B\} \textbackslash{}x \textasciitilde{} \textasciicircum{}"
    )


def test_the_table_has_a_row_a_technique_by_rank_over_all_and_its_own_in_bold():
    def one(name: str, task: str, score: float, rank: int) -> Standing:
        return Standing(name, task, score, score - 0.1, score + 0.1, rank, rank, rank, 2, 5)

    found = [one("b", "adding", 0.6, 1), one("a", "adding", 0.5, 2), one("a", ALL, 0.7, 1), one("b", ALL, 0.4, 2)]
    say = SimpleNamespace(task=str.title, technique=lambda name: f"{name}_1")
    lines = latex_table(found, "a", say).splitlines()
    assert lines[0] == r"\begin{tabular}{lccr}"
    assert lines[2] == r"Technique & Adding & All & Rank \\"
    assert lines[4] == (
        r"\textbf{a\_1} & \textbf{0.50 [0.40, 0.60]} & \textbf{0.70 [0.60, 0.80]} & \textbf{1 (1--1)} \\"
    )
    assert lines[5] == r"b\_1 & 0.60 [0.50, 0.70] & 0.40 [0.30, 0.50] & 2 (2--2) \\"
