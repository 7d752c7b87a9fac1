"""Components that stop early can stand in a search space; their points cost the most that they may draw."""

from pathlib import Path

from itas.api.search_spec import find_space
from itas.search.ranking import Rankings

SPACE = Path(__file__).resolve().parents[2] / "examples" / "spaces" / "early-stopping.yaml"


def test_the_shipped_example_binds_and_every_point_has_its_bound():
    space = find_space(str(SPACE)).bind(Rankings.provisional(["openai/gpt-4o", "openai/gpt-4o-mini"]))
    assert len(space) == 4 * 2 * (1 + 3)
    planned = {space.architecture_of(point).planned_samples() for point in range(len(space))}
    assert planned == {4, 8, 16, 24, 5, 9, 17, 25}
    assert all(
        space.architecture_of(point).layers[0].type == "adaptive_generator" for point in range(len(space))
    )
