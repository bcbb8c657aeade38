"""The checker itself: it accepts what is right, and finds what is wrong."""

from __future__ import annotations

import random

import pytest

from tests.consistency.linearizability import Operation, check
from tests.consistency.stock_line import Answer, Call, State, StockLine


def operation(began: float, ended: float, call: Call, quantity: int, version: int, refused: str = "") -> Operation:
    return Operation(call, Answer(State(quantity, 0, version), refused), began, ended)


RECEIVE, PICK, READ = Call("receive", 1), Call("pick", 1), Call("read")

RIGHT = [
    pytest.param([], id="nothing happened"),
    pytest.param([operation(0, 1, RECEIVE, 1, 1), operation(2, 3, READ, 1, 1)], id="one after the other"),
    pytest.param([operation(0, 9, RECEIVE, 1, 1), operation(1, 2, READ, 0, 0)], id="a read before the effect"),
    pytest.param([operation(0, 9, RECEIVE, 1, 1), operation(1, 2, READ, 1, 1)], id="a read after the effect"),
    pytest.param([operation(0, 9, RECEIVE, 2, 2), operation(1, 8, RECEIVE, 1, 1)], id="the later call was first"),
    pytest.param([operation(0, 9, PICK, 0, 0, "insufficient-stock"), operation(1, 8, RECEIVE, 1, 1)], id="refused before there was any"),
    pytest.param([operation(0, 1, RECEIVE, 1, 1), operation(1, 2, READ, 0, 0)], id="what touches overlaps"),
]  # fmt: skip

WRONG = [
    pytest.param([operation(0, 1, RECEIVE, 1, 1), operation(2, 3, READ, 0, 0)], id="a stale read"),
    pytest.param([operation(0, 5, RECEIVE, 1, 1), operation(1, 6, RECEIVE, 1, 1)], id="a lost update"),
    pytest.param([operation(0, 1, READ, 1, 1), operation(2, 3, RECEIVE, 1, 1)], id="a read of the future"),
    pytest.param(
        [operation(0, 9, RECEIVE, 1, 1), operation(1, 2, READ, 1, 1), operation(3, 4, READ, 0, 0)],
        id="seen, and then not seen",
    ),
    pytest.param([operation(0, 1, RECEIVE, 1, 1), operation(2, 3, PICK, 0, 2), operation(4, 5, PICK, -1, 3)], id="below zero"),
    pytest.param([operation(0, 1, RECEIVE, 1, 1), operation(2, 3, PICK, 1, 1, "insufficient-stock")], id="refused for no reason"),
    pytest.param([operation(0, 1, RECEIVE, 1, 1), operation(2, 3, READ, 2, 2)], id="done twice"),
]  # fmt: skip


@pytest.mark.parametrize("history", RIGHT)
def test_a_right_history_is_accepted_with_an_order_that_explains_it(history: list[Operation]) -> None:
    verdict = check(history, StockLine())
    assert verdict
    assert sorted(verdict.order) == list(range(len(history)))


@pytest.mark.parametrize("history", WRONG)
def test_a_wrong_history_is_found(history: list[Operation]) -> None:
    assert not check(history, StockLine())


def test_an_operation_without_an_answer_may_have_taken_effect_or_not() -> None:
    unknown = Operation(RECEIVE, None, 0.0)
    assert check([unknown, operation(1, 2, READ, 0, 0)], StockLine())
    assert check([unknown, operation(1, 2, READ, 1, 1)], StockLine())
    assert check([unknown, operation(1, 2, READ, 0, 0), operation(3, 4, READ, 1, 1)], StockLine())
    assert not check([unknown, operation(1, 2, READ, 1, 1), operation(3, 4, READ, 0, 0)], StockLine())
    assert not check([unknown, operation(1, 2, READ, 2, 2)], StockLine())


def made(rng: random.Random, clients: int, each: int, versions: bool = True) -> list[Operation]:
    """A history of an object that is right: every operation takes effect at a moment between its call and its answer."""
    model, state = StockLine(), State(0, 0, 0)
    moments = []
    for client in range(clients):
        now = rng.random()
        for _ in range(each):
            began = now + rng.random() * 0.1
            effect = began + rng.random()
            now = effect + rng.random()
            op = rng.choice(["read", "receive", "pick", "reserve", "release", "count"])
            version = rng.randrange(clients * each) if versions and rng.random() < 0.1 else None
            moments.append((effect, began, now, client, Call(op, rng.randrange(1, 5), version)))
    history = []
    for _, began, ended, client, call in sorted(moments, key=lambda moment: moment[:4]):
        state, refused = model.outcome(state, call)
        history.append(Operation(call, Answer(state, refused), began, ended, client))
    rng.shuffle(history)
    return history


def test_random_right_histories_are_accepted_and_the_same_with_one_answer_changed_are_not() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    for _ in range(100):
        history = made(rng, clients=8, each=6)
        assert check(history, StockLine()), seed
        spoilt = rng.randrange(len(history))
        old = history[spoilt]
        state = old.answer.state._replace(quantity=old.answer.state.quantity + rng.choice([-1, 1]))
        history[spoilt] = Operation(old.call, Answer(state, old.answer.refused), old.began, old.ended, old.client)
        assert not check(history, StockLine()), seed


class Weak(StockLine):
    """Versions are not looked at: many orders are possible, and the search has to look for one."""

    def step(self, state: State, call: Call, answer: Answer | None) -> State | None:
        following, refused = self.outcome(state, call)
        if answer is None or (answer.refused, answer.state.quantity) == (refused, following.quantity):
            return following._replace(version=0)
        return None


def test_without_versions_the_search_is_still_quick_and_still_finds_a_lost_update() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    for _ in range(10):
        history = made(rng, clients=6, each=5, versions=False)
        verdict = check(history, Weak())
        assert verdict and verdict.steps < 200_000, seed
    # Eight clients receive one piece each at the same time; the eighth is told 7, as the seventh was.
    lost = [operation(0, 1, RECEIVE, min(n + 1, 7), 0) for n in range(8)]
    assert not check(lost, Weak())
