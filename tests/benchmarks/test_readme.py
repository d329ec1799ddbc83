from benchmarks import readme


def test_the_table_is_the_one_that_the_command_makes():
    sources = readme.results()
    text = readme.README.read_text(encoding="utf-8")
    assert readme.with_table(text, sources) == text
    for called, runs in sources.items():
        found = runs["e5"]["results"]["plain"]
        low, high = found["image_roc_auc_95"]
        score = found["image_roc_auc"]
        assert (
            f"| {called.format('e5')} | 0.700 | {score:.3f} ({low:.3f} to "
            f"{high:.3f}) | 0.840 |"
        ) in text
