"""What an analyst sees of a night: one page a stage, verdict first, then numbers, then one picture.

The same HTML is the task's Deck in the Flyte console and a file under `.nightshift/nights/<night>/`.
A page holds counts, digests and verdicts. It never holds a row, a text of a customer or an id of one.
"""
