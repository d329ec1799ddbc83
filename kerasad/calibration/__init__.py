"""Thresholds from the scores of held-out normal images, what they guarantee.

An image is flagged when its score is strictly above the threshold. Nothing
here takes a label: anomalous images cannot enter a threshold.
"""

from kerasad.calibration.conformal import conformal as conformal
from kerasad.calibration.conformal import (
    cross_conformal_scores as cross_conformal_scores,
)
from kerasad.calibration.conformal import fpr_range as fpr_range
from kerasad.calibration.conformal import p_values as p_values
from kerasad.calibration.fit import METHODS as METHODS
from kerasad.calibration.fit import fit_threshold as fit_threshold
from kerasad.calibration.fit import pixel_threshold as pixel_threshold
from kerasad.calibration.rules import fpr_percentile as fpr_percentile
from kerasad.calibration.rules import iqr as iqr
from kerasad.calibration.rules import mad as mad
from kerasad.calibration.rules import n_sigma as n_sigma
from kerasad.calibration.tail import gpd_tail as gpd_tail
