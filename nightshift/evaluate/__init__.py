"""Are tonight's tickets like those before, and is the candidate good enough to serve?

    drift, page = check_drift(serving, features, night)             # drift/check.py; page: Evidently's HTML, or None
    evaluation, work = evaluate(ReleaseRef(candidate, folder), champion, features, drift, night,
                                settings=settings, profile=profile, assistant_for=open_assistant)
    evaluation.verdict      # 'accepted' or 'rejected', with reasons
    work.timings            # {'found_p50': 0.02, ...}

scoring.py ranks and declines, answers.py checks what is said, drift.py compares tonight with the past. gate.py is the arithmetic of
a verdict; quality.py, golden.py, behaviour.py, leakage.py, canary.py and budgets.py measure and bring their gates.
Everything measured stands in evaluation.json, apart from what a clock said and Evidently's page: they differ
from run to run, and the same candidate on the same questions must give the same Evaluation.
"""

from nightshift.evaluate.evaluation import EvaluationWork, evaluate, read_evaluation
from nightshift.evaluate.gate import Gate, Limits, Verdict
from nightshift.evaluate.model_under_test import ReleaseRef

__all__ = ["EvaluationWork", "Gate", "Limits", "ReleaseRef", "Verdict", "evaluate", "read_evaluation"]
