"""Every plan that is listed as better than a published value is walked again from the public instance."""

from __future__ import annotations

import pytest

from benchmarks.quality.archives import best_known, find_folder
from benchmarks.quality.new_bests import file_of, listed
from benchmarks.quality.picking_sets import muter
from containers.optimizer.batching import FAMILY
from containers.optimizer.batching.answer import answer_of


def test_the_list_has_plans_in_it() -> None:
    assert file_of("muter").is_file()
    assert listed("muter")


@pytest.mark.skipif(find_folder() is None, reason="the public instances are not on this machine")
def test_every_listed_plan_serves_all_orders_within_the_cart_and_beats_the_published_value() -> None:
    instances = dict(muter())
    published = best_known("obp_muter_oncan")
    for one in listed("muter"):
        name = one["instance"]
        instance = FAMILY.read(instances[name])
        number = {part.order.id: i for i, part in enumerate(instance.parts)}
        orders = sorted(order for batch in one["batches"] for order in batch)
        assert orders == sorted(number), name
        answer = answer_of(instance, [[number[order] for order in batch] for batch in one["batches"]])
        report = FAMILY.check(instance, answer.solution, None)
        assert report.violations == (), name
        assert report.objective.value == pytest.approx(one["value"], abs=1e-4), name
        assert one["value"] < published[name] - 0.05, name
