from typing import Any

import pytest

from durable_objects.state.merge import merge, merge_patch


@pytest.mark.parametrize(
    ("base", "yours", "current", "merged"),
    [
        pytest.param({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 1, "b": 3}, {"a": 2, "b": 3}, id="different members"),
        pytest.param({"a": {"x": 1}}, {"a": {"x": 2}}, {"a": {"x": 1, "y": 5}}, {"a": {"x": 2, "y": 5}}, id="nested"),
        pytest.param({"a": 1}, {"a": 2}, {"a": 2}, {"a": 2}, id="the same change on both sides agrees"),
        pytest.param(
            {"a": 1, "b": 1}, {"b": 1}, {"a": 1, "b": 2}, {"b": 2}, id="removed here, changed elsewhere there"
        ),
        pytest.param({}, {"a": {"x": 1}}, {"a": {"y": 2}}, {"a": {"y": 2, "x": 1}}, id="an object added by both"),
    ],
)
def test_edits_that_do_not_touch_the_same_value_are_both_kept(base: Any, yours: Any, current: Any, merged: Any) -> None:
    assert merge(base, yours, current) == (merged, [])


@pytest.mark.parametrize(
    ("base", "yours", "current", "conflict"),
    [
        pytest.param(
            {"a": 1}, {"a": 2}, {"a": 3}, {"pointer": "/a", "base": 1, "yours": 2, "current": 3}, id="two values"
        ),
        pytest.param({"a": 1}, {}, {"a": 3}, {"pointer": "/a", "base": 1, "current": 3}, id="removed and changed"),
        pytest.param({}, {"a": 1}, {"a": True}, {"pointer": "/a", "yours": 1, "current": True}, id="true is not 1"),
        pytest.param(
            {"a": [1]},
            {"a": [1, 2]},
            {"a": [0]},
            {"pointer": "/a", "base": [1], "yours": [1, 2], "current": [0]},
            id="lists",
        ),
    ],
)
def test_the_same_value_changed_twice_is_a_conflict(base: Any, yours: Any, current: Any, conflict: Any) -> None:
    merged, conflicts = merge(base, yours, current)
    assert [entry.as_dict() for entry in conflicts] == [conflict]
    assert merged == current


def test_a_merge_patch_replaces_and_removes_as_rfc_7396_says() -> None:
    assert merge_patch({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": None, "e": 4}, "d": 5}) == {
        "a": {"c": 2, "e": 4},
        "d": 5,
    }
