"""Where a detector and its evaluation came from, as a table."""

from kerasad.reports.markup import join, tag


def category(evaluation) -> str:
    """Name of the folder that holds `test`, never the whole path."""
    parents = evaluation.samples[0].path.parents
    return (parents[2].name if len(parents) > 2 else "") or "test images"


def origin(evaluation, detector):
    table = evaluation.metrics
    made = detector.provenance or {}
    config = made.get("config") or {}
    side = detector.image_size[0]
    return join(
        [
            group(
                "Training",
                {
                    "config": config.get("name"),
                    "seed": made.get("seed"),
                    "data": made.get("data"),
                    "SHA-256 of the training files": made.get("files"),
                    "precision": made.get("precision"),
                    "backend": made.get("backend"),
                    **versions(made.get("versions")),
                },
            ),
            group(
                "Score",
                {
                    "method": config.get("method"),
                    "anomaly maps": ", ".join(detector.method.map_names),
                    "Gaussian filter, pixels": detector.sigma,
                    "image score": detector.score,
                    "top fraction": detector.top_fraction,
                    "resolution, pixels": f"{side} x {side}",
                },
            ),
            group(
                "Evaluation",
                {
                    "data": category(evaluation),
                    "images": f"{table['images']}: {table['normal']} good, "
                    f"{table['anomalous']} defective",
                    "least defect area, pixels": table["min_defect_area"],
                    "backend": table["backend"],
                    **versions(table["versions"]),
                },
            ),
            settings(config),
        ]
    )


def versions(names):
    return dict(names or {})


def group(title, rows):
    return tag("div", tag("h3", title), definitions(rows))


def settings(config):
    if not config:
        return ""
    title = tag("summary", f"All {len(config)} settings of the config")
    return tag("details", title, definitions(config, "none"))


def definitions(rows, absent="unknown"):
    pairs = []
    for name, value in rows.items():
        value = absent if value is None else value
        pairs += [tag("dt", name), tag("dd", plain(value))]
    return tag("dl", *pairs)


def plain(value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {plain(v)}" for key, v in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(plain(item) for item in value)
    return str(value)
