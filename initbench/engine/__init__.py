"""Measures: sends signals forward and gradients backward through random networks.

select      which implementation of the weights each layer gets
sizes       what a cell needs, in Python integers, before anything is allocated
weights     the seam: what a layer's weights can be asked
dense       weights that are drawn
workspace   memory used again from one chunk of seeds to the next
propagate   one chunk of seeds through one cell: forward, then backward
statistics  moments, cosines, counts over (S, B, N) arrays
measure     the metrics of one layer from its arrays
histogram   counts in fixed bins
trace       what comes out
"""

from .propagate import propagate as propagate
from .select import Choice as Choice
from .select import resolve as resolve
from .sizes import BUDGET as BUDGET
from .sizes import chunk_size as chunk_size
from .sizes import inspect as inspect
from .trace import Trace as Trace
from .trace import join as join
from .workspace import Workspace as Workspace
