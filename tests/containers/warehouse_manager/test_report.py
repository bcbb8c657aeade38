"""The report: the figures that a supervisor asks for, on one page that needs nothing else."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

from containers.warehouse_manager.report import gap_in_words, key_figures, render_report
from contracts.errors import ProblemError
from contracts.manage import Report
from contracts.optimize import OptimizeResult
from tests.containers.warehouse_manager.plans import LAYOUT, job, result


def request(**changes: Any) -> Report:
    base = {"action": "report", "job": job(), "result": result(), "layout": LAYOUT, "warehouse": "Hall 1"}
    return Report.model_validate(base | changes)


def figures(**changes: Any) -> dict[str, str]:
    found = key_figures(OptimizeResult.model_validate(result() | changes))
    return {name: value for name, value, _ in found}


def test_the_key_figures_are_those_of_the_plan() -> None:
    assert figures() == {
        "Plan": "50 m",
        "Against the baseline": "37.5% less",  # (80 - 50) / 80
        "Baseline": "80 m",
        "Batches": "2",
        "Pick minutes": "2",  # 150 s, rounded to even: 2.5 → 2
        "Stops": "3",
        "Gap": "10.0%",
        "Left out": "1",
    }


def test_a_plan_worse_than_its_baseline_is_called_worse() -> None:
    assert figures(objective={"value": 100.0, "unit": "m"})["Against the baseline"] == "25.0% more"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": "optimal"}, "proven to be the best"),
        ({}, "no plan for the same work gets past 45 m, so this one is within 10.0%"),
        ({"bound": {"reason": "too many orders"}}, "Nothing is proven.*too many orders"),
    ],
)
def test_what_is_proven_is_said_in_words(changes: dict[str, Any], said: str) -> None:
    assert re.search(said, gap_in_words(OptimizeResult.model_validate(result() | changes)))


def test_the_page_is_self_contained_and_holds_drawings_batches_and_reasons() -> None:
    page = render_report(request())
    assert "Hall 1" in page
    assert page.count("<svg") == 5
    assert "put 1 D in stock" in page
    assert "longest walk: batch B2, 30 m, 1 stops" in page
    assert not re.search(r"<script|<link|<img|@import|src=", page)
    outside = {url for url in re.findall(r'https?://[^"\s<)]+', page) if "w3.org" not in url}
    assert outside <= {
        "http://purl.org/dc/elements/1.1/",
        "http://creativecommons.org/ns#",
        "http://purl.org/dc/dcmitype/StillImage",
        "https://matplotlib.org/",
    }
    for drawing in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ElementTree.fromstring(drawing)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for target in re.findall(r'(?:url\(#|href="#)([^")]+)', page):
        assert target in ids
    HTMLParser().feed(page)


def test_texts_from_outside_cannot_become_markup() -> None:
    page = render_report(request(job=job(label="<script>alert(1)</script>"), warehouse="<b>"))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "no &lt;D&gt; anywhere" in page


def test_the_same_job_gives_the_same_page() -> None:
    assert render_report(request()) == render_report(request())


def test_fields_of_a_newer_agent_do_not_stop_the_report() -> None:
    newer = result() | {"novelty": 1}
    newer["solution"]["batches"][0]["robot"] = "R2"
    assert "Hall 1" in render_report(request(result=newer, job=job(mood="good")))


def test_another_familys_result_is_reported_without_drawings() -> None:
    page = render_report(request(result=result() | {"problem": "slotting", "solution": {}}))
    assert "37.5% less" in page
    assert "<svg" not in page


def test_a_plan_without_batches_and_without_layout_is_reported_too() -> None:
    empty = result()
    empty["solution"]["batches"] = []
    assert "<svg" not in render_report(request(result=empty))
    assert render_report(request(layout=None)).count("<svg") == 3


def test_a_graph_layout_is_drawn_from_its_edges() -> None:
    layout = {
        "type": "graph",
        "nodes": [{"id": "a", "x_m": 0, "y_m": 0}, {"id": "b", "x_m": 10, "y_m": 5}],
        "edges": [{"from_node": "a", "to_node": "b", "length_m": 12}],
        "locations": [{"id": "P1", "node": "b"}],
        "depot": "a",
    }
    assert render_report(request(layout=layout)).count("<svg") == 5


def test_a_result_that_cannot_be_read_is_refused_with_pointers() -> None:
    broken = result()
    del broken["objective"]
    with pytest.raises(ProblemError) as caught:
        render_report(request(result=broken))
    assert [fault.pointer for fault in caught.value.errors] == ["/result/objective"]
