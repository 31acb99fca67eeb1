"""Each attack carried out for real on the database of a running service: exactly the detectors expected fire."""

import pytest

from audit.services.drill.detecting import detect
from audit.services.drill.rows import ATTACKS
from audit.services.drill.scene import Scene
from audit.services.drill.table import Attack


def test_before_any_attack_every_detector_is_silent(scene: Scene) -> None:
    assert detect(scene) == {}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: one.name)
def test_an_attack_is_noticed_by_those_expected_and_by_nobody_else(scene: Scene, attack: Attack) -> None:
    attack.carry_out(scene)
    noticed = detect(scene)
    assert {str(one) for one in noticed} == {str(one) for one in attack.expected}, noticed
