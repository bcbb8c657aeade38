"""Waves and labour: which person does which task with which equipment when, so that every wave is ready by its cutoff."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from contracts.base import Identifier, Model, Slug

Seconds = Annotated[int, Field(ge=0, le=31_536_000)]
Skill = Annotated[str, Field(min_length=1, max_length=64)]
MAX_TASKS = 5_000
MAX_WORKERS = 500


class Window(Model):
    """A stretch of time in seconds after the plan's zero, its end not included."""

    start_s: Seconds
    end_s: Seconds

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Window:
        if self.end_s <= self.start_s:
            raise ValueError("end_s must be after start_s")
        return self


class Worker(Model):
    """A person (or a crew that works as one). `speed` 1.25 does a task of 100 s in 80 s."""

    id: Identifier
    skills: Annotated[frozenset[Skill], Field(max_length=64)] = frozenset()
    shifts: Annotated[tuple[Window, ...], Field(min_length=1, max_length=64)]
    breaks: Annotated[tuple[Window, ...], Field(max_length=64)] = ()
    speed: Annotated[float, Field(ge=0.1, le=10)] = 1.0


class Equipment(Model):
    """So many pieces of one kind: each serves one task at a time."""

    kind: Slug
    count: Annotated[int, Field(ge=1, le=1000)]


class Aisle(Model):
    """A part of the floor that only so many people may work in at once."""

    id: Slug
    max_people: Annotated[int, Field(ge=1, le=1000)]


class LabourTask(Model):
    """Work that one person does without a pause. `after`: tasks that must have ended before it starts."""

    id: Identifier
    seconds: Annotated[int, Field(ge=1, le=604_800)]
    skill: Skill | None = None
    equipment: Slug | None = None
    aisle: Slug | None = None
    wave: Slug | None = None
    after: Annotated[frozenset[Identifier], Field(max_length=100)] = frozenset()
    release_s: Seconds = 0
    due_s: Seconds | None = None
    weight: Annotated[float, Field(gt=0, le=1000)] = 1.0


class LabourWave(Model):
    """`due_s`: the cutoff, when the truck leaves; the wave is ready when its last task has ended."""

    id: Slug
    due_s: Seconds | None = None
    weight: Annotated[float, Field(gt=0, le=1000)] = 1.0


class LabourWeights(Model):
    """Points per second late (times the task's or wave's weight), per task left out (times its weight), and per second
    until the last task ends. With the defaults a task is left out only when nothing else is possible."""

    late: Annotated[float, Field(ge=0, le=1e6)] = 100.0
    left_out: Annotated[float, Field(ge=0, le=1e12)] = 1e8
    finish: Annotated[float, Field(ge=0, le=1e6)] = 1.0


class LabourProblem(Model):
    workers: Annotated[tuple[Worker, ...], Field(min_length=1, max_length=MAX_WORKERS)]
    tasks: Annotated[tuple[LabourTask, ...], Field(max_length=MAX_TASKS)]
    waves: Annotated[tuple[LabourWave, ...], Field(max_length=1000)] = ()
    equipment: Annotated[tuple[Equipment, ...], Field(max_length=100)] = ()
    aisles: Annotated[tuple[Aisle, ...], Field(max_length=1000)] = ()
    weights: LabourWeights = LabourWeights()


class Assignment(Model):
    """One task's place in the plan; seconds after the plan's zero."""

    task: Identifier
    worker: Identifier
    start_s: Seconds
    end_s: Seconds


class ExtraPeople(Model):
    """How a late wave could be on time: so many more people with these skills from the wave's first second on, or why
    more people do not help. Found by planning again with them, so it is enough; fewer may do."""

    people: int | None = None
    skills: tuple[str, ...] = ()
    detail: str = ""


class WaveForecast(Model):
    wave: str
    finish_s: int | None  # None: it has no planned task
    due_s: int | None = None
    late_s: int = 0
    left_out: int = 0  # tasks of the wave that the plan leaves out
    extra: ExtraPeople | None = None  # for a late wave


class WorkerLoad(Model):
    worker: str
    tasks: int
    busy_s: int
    shift_s: int  # what the shifts leave after breaks
    first_start_s: int | None = None
    last_end_s: int | None = None


class LabourSolution(Model):
    assignments: tuple[Assignment, ...] = ()
    waves: tuple[WaveForecast, ...] = ()
    workers: tuple[WorkerLoad, ...] = ()


class Pin(Model):
    """Who does a task and, if wished, when exactly: work that runs already, or that somebody has promised."""

    task: Identifier
    worker: Identifier
    start_s: Seconds | None = None


class LabourLocks(Model):
    assignments: Annotated[tuple[Pin, ...], Field(max_length=MAX_TASKS)] = ()
