"""Measures: sends signals forward and gradients backward through random networks.

    propagate   one chunk of seeds through one cell: forward, then backward
    select      which implementation of the weights each layer gets, by costs
    weights     the seam: what a layer's weights can be asked
    dense       weights that are drawn
    implicit    weights that are sampled through what they do, and never drawn
    factor      x = R Q for stacks of batches
    signal      rows with their Gram matrix
    layers      all metrics of one layer from what passes through it
    measure     our own, from arrays
    jacobian    singular values of the Jacobian from the input, and of a layer's own
    custom      those of plug-ins
    statistics, distinct, histogram   moments and cosines, broken symmetry, counts in fixed bins
    costs, sizes   what a layer costs, and what a cell needs, before anything is allocated
    workspace   memory used again from one chunk of seeds to the next
    trace       what comes out
    training    trains the networks that were measured

Nothing here prints, reads a file or knows how many processes there are.
"""

from .propagate import propagate as propagate
from .select import Choice as Choice
from .select import nanoseconds as nanoseconds
from .select import resolve as resolve
from .sizes import BUDGET as BUDGET
from .sizes import chunk_size as chunk_size
from .sizes import inspect as inspect
from .trace import Trace as Trace
from .trace import join as join
from .training import CURVES as CURVES
from .training import Trained as Trained
from .training import seeds_together as seeds_together
from .training import train as train
from .workspace import Workspace as Workspace
