"""Theory: what a network should show, predicted without simulating it.

quadrature  panels and nodes for Gaussian averages, cut where an activation has its kinks, jumps and bends
gaussian    averages over one preactivation z ~ N(0, q), and their derivatives with respect to q
closed      the same in closed form, for the activations that have one
pairs       averages over two correlated preactivations, by closed forms, mehler and rotated
mehler      their Hermite series, for smooth activations
rotated     their quadrature in two dimensions, for all others
shares      how much of a preactivation is inactive or saturated; how often a unit is dead on a whole batch
maps        one infinitely wide layer: lengths, correlations, gradients
mean_field  where lengths and correlations end up, how fast, and in which phase: `predict`
points      the points of the plane that a config's networks stand at
memory      how long a config's network remembers that two inputs differ
critical    the edge of chaos: critical sigma_w, the critical line
plane       all of that over the plane of sigma_w and sigma_b; window: which part of it to look at; phases: in words
recommend   which initializer for an activation, with its reasons; by gains and by drift, which predict_cell gives
predict_cell  every metric of one cell, layer by layer, from
    inputs (groups), layers   what the first layer is fed, and the laws of all of them
    trajectory        lengths and correlations followed through the layers, fast (lengths, chebyshev, angles), by
        hermite, high_orders         one series for all correlations of what is smooth, and its tail
        angle_panels, angle_ratios, equal_pairs     polynomials in the angle for inputs of one length, by
            pieces, kinks    Price's theorem, for what has kinks and jumps
            blurred          what both inputs have in common and what each has alone, for what is smooth
    kernel            the infinitely wide network that this makes, and where theory ends (normality)
    curves, gradients, dead, jacobian (singular)   its metrics
    forward, backward         the means and spreads of finite networks, by
        fluctuations, bending, sensitivity     what one layer adds and hands on; validity: where that holds
    precision, notes          where the dtype ends; what a reader should be told
sets        what many of them need of numpy.unique, sooner
"""

from .critical import CriticalArc as CriticalArc
from .critical import CriticalPoint as CriticalPoint
from .critical import critical_line as critical_line
from .critical import critical_sigma_w as critical_sigma_w
from .fixed_points import FixedPoint as FixedPoint
from .gaussian import Moments as Moments
from .gaussian import moments as moments
from .maps import correlation_map as correlation_map
from .maps import correlation_slope as correlation_slope
from .maps import gradient_map as gradient_map
from .maps import length_map as length_map
from .maps import length_slope as length_slope
from .mean_field import MeanField as MeanField
from .mean_field import predict as predict
from .pairs import PairMoments as PairMoments
from .pairs import pair_moments as pair_moments
from .plane import PhaseDiagram as PhaseDiagram
from .plane import phase_diagram as phase_diagram
from .prediction import Curve as Curve
from .prediction import Prediction as Prediction
from .shares import dead_share as dead_share
from .shares import share as share
