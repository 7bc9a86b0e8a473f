"""What nightly training is worth: a dated history replayed, night by night, against a release that is trained once.

    nightshift backtest --source 'file:///exports?mapping=shop.yaml' --from 2024-07-01 --to 2025-06-30 --every 7d

plan.py says which nights there are, time_travel.py what was known on each, train_night.py trains a night's release,
replay.py asks the questions that came next, report.py and plot.py write the results. Every question is asked before it
is learned from: the prequential evaluation of Dawid (1984, Statistical theory: the prequential approach) as Gama,
Sebastião and Rodrigues (2013, On evaluating stream learning algorithms) use it, over a moving window.
"""
