"""The names of the layouts, which the command line lists without NumPy.

The more special first: the last two take what no other one knows.
"""

LAYOUT_NAMES = (
    "mvtec_ad_2",
    "mvtec_loco",
    "btad",
    "visa",
    "visa_converted",
    "kolektor_sdd2",
    "good_and_bad",
    "mvtec_ad",
    "plain",
)
