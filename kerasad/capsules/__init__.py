"""The built-in category: drawn capsules with five kinds of defects."""

from kerasad.capsules.cache import builtin_capsules as builtin_capsules
from kerasad.capsules.category import DEFECTS as DEFECTS
from kerasad.capsules.category import draw_capsule as draw_capsule
from kerasad.capsules.category import write_category as write_category
