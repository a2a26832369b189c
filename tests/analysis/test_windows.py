import numpy as np

from plasticity.analysis.windows import Window, phases, sliding_windows

PAPER = np.arange(5, 351, 5)


def test_the_papers_windows_hold_twenty_checkpoints_and_are_labelled_by_the_last() -> None:
    windows = sliding_windows(PAPER, 100)
    assert windows[0] == Window("sliding", 5, 100)
    assert PAPER[windows[0].covers(PAPER)].tolist() == list(range(5, 101, 5))
    assert [window.end for window in windows] == list(range(100, 351, 5))
    assert {int(window.covers(PAPER).sum()) for window in windows} == {20}
    assert windows[-1] == Window("sliding", 255, 350)


def test_a_window_leaves_out_the_epoch_one_length_before_its_end() -> None:
    assert sliding_windows(np.array([0, 10, 20]), 10) == [Window("sliding", 10, 10), Window("sliding", 20, 20)]


def test_the_demos_windows() -> None:
    assert [(w.start, w.end) for w in sliding_windows(np.arange(8, 49, 8), 32)] == [(8, 32), (16, 40), (24, 48)]


def test_a_window_longer_than_the_warm_up_gives_none() -> None:
    assert sliding_windows(np.array([8, 16, 24]), 25) == []


def test_an_irregular_unordered_grid_with_repeats() -> None:
    windows = sliding_windows(np.array([40, 5, 10, 40, 160, 80, 20, 5]), 40)
    assert [(w.start, w.end) for w in windows] == [(5, 40), (80, 80), (160, 160)]


def test_the_first_phase_holds_the_boundary() -> None:
    assert phases(PAPER, 100) == [
        Window("all", 5, 350),
        Window("first_phase", 5, 100),
        Window("second_phase", 105, 350),
    ]


def test_a_phase_without_checkpoints_is_left_out() -> None:
    assert [window.kind for window in phases(np.array([8, 16]), 24)] == ["all", "first_phase"]
    assert [window.kind for window in phases(np.array([8, 16]), 0)] == ["all", "second_phase"]
