"""Formulas that are selectable text: mean-field theory's in MathML, those of the catalogue's records in HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...values import frozen
from .markup import Children, Markup, element, join


@frozen
class Formula:
    """A formula with what it says and who said it."""

    title: str
    maths: Markup
    meaning: str
    source: str


def _i(name: str) -> Markup:
    return element("mi", name)


def _o(sign: str) -> Markup:
    return element("mo", sign)


def _row(*parts: Children) -> Markup:
    return element("mrow", *parts)


def _sub(base: Markup, index: str) -> Markup:
    return element("msub", base, element("mi", index, mathvariant="normal"))


def _square(base: Markup) -> Markup:
    return element("msup", base, element("mn", "2"))


def _call(function: Markup, *arguments: Children) -> Markup:
    return _row(function, _o("("), *arguments, _o(")"))


def _mean(*parts: Children) -> Markup:
    return _row(element("mi", "E", mathvariant="normal"), _o("["), *parts, _o("]"))


def _math(label: str, *parts: Children) -> Markup:
    return element("math", _row(*parts), display="block", aria_label=label)


def _next(name: str, offset: str) -> Markup:
    """A quantity at layer l + 1, or at l."""
    return element("msub", _i(name), _row(_i("l"), _o("+"), element("mn", offset)) if offset else _i("l"))


_Q, _G, _PHI = _i("q"), _i("g"), _i("φ")
_W2 = element("msubsup", _i("σ"), _i("w"), element("mn", "2"))
_B2 = element("msubsup", _i("σ"), _i("b"), element("mn", "2"))
_Z = _row(element("msqrt", _next("q", "")), _G)
_LAST = element("msup", _Q, _o("*"))


def mean_field() -> tuple[Formula, ...]:
    """What theory iterates, for g a standard normal number and phi the activation."""
    return (
        Formula(
            "A layer",
            _math("z = h W + b", _i("z"), _o("="), _i("h"), _i("W"), _o("+"), _i("b")),
            "h is the output of the layer below, φ(z) that of this one. The variance of W is σ_w^2 / fan_in, that of b "
            "is σ_b^2. The wider the layers, the more Gaussian is z.",
            "Neal 1996",
        ),
        Formula(
            "Lengths",
            _math(
                "q of the next layer = sigma_w squared E phi(root q g) squared + sigma_b squared",
                *(_next("q", "1"), _o("="), _W2, _mean(_square(_call(_PHI, _Z))), _o("+"), _B2),
            ),
            "q is the mean square of z. From layer to layer it nears a fixed point q*, by a factor e every ξ_q layers.",
            "Poole et al. 2016",
        ),
        Formula(
            "Correlations",
            _math(
                "c of the next layer = sigma_w squared E phi(z1) phi(z2) + sigma_b squared, over q star",
                *(_next("c", "1"), _o("=")),
                element(
                    "mfrac",
                    _row(_W2, _mean(_call(_PHI, _sub(_i("z"), "1")), _call(_PHI, _sub(_i("z"), "2"))), _o("+"), _B2),
                    _LAST,
                ),
            ),
            "c is the correlation of the z of two inputs. It nears c*, by a factor e every ξ_c layers; far deeper than "
            "ξ_c, nothing of it is left but c*.",
            "Poole et al. 2016; Schoenholz et al. 2017",
        ),
        Formula(
            "Gradients",
            _math(
                "chi = sigma_w squared E phi prime (root q star g) squared",
                *(_i("χ"), _o("="), _W2, _mean(_square(_call(_i("φ′"), element("msqrt", _LAST), _G)))),
            ),
            "Every layer on the way back multiplies the mean square of the gradients by χ: below 1 they vanish "
            "(order), above 1 they explode (chaos), at 1 they stay (critical).",
            "Schoenholz et al. 2017",
        ),
    )


_GREEK = {"phi": "φ", "Phi": "Φ", "alpha": "α", "beta": "β", "pi": "π"}
_SIGNS = {"<=": "≤", ">=": "≥", "+-": "±", " ~ ": " ∼ ", "sqrt": "√", " * ": " · ", " - ": " − "}
_TOKEN = re.compile(
    r"(?P<power>\^(?:-?\w+))|(?P<index>[σξ]_[a-z])|(?P<word>\b(?:" + "|".join(_GREEK) + r")\b)|(?P<sign>"
    r"<=|>=|\+-| ~ |\bsqrt\b| \* | - )"
)


def typeset(equation: str) -> Markup:
    """An equation that is plain text, with powers raised, indices lowered and signs as they are printed."""
    return join(_typeset(equation))


def _typeset(equation: str) -> Iterator[Markup | str]:
    end = 0
    for token in _TOKEN.finditer(equation):
        yield equation[end : token.start()]
        end = token.end()
        if token["power"]:
            yield element("sup", token["power"][1:])
        elif token["index"]:
            yield from (token["index"][0], element("sub", token["index"][2]))
        elif token["word"]:
            yield _GREEK[token["word"]]
        else:
            yield _SIGNS[token["sign"]]
    yield equation[end:]
