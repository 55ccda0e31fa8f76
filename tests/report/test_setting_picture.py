"""The picture of a setting that MLflow shows."""

import io
import warnings

import numpy as np
import pytest
from made_up.cohorts import cohort, result
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from bench.report.setting_picture import COLOURS, DPI, PANEL, setting_picture


def tables(*outcomes, **of):
    made = result(cohort("lstm", seeds=len(outcomes), **of), outcomes)
    whose = made.members[["seed", "learning_rate", "outcome"]]
    return {
        "members": made.members,
        "curves": made.curves.merge(whose),
        "gradients": made.gradients.merge(whose),
    }


def pixels(png):
    return imread(io.BytesIO(png), format="png")[..., :3]


def holds(image, colour):
    """Whether a colour is in a picture, pure: lines are thicker than a pixel somewhere."""
    return bool((np.abs(image - to_rgb(colour)).max(axis=-1) < 0.02).any())


def test_each_outcome_has_its_colour_and_both_panels_stand_side_by_side():
    image = pixels(setting_picture(tables("solved", "solved", "unsolved", "unsolved")))
    assert image.shape[1] == pytest.approx(2 * PANEL * DPI, abs=1)
    assert holds(image, COLOURS["solved"])
    assert holds(image, COLOURS["unsolved"])
    assert not holds(image, COLOURS["diverged"])


def test_what_was_not_trained_has_its_gradient_alone():
    of = tables("untrained", "untrained")
    of["curves"] = of["curves"][of["curves"]["update"] == 0]
    assert pixels(setting_picture(of)).shape[1] == pytest.approx(PANEL * DPI, abs=1)


def test_nothing_makes_no_picture():
    of = tables("failed", "failed")
    assert setting_picture(of) == b""


@pytest.mark.parametrize("end", [np.inf, -np.inf, np.nan, 0.0])
def test_odd_numbers_are_drawn_without_a_word(end):
    of = tables("solved", "diverged", "unsolved")
    of["curves"].loc[of["curves"].index[-1], "metric"] = end
    of["gradients"].loc[of["gradients"]["lag_back"] > 10, "log_norm"] = -np.inf if end != 0 else np.nan
    of["gradients"].loc[of["gradients"]["lag_back"] == 3, "log_norm"] = -np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert setting_picture(of).startswith(b"\x89PNG")


def test_the_same_runs_give_the_same_picture():
    assert setting_picture(tables("solved", "unsolved")) == setting_picture(tables("solved", "unsolved"))
