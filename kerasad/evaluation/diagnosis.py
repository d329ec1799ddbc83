"""How test images were taken, as a detector with a domain tells it."""

from dataclasses import dataclass

import numpy as np

from kerasad.domain.columns import COLUMNS, is_changed


@dataclass
class Diagnosis:
    """Outputs of a detector: `domain` `(n, 14)`, `in_domain` bool `(n,)`."""

    domain: np.ndarray
    in_domain: np.ndarray

    def row(self, index) -> list:
        """Of one image: whether it is in the domain, and the columns."""
        values = self.domain[index]
        return [int(self.in_domain[index]), *map(repr, map(float, values))]

    def measured(self, labels, flagged) -> dict:
        """What `metrics.json` says of it, as plain values.

        `normalised` and `not_judged` count images. Shares of the good images,
        `None` without such: `good_flagged`, over the threshold, judged or not;
        `good_flagged_in_domain`, over it and judged; `good_not_judged`; and
        `good_flagged_or_not_judged`. `medians`: of each column.

        Args:
            labels: ints `(n,)`, 0 for good images.
            flagged: bool `(n,)`, over the threshold.
        """
        medians = np.median(self.domain, axis=0)
        return {
            "normalised": int(is_changed(self.domain).sum()),
            "not_judged": int((~self.in_domain).sum()),
            **shares_of_good(labels, flagged, self.in_domain),
            "medians": dict(
                zip(COLUMNS, map(float, medians), strict=True),
            ),
        }


def shares_of_good(labels, flagged, in_domain) -> dict:
    """See `Diagnosis.measured`."""
    good = np.asarray(labels) == 0

    def share(chosen):
        return float(chosen[good].mean()) if good.any() else None

    return {
        "good_flagged": share(flagged),
        "good_flagged_in_domain": share(flagged & in_domain),
        "good_not_judged": share(~in_domain),
        "good_flagged_or_not_judged": share(flagged | ~in_domain),
    }
