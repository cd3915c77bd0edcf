"""Trains: networks of many seeds and learning rates in one stack, with dense weights.

loop        step by step: gradients, records, divergence, updates
data        examples and minibatches
network     the stack: forward, and backward to every weight
losses, optimizers
probe       the layers, measured on the way
costs       memory and time, before anything is allocated
record      what comes out
"""

from .costs import seeds_together as seeds_together
from .loop import train as train
from .record import CURVES as CURVES
from .record import Trained as Trained
