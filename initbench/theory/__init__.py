"""Theory: what a network should show, predicted without simulating it.

quadrature  panels and nodes for Gaussian averages, cut where an activation has its kinks, jumps and bends
gaussian    averages over one preactivation z ~ N(0, q), and their derivatives with respect to q
pairs       averages over two correlated preactivations
shares      how much of a preactivation is inactive or saturated; how often a unit is dead on a whole batch
"""

from .gaussian import Moments as Moments
from .gaussian import moments as moments
from .pairs import PairMoments as PairMoments
from .pairs import pair_moments as pair_moments
from .shares import dead_share as dead_share
from .shares import share as share
