"""Is the candidate good enough to serve?

    evaluation, work = evaluate(ReleaseRef(candidate, folder), champion, features, drift, night, code=code)
    evaluation.verdict      # <EvaluationVerdict.ACCEPTED: 'accepted'>, with evaluation.reasons
    work.timings            # {'retrieval_p50': 0.02, ...}

evaluation.py runs the checks of checks/ and judges by their gates; gate.py is the arithmetic of a gate; context.py
holds what checks share. Everything measured stands in evaluation.json, apart from times, which differ between runs: the
same candidate on the same questions gives the same Evaluation.
"""

from nightshift.evaluate.evaluation import EvaluationWork, evaluate, read_evaluation
from nightshift.evaluate.gate import Limits, Verdict
from nightshift.evaluate.model_under_test import ReleaseRef

__all__ = ["EvaluationWork", "Limits", "ReleaseRef", "Verdict", "evaluate", "read_evaluation"]
