"""A test bed for searchers: landscapes with known truth, where a whole search takes seconds and asks no model.

Everything here is simulated and called so. A landscape is a world of made-up models and problems
(`landscape.py`, `shipped.py`) in which every architecture of a space has a true quality (`world.py`,
`table.py`); a course is one run of one searcher in it (`course.py`), a contest many of them (`contest.py`).
"""

from itas.lab.contest import Contest, Summary, run_contest, summarise
from itas.lab.course import Checkpoint, Course, run_course
from itas.lab.landscape import Landscape
from itas.lab.shipped import LANDSCAPES, find_landscape
from itas.lab.table import Table, make_table

__all__ = [
    "LANDSCAPES",
    "Checkpoint",
    "Contest",
    "Course",
    "Landscape",
    "Summary",
    "Table",
    "find_landscape",
    "make_table",
    "run_contest",
    "run_course",
    "summarise",
]
