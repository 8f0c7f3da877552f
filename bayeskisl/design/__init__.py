"""Plans: the small runs that sharpen the answer for a large model most, for their price."""

from bayeskisl.budgets import Budget, read_budget
from bayeskisl.design.beliefs import Beliefs
from bayeskisl.design.candidates import candidate_runs
from bayeskisl.design.costs import Costs
from bayeskisl.design.outlook import Outlook
from bayeskisl.design.particles import believe
from bayeskisl.design.planners import PLANNERS
from bayeskisl.design.planning import plan
from bayeskisl.design.problem import Problem
from bayeskisl.design.result import Plan, Purchase
from bayeskisl.design.runs import Run
from bayeskisl.design.specification import ladder_sizes, next_sweep, sweep_behind
from bayeskisl.design.strategy import Strategy

__all__ = [
    "PLANNERS",
    "Beliefs",
    "Budget",
    "Costs",
    "Outlook",
    "Plan",
    "Problem",
    "Purchase",
    "Run",
    "Strategy",
    "believe",
    "candidate_runs",
    "ladder_sizes",
    "next_sweep",
    "plan",
    "read_budget",
    "sweep_behind",
]
