"""The simulation of many nodes against what can be reckoned by hand."""

import numpy as np
import pytest

from benchmarks.fleet import WORKERS, Costs, simulated_ray, simulated_shards

COSTS = Costs(start=5.0, image=0.1, another=1e-4, line=0.0)
NEVER = 1e12  # hours between two kills


def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("simulated", [simulated_shards, simulated_ray])
def test_one_node_without_trouble(simulated):
    seconds = simulated(COSTS, 1, rng(), 10**5, [False], NEVER)
    # Start, listing, and half of the work for each of two workers.
    assert seconds == pytest.approx(5 + 10 + 0.1 * 10**5 / WORKERS, rel=0.01)


def test_a_straggler_holds_up_shards_and_not_ray():
    slow = np.arange(10) == 0
    shards = simulated_shards(COSTS, 10, rng(), 10**5, slow, NEVER)
    ray = simulated_ray(COSTS, 10, rng(), 10**5, slow, NEVER)
    share = 0.1 * 10**5 / 20
    assert shards == pytest.approx(2 * (15 + share), rel=0.05)
    # 9 nodes and half of one; the last block of the slow one at worst.
    assert ray == pytest.approx(15 + share * 10 / 9.5, rel=0.05)


def test_the_driver_is_a_limit():
    costs = Costs(start=5.0, image=0.1, another=1e-4, line=0.01)
    seconds = simulated_ray(costs, 64, rng(), 10**5, np.zeros(64, bool), NEVER)
    assert seconds == pytest.approx(0.01 * 10**5, rel=0.05)


@pytest.mark.parametrize("simulated", [simulated_shards, simulated_ray])
def test_kills_cost(simulated):
    calm = simulated(COSTS, 4, rng(), 10**5, np.zeros(4, bool), NEVER)
    wild = simulated(COSTS, 4, rng(), 10**5, np.zeros(4, bool), 0.1)
    assert calm < wild < 1.5 * calm
