"""The best plan so far, as incumbents and results come in: contracts.jobs.JobBest and JobPlan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def after_incumbent(known: Mapping[str, Any], message: Mapping[str, Any]) -> dict[str, Any]:
    """The JobBest after one more incumbent. `known` is empty before the first of an attempt."""
    objective = float(message["objective"])
    return {
        **known,
        "objective": objective if beats(known, message) else known["objective"],
        "sense": message.get("sense", "min"),
        "bound": message.get("bound"),
        "incumbents": int(known.get("incumbents", 0)) + 1,
        "elapsed_s": float(message.get("elapsed_s", 0.0)),
    }


def beats(known: Mapping[str, Any], message: Mapping[str, Any]) -> bool:
    """Is this incumbent at least as good as what is known?"""
    if "objective" not in known:
        return True
    gain = float(message["objective"]) - float(known["objective"])
    return gain >= 0 if message.get("sense", "min") == "max" else gain <= 0


def after_result(known: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """The JobBest of an OptimizeResult."""
    return {
        **known,
        "objective": result["objective"]["value"],
        "sense": result["objective"].get("sense", "min"),
        "unit": result["objective"]["unit"],
        "baseline": result["baseline"]["value"],
        "bound": result["bound"]["value"],
        "gap": result["bound"]["gap"],
        "elapsed_s": result["elapsed_s"],
        "plan": True,
    }


def plan_of_incumbent(problem: str, message: Mapping[str, Any], attempt: int) -> dict[str, Any]:
    """The JobPlan of an incumbent that carries its solution."""
    return {
        "problem": problem,
        "objective": message["objective"],
        "sense": message.get("sense", "min"),
        "bound": message.get("bound"),
        "elapsed_s": message.get("elapsed_s", 0.0),
        "attempt": attempt,
        "final": False,
        "solution": message["solution"],
    }


def plan_of_result(result: Mapping[str, Any], attempt: int, *, final: bool) -> dict[str, Any]:
    """The JobPlan of an OptimizeResult."""
    return {
        "problem": result["problem"],
        "objective": result["objective"]["value"],
        "sense": result["objective"].get("sense", "min"),
        "bound": result["bound"]["value"],
        "elapsed_s": result["elapsed_s"],
        "attempt": attempt,
        "final": final,
        "solution": result["solution"],
    }
