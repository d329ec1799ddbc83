"""Decision thresholds fitted on the scores of held-out normal images.

An image is flagged when its score is strictly above the threshold. Nothing
here takes a label: anomalous images cannot enter a threshold.
"""

from kerasad.thresholds.exchangeable import conformal as conformal
from kerasad.thresholds.exchangeable import (
    cross_conformal_scores as cross_conformal_scores,
)
from kerasad.thresholds.exchangeable import fpr_range as fpr_range
from kerasad.thresholds.exchangeable import p_values as p_values
from kerasad.thresholds.fit import METHODS as METHODS
from kerasad.thresholds.fit import fit_threshold as fit_threshold
from kerasad.thresholds.fit import map_peak as map_peak
from kerasad.thresholds.fit import pixel_threshold as pixel_threshold
from kerasad.thresholds.rules import fpr_percentile as fpr_percentile
from kerasad.thresholds.rules import iqr as iqr
from kerasad.thresholds.rules import mad as mad
from kerasad.thresholds.rules import n_sigma as n_sigma
from kerasad.thresholds.tail import gpd_tail as gpd_tail
