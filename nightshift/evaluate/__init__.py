"""Are tonight's tickets like those before, and is the candidate good enough to serve?

    drift, page = look(serving, features, store, settings)        # tonight.py; page: Evidently's HTML, or None
    evaluation, work = evaluate(Contender(candidate, folder), champion, features, drift, store,
                                settings=settings, profile=profile, assistant_for=open_assistant)
    evaluation.verdict      # 'accepted' or 'rejected', with reasons
    work.timings            # {'answer_p50': 0.41, ...}

retrieval.py ranks, decline.py and answers.py check what is said, drift.py compares tonight with the past, gate.py judges.
Everything measured stands in evaluation.json, apart from what a clock said and Evidently's page: they differ
from run to run, and the same candidate on the same questions must give the same Evaluation.
"""

from nightshift.evaluate.evaluation import Contender, EvaluationWork, evaluate, read_evaluation
from nightshift.evaluate.gate import Gate, Limits, Verdict

__all__ = ["Contender", "EvaluationWork", "Gate", "Limits", "Verdict", "evaluate", "read_evaluation"]
