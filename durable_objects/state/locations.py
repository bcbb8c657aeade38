"""A layout's storage locations as rows, made by SQLite itself: 200,000 of them without a Python loop.

Gives what contracts.layout.locations() gives, in the same order; a test compares the two.
"""

from __future__ import annotations

from durable_objects.sqlite import Sql

LOCATION_TABLE = """
CREATE TABLE location (
    ordinal INTEGER PRIMARY KEY,      -- walking order
    id TEXT NOT NULL UNIQUE,
    zone TEXT NOT NULL,
    x_m REAL NOT NULL, y_m REAL NOT NULL, z_m REAL NOT NULL,
    aisle INTEGER NOT NULL, block INTEGER NOT NULL, bay INTEGER NOT NULL, level INTEGER NOT NULL, side TEXT NOT NULL,
    max_weight_g INTEGER, max_volume_mm3 INTEGER,
    width_mm INTEGER, depth_mm INTEGER, height_mm INTEGER
);
"""

# The layout without its zones (they are read on their own) is far below the size of one value.
_PARAMETRIC = """
INSERT INTO location
WITH RECURSIVE
    layout AS MATERIALIZED (
        SELECT v ->> 'aisles' AS aisles, v ->> 'blocks' AS blocks, v ->> 'bays_per_block' AS bays, v ->> 'levels' AS levels,
               v ->> 'sides' AS sides, v ->> 'aisle_pitch_m' AS pitch, v ->> 'bay_width_m' AS width,
               v ->> 'end_gap_m' AS gap, v ->> 'level_height_m' AS height, v -> 'location_limits' AS limits, v -> 'zones' AS zones
        FROM (SELECT json(?1) AS v)),
    aisle (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM aisle, layout WHERE n + 1 < aisles),
    block (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM block, layout WHERE n + 1 < blocks),
    slot (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM slot, layout WHERE n + 1 < bays),
    side (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM side, layout WHERE n + 1 < sides),
    level (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM level, layout WHERE n + 1 < levels),
    zoned (n, zone) AS MATERIALIZED (
        SELECT aisle.n, coalesce((SELECT value ->> 'id' FROM json_each((SELECT zones FROM layout))
            WHERE aisle.n BETWEEN value ->> 'first_aisle' AND value ->> 'last_aisle' LIMIT 1), 'main') FROM aisle)
SELECT (((zoned.n * blocks + block.n) * bays + slot.n) * sides + side.n) * layout.levels + level.n,
       printf('A%02d-%s-%03d-%d', zoned.n + 1, substr('LR', side.n + 1, 1), block.n * bays + slot.n + 1, level.n + 1),
       zoned.zone,
       zoned.n * pitch,
       block.n * (2 * gap + (bays - 1) * width) + gap + slot.n * width,
       level.n * height,
       zoned.n, block.n, block.n * bays + slot.n, level.n, substr('LR', side.n + 1, 1),
       limits ->> 'max_weight_g', limits ->> 'max_volume_mm3', limits ->> 'width_mm', limits ->> 'depth_mm', limits ->> 'height_mm'
FROM layout, zoned, block, slot, side, level
WHERE ?2 IS NULL OR zoned.zone = ?2
"""

_GRAPH = """
INSERT INTO location
SELECT ?2 + key, value ->> 'id', value ->> 'zone', value ->> 'x_m', value ->> 'y_m', value ->> 'z_m',
       -1, -1, -1, 0, '',
       value -> 'limits' ->> 'max_weight_g', value -> 'limits' ->> 'max_volume_mm3',
       value -> 'limits' ->> 'width_mm', value -> 'limits' ->> 'depth_mm', value -> 'limits' ->> 'height_mm'
FROM json_each(?1)
"""


def fill_parametric(sql: Sql, layout: str, zone: str | None = None) -> None:
    """Insert the locations of a parametric layout (JSON), of one zone or of all."""
    sql.run(_PARAMETRIC, layout, zone)


def fill_listed(sql: Sql, locations: str, first_ordinal: int) -> None:
    """Insert locations given as a JSON list of {id, zone, x_m, y_m, z_m, limits}, numbered from `first_ordinal`."""
    sql.run(_GRAPH, locations, first_ordinal)
