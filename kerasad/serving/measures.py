"""What a monitor fetches, in the format of Prometheus."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
IMAGES = (1, 2, 4, 8, 16, 32, 64)


class Measures:
    """Counters and gauges of one server."""

    def __init__(self):
        self.registry = CollectorRegistry()
        own, each = {"registry": self.registry}, ["detector"]
        self.requests = Counter(
            "kerasad_requests",
            "Answered requests by status",
            [*each, "status"],
            **own,
        )
        self.seconds = Histogram(
            "kerasad_request_seconds",
            "From the first byte of a request to its answer",
            each,
            buckets=SECONDS,
            **own,
        )
        self.images = Counter("kerasad_images", "Scored images", each, **own)
        self.flagged = Counter(
            "kerasad_anomalous_images", "Images called anomalous", each, **own
        )
        self.batch = Histogram(
            "kerasad_batch_images",
            "Images that were scored together",
            buckets=IMAGES,
            **own,
        )
        self.open = Gauge(
            "kerasad_open_requests",
            "Requests that are read, wait or are scored",
            **own,
        )
        self.reloads = Counter(
            "kerasad_reloads",
            "Replaced files by outcome",
            [*each, "outcome"],
            **own,
        )
        self.guaranteed = Gauge(
            "kerasad_promised_rate",
            "Of good images flagged, by the threshold's guarantee",
            each,
            **own,
        )
        self.drift = Gauge(
            "kerasad_drift_alarm",
            "1 if the last images are not like those calibrated on",
            each,
            **own,
        )

    def text(self, detectors) -> bytes:
        """All values, in the text format of Prometheus."""
        for served in detectors:
            drift = served.version.drift.summary()
            self.drift.labels(served.name).set(drift["alarm"])
            if drift["promised"] is not None:
                self.guaranteed.labels(served.name).set(drift["promised"])
        return generate_latest(self.registry)
