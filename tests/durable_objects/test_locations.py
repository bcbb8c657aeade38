import json

import pytest

from contracts.layout import AisleZone, LocationLimits, ParametricLayout, locations
from durable_objects.state.locations import LOCATION_TABLE, fill_parametric
from local.sqlite import LocalSql

LAYOUTS = [
    pytest.param(ParametricLayout(aisles=1, bays_per_block=1), id="the smallest"),
    pytest.param(
        ParametricLayout(
            aisles=12,
            blocks=3,
            bays_per_block=11,
            levels=4,
            aisle_pitch_m=3.7,
            bay_width_m=0.9,
            end_gap_m=1.3,
            level_height_m=1.1,
            zones=(
                AisleZone(id="cold", first_aisle=2, last_aisle=4),
                AisleZone(id="bulk", first_aisle=9, last_aisle=11),
            ),
            location_limits=LocationLimits(max_weight_g=5000, height_mm=300),
        ),
        id="blocks, levels, zones and limits",
    ),
    pytest.param(ParametricLayout(aisles=120, bays_per_block=2, sides=1), id="one side, more than 99 aisles"),
]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_sqlite_makes_the_same_locations_as_the_contract(layout: ParametricLayout) -> None:
    sql = LocalSql()
    sql.run(LOCATION_TABLE)
    fill_parametric(sql, layout.model_dump_json())
    found = sql.rows(
        "SELECT id, zone, x_m, y_m, z_m, aisle, block, bay, level, side, max_weight_g, height_mm FROM location ORDER BY ordinal"
    )
    expected = [
        [
            p.id,
            p.zone,
            p.x_m,
            p.y_m,
            p.z_m,
            p.aisle,
            p.block,
            p.bay,
            p.level,
            p.side,
            p.limits.max_weight_g,
            p.limits.height_mm,
        ]
        for p in locations(layout)
    ]
    assert [row[:2] + row[5:] for row in found] == [row[:2] + row[5:] for row in expected]
    for mine, theirs in zip(found, expected, strict=True):
        assert mine[2:5] == pytest.approx(theirs[2:5])


def test_a_zone_gets_its_own_locations_alone() -> None:
    layout = ParametricLayout(aisles=3, bays_per_block=2, zones=(AisleZone(id="cold", first_aisle=1, last_aisle=1),))
    sql = LocalSql()
    sql.run(LOCATION_TABLE)
    fill_parametric(sql, layout.model_dump_json(), "cold")
    assert json.dumps(sql.rows("SELECT DISTINCT zone, aisle FROM location")) == '[["cold", 1]]'
