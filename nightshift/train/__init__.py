"""Nightly training: query tower, generator, classifiers, fusion weights and the abstention threshold.

lora.py            LoRA settings and adapters           temporal_cv.py     out-of-fold retrieval scores
query_tower.py     adapter of the query tower           fusion_weights.py  weights of the four retrieval scores
generator.py       adapter of the generator             abstention.py      confidence and abstention threshold
classifiers.py     intent, article prior, injection     tune_retrieval.py  the last three together: TunedParameters
"""
