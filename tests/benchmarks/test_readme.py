import json

from benchmarks import readme


def test_the_table_is_the_one_that_the_command_makes():
    runs = json.loads(readme.RESULTS.read_text(encoding="utf-8"))
    text = readme.README.read_text(encoding="utf-8")
    assert readme.with_table(text, runs) == text
    low, high = runs["e5"]["results"]["plain"]["image_roc_auc_95"]
    score = runs["e5"]["results"]["plain"]["image_roc_auc"]
    shown = f"| e5 | 0.700 | {score:.3f} ({low:.3f} to {high:.3f}) | 0.840 |"
    assert shown in text
