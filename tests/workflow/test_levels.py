"""Every level of the approval ladder has a child context with a name of its own."""

from __future__ import annotations

import pytest

from order_workflow.approval import level_name
from orders.domain.model import Role
from orders.domain.policy import APPROVER_LADDER


def test_every_role_of_the_ladder_has_a_context_name() -> None:
    assert len({level_name(role) for role in APPROVER_LADDER}) == len(APPROVER_LADDER)


@pytest.mark.parametrize("role", sorted({*Role} - {*APPROVER_LADDER}))
def test_a_role_outside_the_ladder_has_none(role: Role) -> None:
    with pytest.raises(ValueError, match=role.value):
        level_name(role)
