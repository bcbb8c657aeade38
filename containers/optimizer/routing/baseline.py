"""What a warehouse does today: articles from their first places in stock, S-shape walks."""

from __future__ import annotations

from containers.optimizer.routing import rules
from containers.optimizer.routing.problem import Instance
from contracts.optimize import Reference


def baseline(instance: Instance) -> Reference:
    """What the S-shape rule walks, articles being taken from their first places in stock."""
    left = instance.stock()
    metres, ruled = 0.0, True
    for one in instance.lists:
        names = set(one.locations)
        for wanted in one.lines:
            pieces = wanted.quantity
            for name, held in left[wanted.sku].items():
                taken = min(held, pieces)
                left[wanted.sku][name] -= taken
                pieces -= taken
                if taken:
                    names.add(name)
        positions = {instance.floor.position(name) for name in names}
        walked = rules.metres_on(instance.floor, positions, (rules.S_SHAPE,)).get(rules.S_SHAPE)
        ruled = ruled and walked is not None
        metres += instance.floor.tour_length(positions) if walked is None else walked
    return Reference(value=metres, method="S-shape routes" if ruled else "first places in stock, short walks")
