"""Balance: what the corpus holds, what it should hold, and what to generate next.

`count(members(catalog))` are the cells, `Targets` what they should hold, `plan` the jobs that fill the emptiest first.
`novelty` and `difficulty` say which rows are worth counting.
"""

from synth.balance.cells import KEY, count, members
from synth.balance.difficulty import distance_from_even, rollouts, share_wrong
from synth.balance.jobs import Job, Plan, read_plan, write_plan
from synth.balance.nearest import novelty
from synth.balance.outside import outside
from synth.balance.picture import filled, heat_map, summary
from synth.balance.plan import holes, plan
from synth.balance.routes import GENERATORS
from synth.balance.targets import Targets
from synth.balance.wanted import wanted
from synth.balance.worth import worth_counting
from synth.balance.yields import measured_yields

__all__ = [
    "GENERATORS",
    "KEY",
    "Job",
    "Plan",
    "Targets",
    "count",
    "distance_from_even",
    "filled",
    "heat_map",
    "holes",
    "measured_yields",
    "members",
    "novelty",
    "outside",
    "plan",
    "read_plan",
    "rollouts",
    "share_wrong",
    "summary",
    "wanted",
    "worth_counting",
    "write_plan",
]
