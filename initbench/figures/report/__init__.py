"""A results folder as one page: HTML without a script, that asks nothing of any network.

content    what the page is made from: whoever may ask the lab puts it together
page       the sections                        markup    HTML that is escaped by construction
pictures   SVG inside the page                 words     what is seen in them
sheets     tables                              style.css how it looks: light, dark, narrow, printed
theory     formulas, predictions, papers       formulas, used    of exactly the things that were used
"""

from .content import EXPLAINED as EXPLAINED
from .content import Claim as Claim
from .content import Content as Content
from .page import page as page
