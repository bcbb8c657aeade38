"""Reading an exposition strictly: by the format's own library, and by what it does not check."""

from __future__ import annotations

from itertools import pairwise

from prometheus_client.parser import text_string_to_metric_families

Labels = tuple[tuple[str, str], ...]


def families(text: str) -> dict[str, dict[Labels, float]]:
    """sample name → sorted labels → value. Fails on what Prometheus would refuse or misread."""
    assert text.endswith("\n")
    found: dict[str, dict[Labels, float]] = {}
    seen: set[str] = set()
    for family in text_string_to_metric_families(text):
        assert family.name not in seen, f"{family.name} stands in two places"
        assert family.type != "unknown" and family.documentation, f"{family.name} has no type or help"
        seen.add(family.name)
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            series = found.setdefault(sample.name, {})
            assert labels not in series, f"{sample.name}{labels} stands twice"
            series[labels] = sample.value
    for name in [name for name in found if name.endswith("_bucket")]:
        _check_histogram(name.removesuffix("_bucket"), found)
    return found


def _check_histogram(name: str, found: dict[str, dict[Labels, float]]) -> None:
    groups: dict[Labels, list[tuple[float, float]]] = {}
    for labels, value in found[f"{name}_bucket"].items():
        rest = tuple(pair for pair in labels if pair[0] != "le")
        groups.setdefault(rest, []).append((float(dict(labels)["le"]), value))
    for labels, buckets in groups.items():
        buckets.sort()
        assert buckets[-1][0] == float("inf"), f"{name}{labels} has no +Inf bucket"
        assert all(a[1] <= b[1] for a, b in pairwise(buckets)), f"{name}{labels} does not cumulate"
        assert found[f"{name}_count"][labels] == buckets[-1][1], f"{name}{labels}: +Inf is not the count"
        assert labels in found[f"{name}_sum"]
