"""Gaussian averages in closed form, for the activations that have them.

families     which activation has which, told by its values rather than by its name
homogeneous  linear, relu, leaky relu, abs; sign
waves        sin, cos
powers       exp, z^2
erf          erf, as far as its averages are known
form         what a closed form gives
"""

from __future__ import annotations

from .families import closed_form as closed_form
