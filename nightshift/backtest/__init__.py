"""What learning every night was worth: a dated history replayed, night by night, against a release that never learns again.

    nightshift backtest --source 'file:///exports/desk?mapping=desk.yaml' --from 2024-07-01 --to 2025-06-30 --every 7d

plan.py says which nights there are, history.py what was known on each, learning.py what a night makes of it, replay.py
asks the questions that came next, report.py and plot.py tell. Every question is asked before it is learned from: the
prequential evaluation of Dawid (1984, Statistical theory: the prequential approach) as Gama, Sebastião and Rodrigues
(2013, On evaluating stream learning algorithms) use it, over a window that moves.
"""
