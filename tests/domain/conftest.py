import pytest

from tests.domain.paper import Paper


@pytest.fixture
def paper() -> Paper:
    """A clinic in memory with Dr A, nurse B, manager M and one product of 50 mg/mL in 10 mL vials."""
    return Paper()
