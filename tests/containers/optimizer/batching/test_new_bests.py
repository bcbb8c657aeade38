"""Every plan that is listed as better than a published value is walked again from the public instance."""

from __future__ import annotations

import pytest

from benchmarks.quality.archives import best_known, find_folder
from benchmarks.quality.new_bests import ROUNDING_M, file_of, listed
from benchmarks.quality.picking import OPEN
from containers.optimizer.batching import FAMILY
from containers.optimizer.batching.answer import answer_of


@pytest.mark.parametrize("name", OPEN)
def test_the_list_has_plans_in_it(name: str) -> None:
    assert file_of(name).is_file()
    assert listed(name)


@pytest.mark.skipif(find_folder() is None, reason="the public instances are not on this machine")
@pytest.mark.parametrize("name", OPEN)
def test_every_listed_plan_serves_all_orders_within_the_cart_and_beats_the_published_value(name: str) -> None:
    folder, read = OPEN[name]
    instances = dict(read())
    published = best_known(folder)
    for one in listed(name):
        which = one["instance"]
        instance = FAMILY.read(instances[which])
        number = {part.order.id: i for i, part in enumerate(instance.parts)}
        orders = sorted(order for batch in one["batches"] for order in batch)
        assert orders == sorted(number), which
        answer = answer_of(instance, [[number[order] for order in batch] for batch in one["batches"]])
        report = FAMILY.check(instance, answer.solution, None)
        assert report.violations == (), which
        assert report.objective.value == pytest.approx(one["value"], abs=1e-4), which
        assert one["value"] < published[which] - ROUNDING_M, which
