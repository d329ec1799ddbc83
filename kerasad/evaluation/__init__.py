from kerasad.evaluation.evaluate import Evaluation as Evaluation
from kerasad.evaluation.evaluate import evaluate as evaluate
from kerasad.evaluation.sweep import sweep as sweep
